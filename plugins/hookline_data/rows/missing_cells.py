"""Say what to do about missing cells of inputs."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from attrs import evolve, fields_dict

from hookline.errors import DataError, counted
from hookline.spec import to_json
from hookline_data.layout.kinds import Kind
from hookline_data.layout.layout import Layout
from hookline_data.reading.cells import is_list
from hookline_data.reading.columns import Wanted

if TYPE_CHECKING:
    import pyarrow

    from hookline_data.table import Table

MOST_ROWS = 5
"""The largest number of rows that a message names."""


def read(table: "Table", path: Path, wanted: Mapping[str, Wanted], layout: Layout) -> "pyarrow.Table":
    """Read a file. The error about a missing cell of an input also says where others are, and what to set.

    Raises:
        DataError: If the file cannot be read, or if a cell is missing or has another type.

    """
    try:
        return table.read(path, wanted)
    except DataError as error:
        name = error.columns[0] if error.columns else None
        inputs = {column for group in layout.inputs.values() for column in group.columns}
        if error.row is None or name not in inputs:
            raise
        rows = _missing_rows(table, path, name, wanted[name])
        if error.row - 1 not in rows:
            raise
        others = f" {_listed(rows)}" if len(rows) > 1 else ""
        message = f"{error.message}{others} {_advice(name, wanted[name], layout.kinds.get(name))}"
        raise DataError(message, file=error.file, row=error.row, columns=error.columns) from None


def advised(error: DataError, wanted: Mapping[str, Wanted], layout: Layout) -> DataError:
    """Return the error about a missing cell of an input with what to set, and any other error as it is."""
    name = error.columns[0] if error.columns else None
    inputs = {column for group in layout.inputs.values() for column in group.columns}
    is_missing = error.message.startswith("The cell is empty") or '" counts as a missing value' in error.message
    if error.row is None or name not in inputs or not is_missing:
        return error
    message = f"{error.message} {_advice(name, wanted[name], layout.kinds.get(name))}"
    return DataError(message, file=error.file, row=error.row, columns=error.columns)


def _missing_rows(table: "Table", path: Path, name: str, wanted: Wanted) -> list[int]:
    """Return the indices of the rows in which the cell of a column is missing; none if it cannot be read."""
    import numpy

    try:
        cells = table.read(path, {name: evolve(wanted, may_be_missing=True)}).column(name)
    except DataError:
        return []
    if is_list(cells.type):
        return []  # No kind takes lists.
    return numpy.flatnonzero(cells.is_null().to_numpy()).tolist()


def _listed(rows: list[int]) -> str:
    named = ", ".join(f"{row + 1:,}" for row in rows[:MOST_ROWS])
    more = f" and {counted(len(rows) - MOST_ROWS, 'other')}" if len(rows) > MOST_ROWS else ""
    return f"{len(rows):,} cells of the column are missing: rows {named}{more}."


def _advice(name: str, wanted: Wanted, kind: Kind | None) -> str:
    """Return what to set so that cells may be missing."""
    if kind is None:
        if wanted.kind == "integer":
            return "Integers cannot be filled in: use `OrdinalEncoder` in `columns`."
        key = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else to_json(name)
        return f'Or let a kind fill it in: columns = {{ {key} = {{ type = "Number", missing = "mean" }} }}.'
    option = fields_dict(type(kind.spec)).get("missing")
    choices = [choice for choice in _choices(option.type) if choice != "refuse"] if option is not None else []
    if not choices:
        return f"{kind.type} takes no missing cells."
    listed = ", ".join(map(to_json, choices[:-1])) + (" or " if choices[1:] else "") + to_json(choices[-1])
    number = ", or a number" if option is not None and float in get_args(option.type) else ""
    return f"Or set `missing` of its kind, {kind.type}, to {listed}{number}."


def _choices(kind: Any) -> Iterator[str]:
    """Yield the words that an option can be."""
    for one in get_args(kind):
        if isinstance(one, str):
            yield one
        else:
            yield from _choices(one)
