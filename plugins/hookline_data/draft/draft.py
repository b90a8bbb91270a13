"""Draft a spec for files: find out what they are, choose what to predict, and write the spec."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from hookline import HooklineWarning
from hookline.errors import DataError, counted, enumerate_names
from hookline.spec import SpecDraft, as_toml
from hookline_data.arrow import Arrow
from hookline_data.csv import CSV
from hookline_data.draft.array_spec import array_draft, array_spec, table_draft
from hookline_data.draft.drafted import Drafted
from hookline_data.draft.images import folder_draft, image_table_draft, image_table_spec, with_images
from hookline_data.draft.reading.arrays import array_file
from hookline_data.draft.reading.data_files import DataFiles, data_files
from hookline_data.draft.reading.source import TableFile, table_file
from hookline_data.draft.spec import as_spec, by_reason, ids_of
from hookline_data.draft.target import drafted, likely_target
from hookline_data.draft.task import Task
from hookline_data.files import compressed, kinds, several
from hookline_data.json_lines import JSONLines
from hookline_data.npz import NPZ
from hookline_data.parquet import Parquet
from hookline_data.rows.split_file import SplitFile
from hookline_data.table import Table

SOURCES: Mapping[str, type[SplitFile]] = {
    **{source.__name__: source for source in (Arrow, CSV, JSONLines, NPZ, Parquet)},
    "text": CSV,
    "JSON": CSV,  # A header may begin like JSON.
    "damaged": CSV,  # It reports the damage.
}
"""The source of tables for each kind of file."""

TABLES = {source.__name__ for source in (Arrow, CSV, JSONLines, Parquet)}
"""The sources whose columns a spec names one by one."""

LOOKED_AT = 1024
"""How many bytes of a text file to search for NUL characters."""

Choose = Callable[[Mapping[str, str], str], str]
"""Returns the column that the user chooses, given the descriptions of all columns and the likeliest one."""

SAMPLED = 1.0001
"""The least factor by which a table has more rows than its sample."""

MOST_NAMED = 6
"""The largest number of columns that a note names."""


def draft_for(
    files: Mapping[str, Sequence[Path]],
    directory: Path,
    task: Task | None,
    choose_target: Choose,
) -> SpecDraft | None:
    """Draft a spec; `None` for files that no source of this plugin reads. See the hook `draft_spec`.

    Raises:
        DataError: If there is no such file, or if nothing can be learned from it.

    """
    found = data_files(files)
    first = several.of(found.training)[0]
    if first.is_dir():
        return folder_draft(found, directory, task)
    source = source_of(found)
    if source is None:
        return None
    if source is NPZ:
        return _of_arrays(array_file(found), directory, task, choose_target)
    assert issubclass(source, Table)
    return _of_table(table_file(found, source), directory, task, choose_target)


def _of_arrays(file: TableFile, directory: Path, task: Task | None, choose_target: Choose) -> SpecDraft:
    draft, lengths = array_draft(file, _chosen(file, choose_target), task)
    text = array_spec(draft, file, directory, lengths)
    return SpecDraft(text=text, summary=draft.sentence, notes=tuple(_notes(draft, file)), new_rows="new.npz")


def _of_table(file: TableFile, directory: Path, task: Task | None, choose_target: Choose) -> SpecDraft:
    if file.lacks_a_header:
        message = (
            "The column names are numbers. If the first line is a row of data instead of a header, insert a line with "
            "column names above it."
        )
        warnings.warn(HooklineWarning(message, id="doubtful-header"), stacklevel=2)
    file, images, folder = with_images(file)
    draft = draft_of(file, _chosen(file, choose_target), task)
    new_rows = f"new{'.csv' if file.type == 'CSV' else several.of(file.path)[0].suffix}"
    if draft.unused_files:
        new_rows = str(several.of(file.files.others[min(draft.unused_files)])[0])
    if images:
        draft = image_table_draft(draft)
        text, pictures = image_table_spec(draft, file, directory, images, folder)
        notes = (*pictures.notes(), *_notes(draft, file))
        return SpecDraft(text=text, summary=draft.sentence, notes=notes, new_rows=str(images[0]))
    draft = table_draft(draft)
    are_plain = all(column.is_scalar for column in (draft.target, *draft.given))
    text = (as_spec if are_plain else array_spec)(draft, file, directory)
    return SpecDraft(text=text, summary=draft.sentence, notes=tuple(_notes(draft, file)), new_rows=new_rows)


def _chosen(file: TableFile, choose_target: Choose) -> str:
    """Return the column that the user chooses as the target."""
    descriptions = {column.name: column.description for column in file.columns}
    return choose_target(descriptions, likely_target(file.columns).name)


def draft_of(file: TableFile, target: str, task: Task | None) -> Drafted:
    """Decide what a spec for a table contains: see `drafted`."""
    looked_at = file.columns[0].rows
    return drafted(
        file.path,
        file.columns,
        target,
        task,
        scale=max(file.rows / looked_at, SAMPLED) if file.is_sample else 1.0,
        training=file.training if file.files.others else None,
        absent=file.absent,
    )


def source_of(files: DataFiles) -> type[SplitFile] | None:
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
            kinds.refuse_other(path, "CSV")
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
    ids = ids_of(draft) if file.type in TABLES else []
    for name in ids:
        yield f"{as_toml(name)} identifies rows: it is not an input, and predictions contain it."
    for why, names in by_reason(draft, ids).items():
        listed = enumerate_names(names if len(names) <= MOST_NAMED else [*names[: MOST_NAMED - 1], "others"])
        yield f"{listed} {'is not an input' if len(names) == 1 else 'are not inputs'}: {why}"
    for name, why in draft.mixtures.items():
        yield f"{as_toml(name)} is text: {why}. To use it as a number, correct or empty such cells."
    for column in draft.given:
        if column.other_order:
            yield (
                f"{as_toml(column.name)} may have the month or the day first. It is read with "
                f"{as_toml(column.form['format'])}; if the day is first, set {as_toml(column.other_order)}."
            )
    if draft.task == "classes" and draft.target.is_numeric and len(draft.classes) > 2 and not draft.is_chosen:
        name, count = as_toml(draft.target.name), len(draft.classes)
        yield f"{name} has {count} different integers, which are taken as classes. For a quantity, pass --task number."
    if draft.target.missing:
        yield f"{counted(draft.target.missing, 'row')} without a target will be dropped."
    if draft.imbalance:
        yield draft.imbalance
