"""Choose how to split the rows of a drafted spec."""

from collections.abc import Iterator
from pathlib import Path

from hookline.spec import as_toml
from hookline_data.draft.drafted import Drafted
from hookline_data.draft.inputs import split_values
from hookline_data.draft.lines import option
from hookline_data.draft.memory import needs_stream
from hookline_data.draft.reading.data_files import in_spec
from hookline_data.draft.reading.source import TableFile
from hookline_data.draft.task import HELD_BACK


def splits(draft: Drafted, file: TableFile, directory: Path) -> Iterator[str]:
    """The options that split the rows."""
    if draft.split_column is not None:
        values = split_values(draft.split_column) or {}
        yield f"split_column = {as_toml(draft.split_column.name)}"
        if any(cells != [split] for split, cells in values.items()):
            table = {split: cells[0] if len(cells) == 1 else cells for split, cells in values.items()}
            yield f"split_values = {as_toml(table)}"
        return
    others = {split: path for split, path in file.files.others.items() if split not in draft.unused_files}
    for split in ("validation", "test"):
        if split in others:
            yield from option(split, in_spec(others[split], directory))
        else:
            yield f"{split} = {HELD_BACK}"
    is_random = len(others) < 2 and not needs_stream(draft, file)
    if draft.task == "classes" and draft.target.is_scalar and is_random:
        yield "stratify = true # each split has the same class proportions"
