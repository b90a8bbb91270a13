"""An example of a row, for the form and for the documentation of the server."""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from hookline.data.description import LENGTHS
from hookline.data.json_rows.row_field import Cell, RowField
from hookline.trained.run_files import kept_examples

if TYPE_CHECKING:
    from hookline.trained.finished_run import FinishedRun

Row = dict[str, Any]

TYPES: Mapping[Cell, tuple[type, ...]] = {
    "number": (int, float),
    "integer": (int,),
    "boolean": (bool,),
    "text": (str,),
    "date": (str,),
    "time": (str,),
    "list": (list,),
    "image": (str,),
}
"""The types of cells in JSON."""


def example_rows(finished: "FinishedRun", fields: Sequence[RowField]) -> Iterator[Row]:
    """Yield rows that are probably accepted: a row of the data, if the run has kept some, and one made of examples."""
    made = {field.name: field.example for field in fields}
    kept = [_typed(row, fields) for row in _kept(finished, fields)]
    if kept:
        best = min(kept, key=lambda row: sum(cell is None for cell in row.values()))
        yield {**made, **best}
    yield made


def _kept(finished: "FinishedRun", fields: Sequence[RowField]) -> list[Row]:
    """Return the rows that the run has kept, with the cells that are found by their names."""
    examples = kept_examples(finished.files)
    if examples is None:
        return []
    if not isinstance(examples, Mapping):
        rows: list[Row] = examples.to_pylist()
        return rows
    names = [field.name for field in fields if field.name in examples]
    if not names:
        return []
    rows = [{name: examples[name][row].tolist() for name in names} for row in range(len(examples[names[0]]))]
    for field in fields:
        lengths = examples.get(f"{field.name}{LENGTHS}")
        if field.name in names and lengths is not None:
            for row, length in zip(rows, lengths.tolist(), strict=True):
                row[field.name] = row[field.name][:length]
    return rows


def _typed(row: Mapping[str, Any], fields: Sequence[RowField]) -> Row:
    """Return the cells of a row that are of the types of their fields in JSON."""
    found: Row = {}
    for field in fields:
        cell = row.get(field.name)
        if isinstance(cell, Decimal):
            cell = float(cell)
        elif isinstance(cell, (datetime.date, datetime.datetime)):
            cell = cell.isoformat()
        is_missing = cell is None and field.may_be_missing and field.name in row
        is_nan = isinstance(cell, float) and cell != cell
        fits = isinstance(cell, TYPES[field.cell]) and (field.cell == "boolean" or not isinstance(cell, bool))
        if is_missing or (fits and not is_nan):
            found[field.name] = cell
    return found
