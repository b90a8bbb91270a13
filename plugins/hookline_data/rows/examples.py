"""Example rows of tables and arrays, as they are in the source: they are kept with a run."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline.data import example_places, example_split
from hookline_data.layout.layout import Layout
from hookline_data.rows.array_layout import ArrayLayout
from hookline_data.rows.rows import Rows
from hookline_data.rows.unprepared import UnpreparedRows

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray


def table_examples(parts: Mapping[str, UnpreparedRows], layout: Layout) -> "pyarrow.Table":
    """Return the input columns of some rows, before anything is converted or filled in."""
    rows = parts[example_split(parts)]
    names = dict.fromkeys(column for group in layout.inputs.values() for column in group.columns)
    table = rows.unparsed.select(list(names))
    places = example_places(len(rows), table.nbytes // max(1, table.num_rows))
    return table.take(rows.numbers[places]).combine_chunks()


def array_examples(parts: Mapping[str, Rows], layout: ArrayLayout) -> "dict[str, NDArray[Any]]":
    """Return some rows of the arrays that are inputs, with their lengths."""
    rows = parts[example_split(parts)]
    values: dict[str, Any] = {name: group.values for name, group in rows.inputs.items()}
    row_bytes = sum(array[:1].nbytes for array in values.values())
    arrays: dict[str, NDArray[Any]] = {}
    for name, group in rows.take(example_places(len(rows), row_bytes)).inputs.items():
        array = layout.inputs[name].array
        arrays[array] = values[name] if group.rows is None else values[name][group.rows]
        if group.lengths is not None:
            arrays[layout.lengths[array]] = group.lengths
    return arrays
