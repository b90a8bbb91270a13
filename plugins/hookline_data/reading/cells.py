"""Convert the cells of an Arrow table to arrays. Readers have already refused missing cells and wrong types."""

from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline_data.reading.columns import cell_error

if TYPE_CHECKING:
    from types import EllipsisType

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


class Matrix:
    """Columns of numbers as a matrix of shape `(rows, columns)`, converted to arrays a few columns at a time.

    A fixed-size list counts as that many columns. The table is never copied as a whole.
    """

    def __init__(self, columns: "Sequence[pyarrow.ChunkedArray]"):
        """Keep the columns, which all have the same number of rows."""
        import numpy

        self._columns = columns
        self._owners = [(index, place) for index, column in enumerate(columns) for place in range(width(column.type))]
        self._latest: tuple[slice, NDArray[Any]] | None = None
        self.sizes = [width(column.type) for column in columns]
        self.shape = (len(columns[0]), len(self._owners))
        self.ndim = 2
        types = {numpy.dtype(_of_numbers(column.type).to_pandas_dtype()) for column in columns}
        self.dtype = numpy.result_type(*types)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: "tuple[EllipsisType, slice]") -> "NDArray[Any]":
        """Return the columns `matrix[..., first:stop]`, each contiguous in memory."""
        _, places = index
        if self._latest is None or self._latest[0] != places:
            self._latest = places, self._copied(self._owners[places])
        return self._latest[1]

    def _copied(self, owners: "Sequence[tuple[int, int]]") -> "NDArray[Any]":
        import numpy

        numbers, first = numpy.empty((len(owners), len(self)), dtype=self.dtype), 0
        for index, several in groupby(owners, key=itemgetter(0)):
            places = [place for _, place in several]
            row, stop = 0, first + len(places)
            for chunk in self._columns[index].chunks:
                flat = (chunk.flatten() if is_list(chunk.type) else chunk).to_numpy(zero_copy_only=False)
                cells = flat.reshape(len(chunk), -1)[:, places[0] : places[-1] + 1]
                numbers[first:stop, row : row + len(chunk)] = cells.T
                row += len(chunk)
            first = stop
        return numbers.T


def _of_numbers(kind: "pyarrow.DataType") -> "pyarrow.DataType":
    """Return the type of the numbers in a cell, which may be a list."""
    return _of_numbers(kind.value_type) if is_list(kind) else kind


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


def values(table: "pyarrow.Table", name: str, dtype: str, path: Path) -> "NDArray[Any]":
    """Return the cells of a column: integers, floats or text. Lists of indices become rows padded with -1.

    Raises:
        DataError: If a number is not finite in the type `dtype`, or an index is negative; the message names row and
        column.

    """
    import numpy
    import pyarrow

    column = table.column(name)
    if is_list(column.type):
        indices, lengths = padded(column, -1, dtype, name, path)
        negative = (indices < 0) & (numpy.arange(indices.shape[1]) < lengths[:, None])
        if negative.any():
            row, element = (int(index) for index in numpy.argwhere(negative)[0])
            raise cell_error(path, row, name, element, message=f"{indices[row, element]} is not a class index.")
        return indices
    if pyarrow.types.is_string(column.type):
        return column.to_numpy(zero_copy_only=False).astype(str)
    cells = column.to_numpy(zero_copy_only=False)
    if not (fits := are_finite(cells, dtype)).all():
        row = int(fits.argmin())
        raise cell_error(path, row, name, message=f"{column[row]} is not a finite {dtype}.")
    return cells


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
