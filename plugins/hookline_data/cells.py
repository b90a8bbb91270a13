"""From the cells of an Arrow table to arrays. Readers have seen to it that none is empty or of a wrong type."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline import DataError, quoted_cell
from hookline_data.columns import place

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

INTEGER = r"^-?(0|[1-9][0-9]*)$"
"""How integers are written, in a file of text: as pyarrow reads them, which has no plus."""
NUMBER = r"^[+-]?(((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|(?i:nan|inf|infinity))$"
"""How numbers are written, in a file of text."""


def matrix(table: "pyarrow.Table", columns: Sequence[str], dtype: str, path: Path) -> "NDArray[Any]":
    """Columns of numbers beside one another, `(rows, columns)`; a list of a fixed size is as many columns.

    Raises:
        DataError: if a number is not a finite float32; names row and column.

    """
    import numpy

    widths = [width(table.column(name).type) for name in columns]
    numbers = numpy.empty((table.num_rows, sum(widths)), dtype=dtype)
    first = 0
    for name, size in zip(columns, widths, strict=True):
        column = table.column(name)
        cells = column.combine_chunks().flatten() if is_list(column.type) else column
        with numpy.errstate(over="ignore"):  # A number too great for float32 is told below.
            numbers[:, first : first + size] = cells.to_numpy(zero_copy_only=False).reshape(-1, size)
        first += size
    finite = numpy.isfinite(numbers)
    if not finite.all():
        row, index = (int(place) for place in numpy.argwhere(~finite)[0])
        owners = [(name, element) for name, size in zip(columns, widths, strict=True) for element in range(size)]
        name, element = owners[index]
        cell = table.column(name)[row]
        if is_list(cell.type):
            raise DataError(f"{place(path, row, name, element)}: {cell[element]} is not a finite float32.")
        raise DataError(f"{place(path, row, name)}: {cell} is not a finite float32.")
    return numbers


def padded(
    column: "pyarrow.ChunkedArray", dtype: str, padding: int, name: str, path: Path
) -> "tuple[NDArray[Any], NDArray[Any]]":
    """Lists as one array that is filled up to the longest, `(rows, steps)`, and their lengths, int64.

    A list of lists of a fixed size, the numbers of each step, is `(rows, steps, numbers)`.

    Raises:
        DataError: if a number is not a finite float32; names row, column and element.

    """
    import numpy
    from pyarrow import compute

    lists = column.combine_chunks()
    lengths = compute.list_value_length(lists).to_numpy(zero_copy_only=False).astype(numpy.int64)
    steps = lists.flatten()
    size = (width(steps.type),) if is_list(steps.type) else ()
    cells = (steps.flatten() if size else steps).to_numpy(zero_copy_only=False).reshape(-1, *size)
    with numpy.errstate(over="ignore"):  # A number too great for float32 is told here.
        numbers = cells.astype(dtype)
    finite = numpy.isfinite(numbers)
    if not finite.all():
        step = int(numpy.argwhere(~finite)[0][0])
        row, element = row_and_element(lists, step)
        bad = cells[step][~finite[step]][0] if size else cells[step]
        raise DataError(f"{place(path, row, name, element)}: {bad} is not a finite float32.")
    filled = numpy.full((len(lengths), lengths.max(), *size), padding, dtype=dtype)
    filled[numpy.arange(lengths.max()) < lengths[:, None]] = numbers
    return filled, lengths


def values(table: "pyarrow.Table", name: str, path: Path) -> "NDArray[Any]":
    """The cells of a column: integers, floats or text. Lists of indices become rows that are filled up with -1.

    Raises:
        DataError: if a number is not a finite float32, or an index negative; names row and column.

    """
    import numpy
    import pyarrow

    column = table.column(name)
    if is_list(column.type):
        indices, lengths = padded(column, "int64", -1, name, path)
        negative = (indices < 0) & (numpy.arange(indices.shape[1]) < lengths[:, None])
        if negative.any():
            row, element = (int(index) for index in numpy.argwhere(negative)[0])
            raise DataError(f"{place(path, row, name, element)}: {indices[row, element]} is not the index of a class.")
        return indices
    if pyarrow.types.is_string(column.type):
        return column.to_numpy(zero_copy_only=False).astype(str)
    cells = column.to_numpy(zero_copy_only=False)
    with numpy.errstate(over="ignore"):  # A number too great for float32 is told here.
        finite = numpy.isfinite(cells.astype(numpy.float32))
    if not finite.all():
        row = int(finite.argmin())
        raise DataError(f"{place(path, row, name)}: {column[row]} is not a finite float32.")
    return cells


def row_and_element(lists: "pyarrow.Array", index: int) -> tuple[int, int]:
    """The row of a column of lists, and the element in it, of which this is the index in all lists together."""
    import numpy
    from pyarrow import compute

    ends = numpy.cumsum(compute.list_value_length(lists).to_numpy(zero_copy_only=False))
    row = int(numpy.searchsorted(ends, index, side="right"))
    return row, index - int(ends[row - 1] if row else 0)


def is_text(cells: "NDArray[Any]") -> bool:
    """Whether the cells are text."""
    return cells.dtype.kind == "U"


def refuse_text(cells: "NDArray[Any]", name: str, path: Path, known_path: Path) -> None:
    """Raise a `DataError` if the cells are text; those of the same column in another file are numbers."""
    if is_text(cells):
        row = next((row for row, cell in enumerate(cells.tolist()) if not _is_number(cell)), 0)
        raise DataError(
            f"{place(path, row, name)}: {quoted_cell(cells[row])} is text, and the column has numbers in {known_path}."
        )


def _is_number(cell: str) -> bool:
    """Whether the cell is written as a number; an integer that is too great for int64 is text, as it is read."""
    return bool(re.match(NUMBER, cell)) and not (re.match(INTEGER, cell) and not -(2**63) <= int(cell) < 2**63)


def is_list(kind: "pyarrow.DataType") -> bool:
    """Whether each cell is a list."""
    import pyarrow

    return is_ragged(kind) or pyarrow.types.is_fixed_size_list(kind)


def is_ragged(kind: "pyarrow.DataType") -> bool:
    """Whether each cell is a list, and they may have different lengths."""
    import pyarrow

    return pyarrow.types.is_list(kind) or pyarrow.types.is_large_list(kind)


def width(kind: "pyarrow.DataType") -> int:
    """How many numbers a cell has that is no list, or a list of a fixed size."""
    import pyarrow

    return kind.list_size if pyarrow.types.is_fixed_size_list(kind) else 1
