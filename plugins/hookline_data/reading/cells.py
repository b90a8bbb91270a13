"""Convert the cells of an Arrow table to arrays. Readers have already refused missing cells and wrong types."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.data import TextCells
from hookline_data.arrow_columns import distinct
from hookline_data.reading.columns import cell_error

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray


def refuse_infinite(table: "pyarrow.Table", columns: Sequence[str], dtype: str, path: Path) -> None:
    """Raise a `DataError` for the first number, row by row, that is not finite in this type; it names row and
    column.
    """
    bad = []
    for order, name in enumerate(columns):
        if not is_ragged(table.column(name).type) and (found := _first_infinite(table.column(name), dtype)):
            bad.append((found[0], order, found[1], name))
    if not bad:
        return
    row, _, element, name = min(bad)
    cell = table.column(name)[row]
    if is_list(cell.type):
        raise cell_error(path, row, name, element, message=f"{cell[element]} is not a finite {dtype}.")
    raise cell_error(path, row, name, message=f"{cell} is not a finite {dtype}.")


def _first_infinite(column: "pyarrow.ChunkedArray", dtype: str) -> tuple[int, int] | None:
    """Return row and element of the first number of a column that is not finite in this type."""
    size, rows = width(column.type), 0
    for chunk in column.chunks:
        cells = (chunk.flatten() if is_list(chunk.type) else chunk).to_numpy(zero_copy_only=False)
        if not (fits := are_finite(cells, dtype)).all():
            row, element = divmod(int(fits.argmin()), size)
            return rows + row, element
        rows += len(chunk)
    return None


def are_finite(numbers: "NDArray[Any]", dtype: str) -> "NDArray[Any]":
    """Return a mask of the numbers that are finite in this type; all integers are."""
    import numpy

    if numbers.dtype.kind not in "f":
        return numpy.ones(numbers.shape, dtype=bool)
    with numpy.errstate(over="ignore"):  # The caller reports an overflow.
        return numpy.isfinite(numbers.astype(dtype, copy=False))


def padded(
    column: "pyarrow.ChunkedArray", padding: int, finite: str, name: str, path: Path
) -> "tuple[NDArray[Any], NDArray[Any]]":
    """Pad lists to the longest one, and return the array of shape `(rows, steps)` and the lengths as int64.

    Lists of fixed-size lists, the features of each step, become `(rows, steps, features)`.

    Raises:
        DataError: If a number is not finite in the type `finite`; the message names row, column and element.

    """
    import numpy
    from pyarrow import compute

    lists = column.combine_chunks()
    lengths = compute.list_value_length(lists).to_numpy(zero_copy_only=False).astype(numpy.int64)
    steps = lists.flatten()
    size = (width(steps.type),) if is_list(steps.type) else ()
    cells = (steps.flatten() if size else steps).to_numpy(zero_copy_only=False).reshape(-1, *size)
    if not (fits := are_finite(cells, finite)).all():
        step = int(numpy.argwhere(~fits)[0][0])
        row, element = row_and_element(lists, step)
        bad = cells[step][~fits[step]][0] if size else cells[step]
        raise cell_error(path, row, name, element, message=f"{bad} is not a finite {finite}.")
    filled = numpy.full((len(lengths), lengths.max(), *size), padding, dtype=cells.dtype)
    filled[numpy.arange(lengths.max()) < lengths[:, None]] = cells
    return filled, lengths


def dense(column: "pyarrow.ChunkedArray", name: str, dtype: str, path: Path) -> "NDArray[Any]":
    """Return a column of lists as an array `(rows, steps)` or `(rows, height, width)`. Missing integers are -1.

    Raises:
        DataError: If lists of floats have different lengths, or if a number is not finite; the message names the row.

    """
    filled, lengths = padded(_ragged(column), -1, dtype, name, path)
    if filled.dtype.kind == "f" and (shorter := lengths != filled.shape[1]).any():
        row = int(shorter.argmax())
        message = f"The list has {lengths[row]} elements, but the longest one has {filled.shape[1]}."
        raise cell_error(path, row, name, message=message)
    return filled


def _ragged(column: "pyarrow.ChunkedArray") -> "pyarrow.ChunkedArray":
    """Return a column of fixed-size lists as lists of any length."""
    import pyarrow

    if not pyarrow.types.is_fixed_size_list(column.type):
        return column
    return column.cast(pyarrow.large_list(column.type.value_type))


def values(column: "pyarrow.ChunkedArray", name: str, dtype: str, path: Path) -> "NDArray[Any]":
    """Return the cells of a column: integers, floats or text. Lists of indices become rows padded with -1.

    Raises:
        DataError: If a number is not finite in the type `dtype`, or an index is negative; the message names row and
        column.

    """
    import numpy

    if is_list(column.type):
        indices, lengths = padded(column, -1, dtype, name, path)
        negative = (indices < 0) & (numpy.arange(indices.shape[1]) < lengths[:, None])
        if negative.any():
            row, element = (int(index) for index in numpy.argwhere(negative)[0])
            raise cell_error(path, row, name, element, message=f"{indices[row, element]} is not a class index.")
        return indices
    if distinct.is_text(column.type):
        return numpy.asarray(text_of(column))
    cells = column.to_numpy(zero_copy_only=False)
    if not (fits := are_finite(cells, dtype)).all():
        row = int(fits.argmin())
        raise cell_error(path, row, name, message=f"{column[row]} is not a finite {dtype}.")
    return cells


def text_of(column: "pyarrow.ChunkedArray") -> Any:
    """Return text, in which no cell is missing, as `TextCells`."""
    import numpy

    column = distinct.encoded(column)
    values = distinct.values(column).to_numpy(zero_copy_only=False).astype(str)
    chunks = distinct.narrowed(column).chunks
    return TextCells(values, numpy.concatenate([chunk.indices.to_numpy() for chunk in chunks]))


def row_and_element(lists: "pyarrow.Array", index: int) -> tuple[int, int]:
    """Return the row, and the element within it, of an index into all flattened lists."""
    import numpy
    from pyarrow import compute

    ends = numpy.cumsum(compute.list_value_length(lists).to_numpy(zero_copy_only=False))
    row = int(numpy.searchsorted(ends, index, side="right"))
    return row, index - int(ends[row - 1] if row else 0)


def is_list(kind: "pyarrow.DataType") -> bool:
    """Whether each cell is a list."""
    import pyarrow

    return is_ragged(kind) or pyarrow.types.is_fixed_size_list(kind)


def is_ragged(kind: "pyarrow.DataType") -> bool:
    """Whether each cell is a list of any length."""
    import pyarrow

    return pyarrow.types.is_list(kind) or pyarrow.types.is_large_list(kind)


def width(kind: "pyarrow.DataType") -> int:
    """Return how many numbers a cell holds: the size of a fixed-size list, otherwise 1."""
    import pyarrow

    return kind.list_size if pyarrow.types.is_fixed_size_list(kind) else 1
