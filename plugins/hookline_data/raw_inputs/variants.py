"""Copies of example rows with unseen categories and missing cells, with which a deployed model is compared."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hookline_data.raw_inputs.columns import Column

if TYPE_CHECKING:
    import pyarrow

UNSEEN = "never seen before"
"""A text that is not a category."""
MOST_COLUMNS = 16
"""The largest number of columns of which cells are changed."""


def variants_of(rows: "pyarrow.Table", columns: Sequence[Column]) -> "pyarrow.Table":
    """Return the rows, followed by copies in each of which one cell is missing, or is text that was never seen.

    Numbers of columns without a kind are also missing once, which every model refuses.
    """
    import pyarrow

    changes = [change for column in columns for change in _changes(column, rows)][: 2 * MOST_COLUMNS]
    if not changes or not rows.num_rows:
        return rows
    base = rows.take([index % rows.num_rows for index in range(len(changes))])
    made = {}
    for name in rows.column_names:
        cells = base.column(name).to_pylist()
        for index, (changed, cell) in enumerate(changes):
            if changed == name:
                cells[index] = cell
        kind = rows.schema.field(name).type
        made[name] = pyarrow.chunked_array([*rows.column(name).chunks, pyarrow.array(cells, kind)], kind)
    return pyarrow.table(made)


def _changes(column: Column, rows: "pyarrow.Table") -> list[tuple[str, Any]]:
    """Return cells to put into a column."""
    from pyarrow import types

    if column.is_sequence or column.name not in rows.column_names:
        return []
    kind = rows.schema.field(column.name).type
    if column.kind is None:
        return [(column.name, None)] if types.is_floating(kind) else []
    unseen = [(column.name, UNSEEN)] if column.cells == "text" and types.is_string(kind) else []
    return [(column.name, None), *unseen]
