"""Example rows of tables and arrays, as they are in the source: they are kept with a run."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline.data import example_places, example_split
from hookline_data.arrow_columns import distinct
from hookline_data.layout.layout import Layout
from hookline_data.numpy_arrays.array_layout import ArrayLayout
from hookline_data.rows.rows import Rows

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray


def table_examples(table: "pyarrow.Table", layout: Layout) -> "pyarrow.Table":
    """Return the input columns of some rows of a table, before the kinds of its columns have converted any cell."""
    names = dict.fromkeys(column for group in layout.inputs.values() for column in group.columns)
    places = example_places(table.num_rows, table.nbytes // max(1, table.num_rows))
    return distinct.plain_table(table.select(list(names)).take(places)).combine_chunks()


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
