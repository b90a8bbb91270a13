"""Draft a spec for files: find out what they are, choose what to predict, and write the spec."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from hookline import HooklineWarning
from hookline.errors import DataError, counted
from hookline.spec import SpecDraft, as_toml
from hookline_data.arrow import Arrow
from hookline_data.csv import CSV
from hookline_data.draft.data_files import DataFiles, data_files
from hookline_data.draft.source import TableFile, table_file
from hookline_data.draft.spec import as_spec
from hookline_data.draft.target import Drafted, Task, drafted, likely_target
from hookline_data.files import compressed, kinds, several
from hookline_data.json_lines import JSONLines
from hookline_data.parquet import Parquet
from hookline_data.table import Table

SOURCES: Mapping[str, type[Table]] = {
    **{source.__name__: source for source in (Arrow, CSV, JSONLines, Parquet)},
    "text": CSV,
    "JSON": CSV,  # A header may begin like JSON.
    "damaged": CSV,  # It reports the damage.
}
"""The source of tables for each kind of file."""

LOOKED_AT = 1024
"""How many bytes of a text file to search for NUL characters."""


def draft_for(
    files: Mapping[str, Sequence[Path]],
    directory: Path,
    task: Task | None,
    choose_target: Callable[[Mapping[str, str], str], str],
) -> SpecDraft | None:
    """Draft a spec; `None` for files that no source of this plugin reads. See the hook `draft_spec`.

    Raises:
        DataError: If there is no such file, or if nothing can be learned from it.

    """
    found = data_files(files)
    source = table_source(found)
    if source is None:
        return None
    file = table_file(found, source)
    if file.lacks_a_header:
        message = (
            "The column names are numbers. If the first line is a row of data instead of a header, insert a line with "
            "column names above it."
        )
        warnings.warn(HooklineWarning(message, id="doubtful-header"), stacklevel=2)
    descriptions = {column.name: column.description for column in file.columns}
    target = choose_target(descriptions, likely_target(file.columns).name)
    draft = draft_of(file, target, task)
    return SpecDraft(text=as_spec(draft, file, directory), summary=draft.sentence, notes=tuple(_notes(draft, file)))


def draft_of(file: TableFile, target: str, task: Task | None) -> Drafted:
    """Decide what a spec for a table contains: see `drafted`."""
    looked_at = file.columns[0].rows
    return drafted(
        file.path,
        file.columns,
        target,
        task,
        scale=file.rows / looked_at if file.is_sample else 1.0,
        training=file.training if file.files.others else None,
        absent=file.absent,
    )


def table_source(files: DataFiles) -> type[Table] | None:
    """Return the data source that reads a table; `None` if none does.

    Raises:
        DataError: If the file cannot be read, or if another program made it and can write a table of it.

    """
    path = several.of(files.training)[0]
    try:
        if not path.is_file():  # A pipe or a device may have no end.
            raise DataError(f"{path}: This is not a regular file.")
        kind = kinds.of_file(path)
        source = SOURCES.get(kind)
        if source is None:
            kinds.refuse_other(path, "CSV") if kind != "NPZ" else None
        elif kind == "text" and not path.suffix and _is_binary(path):
            return None
    except OSError as error:
        raise DataError(f"{path}: The file cannot be read: {error.strerror or error}.") from None
    return source


def _is_binary(path: Path) -> bool:
    with path.open("rb") as file:
        return compressed.kind_of(file) is None and b"\0" in file.read(LOOKED_AT)


def _notes(draft: Drafted, file: TableFile) -> Iterator[str]:
    """What the user should know about the data, a line each."""
    yield from file.notes
    for split in draft.unused_files:
        path = file.files.others[split]
        yield f"{path} lacks the target, so it is not the {split} split. Predict it once the model is trained."
    if file.is_sample:
        yield f"It was written after a look at {draft.target.rows:,} of about {file.rows:,} rows."
    for name, why in draft.left_out.items():
        yield f"{as_toml(name)} is not an input: {why}"
    if draft.target.missing:
        yield f"{counted(draft.target.missing, 'row')} without a target will be dropped."
    if draft.imbalance:
        yield draft.imbalance
