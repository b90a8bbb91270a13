"""From the cells of an Arrow table to arrays. Readers have seen to it that none is empty or of a wrong type."""

import re
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.data import WRITTEN_FALSE, WRITTEN_NOT_FINITE, WRITTEN_NUMBER, WRITTEN_TRUE
from hookline.errors import quoted_cell
from hookline_data.reading.columns import Wanted, cell_error

if TYPE_CHECKING:
    from types import EllipsisType

    import pyarrow
    from numpy.typing import NDArray

INTEGER = r"^-?(0|[1-9][0-9]*)$"
"""How integers are written, in a file of text: as pyarrow reads them, which has no plus."""
NUMBER = rf"^({WRITTEN_NUMBER}|{WRITTEN_NOT_FINITE})$"
"""How numbers are written, in a file of text."""
CODE = r"^[0-9A-Za-z]*[0-9][0-9A-Za-z]*$"
"""How codes are written that are not numbers, such as "01" and "0x1F"."""


def refuse_infinite(table: "pyarrow.Table", columns: Sequence[str], dtype: str, path: Path) -> None:
    """Raise a `DataError` with the first number, row by row, that is not finite in this type: names row and column."""
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
    """The row and the element of the first number of a column that is not finite in this type."""
    size, rows = width(column.type), 0
    for chunk in column.chunks:
        cells = (chunk.flatten() if is_list(chunk.type) else chunk).to_numpy(zero_copy_only=False)
        if not (fits := are_finite(cells, dtype)).all():
            row, element = divmod(int(fits.argmin()), size)
            return rows + row, element
        rows += len(chunk)
    return None


def are_finite(numbers: "NDArray[Any]", dtype: str) -> "NDArray[Any]":
    """Which numbers are finite in this type; integers are in every one."""
    import numpy

    if numbers.dtype.kind not in "f":
        return numpy.ones(numbers.shape, dtype=bool)
    with numpy.errstate(over="ignore"):  # A number that is too great is reported by the caller.
        return numpy.isfinite(numbers.astype(dtype, copy=False))


class Matrix:
    """Columns of numbers beside one another, `(rows, columns)`, of which some at a time become an array.

    A list of a fixed size is as many columns. The numbers are in the table once, and are not copied as a whole.
    """

    def __init__(self, columns: "Sequence[pyarrow.ChunkedArray]"):
        """Look at the columns: all have the same number of rows."""
        import numpy

        self._columns = columns
        self._owners = [(index, place) for index, column in enumerate(columns) for place in range(width(column.type))]
        self._latest: tuple[slice, NDArray[Any]] | None = None
        self.shape = (len(columns[0]), len(self._owners))
        self.ndim = 2
        types = {numpy.dtype(_of_numbers(column.type).to_pandas_dtype()) for column in columns}
        self.dtype = numpy.result_type(*types)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: "tuple[EllipsisType, slice]") -> "NDArray[Any]":
        """Some of the columns, `matrix[..., first:stop]`, each of them in one piece in memory."""
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
    """The type of the numbers in a cell, which may be in lists."""
    return _of_numbers(kind.value_type) if is_list(kind) else kind


def padded(
    column: "pyarrow.ChunkedArray", padding: int, finite: str, name: str, path: Path
) -> "tuple[NDArray[Any], NDArray[Any]]":
    """Lists as one array that is filled up to the longest, `(rows, steps)`, and their lengths, int64.

    A list of lists of a fixed size, the numbers of each step, is `(rows, steps, numbers)`.

    Raises:
        DataError: if a number is not finite in the type `finite`; names row, column and element.

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
    """The cells of a column: integers, floats or text. Lists of indices become rows that are filled up with -1.

    Raises:
        DataError: if a number is not finite in the type `dtype`, or an index negative; names row and column.

    """
    import numpy
    import pyarrow

    column = table.column(name)
    if is_list(column.type):
        indices, lengths = padded(column, -1, dtype, name, path)
        negative = (indices < 0) & (numpy.arange(indices.shape[1]) < lengths[:, None])
        if negative.any():
            row, element = (int(index) for index in numpy.argwhere(negative)[0])
            raise cell_error(path, row, name, element, message=f"{indices[row, element]} is not the index of a class.")
        return indices
    if pyarrow.types.is_string(column.type):
        return column.to_numpy(zero_copy_only=False).astype(str)
    cells = column.to_numpy(zero_copy_only=False)
    if not (fits := are_finite(cells, dtype)).all():
        row = int(fits.argmin())
        raise cell_error(path, row, name, message=f"{column[row]} is not a finite {dtype}.")
    return cells


def row_and_element(lists: "pyarrow.Array", index: int) -> tuple[int, int]:
    """The row of a column of lists, and the element in it, of which this is the index in all lists together."""
    import numpy
    from pyarrow import compute

    ends = numpy.cumsum(compute.list_value_length(lists).to_numpy(zero_copy_only=False))
    row = int(numpy.searchsorted(ends, index, side="right"))
    return row, index - int(ends[row - 1] if row else 0)


def refuse_missing(cells: "pyarrow.Array", wanted: Wanted, name: str, path: Path) -> None:
    """Raise a `DataError` if a cell of text without space around it is empty, or stands for a missing value."""
    import pyarrow
    from pyarrow import compute

    if (row := compute.index(cells, "").as_py()) >= 0:
        raise cell_error(path, row, name, message="The cell is empty.")
    is_missing = compute.is_in(cells, value_set=pyarrow.array(wanted.missing, pyarrow.string()))
    if (row := compute.index(is_missing, value=True).as_py()) >= 0:
        others = compute.sum(is_missing).as_py() - 1
        raise cell_error(path, row, name, message=wanted.missing_mark(cells[row].as_py(), others))


def refuse_text_among_numbers(cells: "pyarrow.Array", wanted: Wanted, name: str, path: Path) -> None:
    """Raise a `DataError` if a few cells are words and most are numbers: the words are probably missing values.

    What counts are different cells. A code of letters and digits, such as "01" or "3a", is no word. A spec without
    `missing_marks` says that all cells are names of classes.
    """
    from pyarrow import compute

    if not wanted.missing:
        return
    different = cells.unique()
    numbers = compute.sum(compute.match_substring_regex(different, NUMBER)).as_py()
    if numbers * 2 <= len(different):
        return
    is_word = compute.invert(compute.match_substring_regex(cells, rf"{NUMBER}|{CODE}"))
    if (row := compute.index(is_word, value=True).as_py()) >= 0:
        others = compute.sum(compute.match_substring_regex(cells, NUMBER)).as_py()
        raise cell_error(
            path,
            row,
            name,
            message=f"{quoted_cell(cells[row].as_py())} is no number, and {others:,} other cells of "
            f"the column are: fill it in, or leave the row out; if it is the name of a class, set "
            f"`missing_marks = []`.",
        )


def is_text(cells: "NDArray[Any]") -> bool:
    """Whether the cells are text."""
    return cells.dtype.kind == "U"


def refuse_text(cells: "NDArray[Any]", name: str, path: Path, known_path: Path) -> None:
    """Raise a `DataError` if the cells are text; those of the same column in another file are numbers."""
    if is_text(cells):
        written = {*WRITTEN_TRUE, *WRITTEN_FALSE}
        row = next((row for row, cell in enumerate(cells.tolist()) if not _is_number(cell) and cell not in written), 0)
        raise cell_error(
            path, row, name, message=f"{quoted_cell(cells[row])} is text, and the column has numbers in {known_path}."
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
