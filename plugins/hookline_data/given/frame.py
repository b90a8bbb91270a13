"""Tables of any library, mappings of columns and lists of rows: their columns, as Arrow."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.errors import DataError, did_you_mean, quoted_cell, shortened
from hookline_data.arrow_columns.plain import plain
from hookline_data.given.python_arrays import complaint_about_tensor, is_tensor
from hookline_data.new_rows.python_rows import as_arrow, is_missing
from hookline_data.numpy_arrays.npz_file import NUMBERS
from hookline_data.reading.columns import cell_error
from hookline_data.reading.error_messages import one_line

if TYPE_CHECKING:
    import pyarrow

LOOKED_AT = 100
"""The number of rows to inspect for words."""

TAKES = (
    "pass a DataFrame of pandas or polars, another table with the Arrow PyCapsule interface, a mapping from names to "
    "columns, or a list of mappings"
)
"""What can be passed as rows with named columns."""


@frozen
class Frame:
    """Rows with named columns."""

    names: Mapping[str, int]
    """The position of each column, by name."""
    place: str
    """The name of the rows in messages."""
    cells: Callable[[int], Any]
    """Returns the cells of a column, by its position."""

    @classmethod
    def of(cls, rows: Any, place: str) -> "Frame":
        """Find the columns of rows. They are converted when they are needed.

        Raises:
            DataError: If these are not rows with names, or if two columns have the same name.

        """
        if hasattr(rows, "iloc") and hasattr(rows, "columns"):  # A DataFrame of pandas, whose index is ignored.
            names = _names(rows.columns, place)
            return cls(names, place, [_of_numpy(column) for _, column in rows.items()].__getitem__)
        if isinstance(rows, Mapping):
            return cls(_names(rows, place), place, list(rows.values()).__getitem__)
        if isinstance(rows, list) and all(isinstance(row, Mapping) for row in rows):
            keys = list(dict.fromkeys(key for row in rows for key in row))
            return cls(_names(keys, place), place, lambda index: [row.get(keys[index]) for row in rows])
        table = _table(rows, place)
        return cls(_names(table.column_names, place), place, table.column)

    def columns(self, names: Iterable[str]) -> "dict[str, pyarrow.ChunkedArray]":
        """Return columns as Arrow, of few types; NaN becomes null.

        Raises:
            DataError: If a column does not exist or cannot be converted, or if it has another number of rows.

        """
        found: dict[str, pyarrow.ChunkedArray] = {}
        for name in names:
            found[name] = _converted(self._column(name), name, self.place)
        first = next(iter(found), "")
        for name, cells in found.items():
            if len(cells) != len(found[first]):
                message = f'"{name}" has {len(cells)} rows, but "{first}" has {len(found[first])}.'
                raise DataError(f"{message} All columns must have the same number.", file=self.place, columns=[name])
        return found

    def head(self, name: str) -> "list[Any]":
        """Return the first cells of a column; none if NumPy says that they are numbers.

        Raises:
            DataError: If the column does not exist or cannot be converted.

        """
        if getattr(getattr(self.cells(self.names[name]), "dtype", None), "kind", "") in tuple(NUMBERS):
            return []
        return list(_converted(self._column(name)[:LOOKED_AT], name, self.place).to_pylist())

    def _column(self, name: str) -> Any:
        """Return a column, unless it is none."""
        if name not in self.names:
            raise DataError(f'There is no column "{name}".{did_you_mean(name, self.names)}', file=self.place)
        cells = self.cells(self.names[name])
        complaint = ""
        if (
            isinstance(cells, (str, bytes, Mapping))
            or not hasattr(cells, "__len__")
            or getattr(cells, "shape", 1) == ()
        ):
            complaint = f"It must be a list, an array or a tensor, not {type(cells).__name__}."
        elif is_tensor(cells):
            complaint = complaint_about_tensor(cells)
        elif getattr(getattr(cells, "dtype", None), "kind", "") == "c":
            complaint = f"It has the type {cells.dtype}, but must have numbers or text."
        if complaint:
            raise DataError(f'column "{name}": {complaint}', file=self.place, columns=[name])
        return cells


def _of_numpy(column: Any) -> Any:
    """Return a column of pandas as an array if its numbers are those of NumPy, which is faster for many columns."""
    import numpy

    is_array = isinstance(column.dtype, numpy.dtype) and column.dtype.kind in NUMBERS
    return column.to_numpy() if is_array else column


def _names(given: Iterable[Any], place: str) -> dict[str, int]:
    """Return the positions of the columns by name, as text."""
    names = []
    for number, name in enumerate(given, 1):
        if not isinstance(name, str) and not hasattr(name, "__index__"):
            message = f"The name of column {number} must be text, but it is {shortened(repr(name))}."
            raise DataError(message, file=place)
        names.append(str(name))
    if twice := sorted(name for name, times in Counter(names).items() if times > 1):
        raise DataError(f'Two columns are named "{shortened(twice[0])}".', file=place)
    if not names:
        raise DataError("There are no columns.", file=place)
    return {name: index for index, name in enumerate(names)}


def _table(rows: Any, place: str) -> "pyarrow.Table":
    """Return a table of another library."""
    import pyarrow

    if isinstance(rows, (str, bytes, Path)):
        message = "This is a path: set `path` in the spec, such as `hookline.load(spec, ['data.path=rows.csv'])`."
        raise DataError(message, file=place)
    if isinstance(rows, pyarrow.RecordBatchReader):  # Each trial reads the rows.
        raise DataError("It can be read only once: pass `reader.read_all()`.", file=place)
    complaint = f"This is not a table with named columns: {TAKES}."
    if not (hasattr(rows, "__arrow_c_stream__") or hasattr(rows, "__arrow_c_array__")):
        hint = " Call its method `collect` first." if hasattr(rows, "collect") else ""
        raise DataError(f"{complaint}{hint}", file=place)
    try:
        return pyarrow.table(rows)
    except (pyarrow.ArrowException, TypeError, ValueError) as error:
        raise DataError(f"{complaint} {one_line(error)}.", file=place) from None


def _converted(cells: Any, name: str, place: str) -> "pyarrow.ChunkedArray":
    """Return a column as Arrow, with null for NaN."""
    import pyarrow
    from pyarrow import compute

    try:
        found = as_arrow(cells)
    except (pyarrow.ArrowException, TypeError, ValueError, OverflowError) as error:
        message = f'column "{name}": It cannot be converted to Arrow: {one_line(error)}.'
        raise DataError(message, file=place, columns=[name]) from None
    column = plain(found if isinstance(found, pyarrow.ChunkedArray) else pyarrow.chunked_array([found]))
    if pyarrow.types.is_nested(column.type) and column.null_count:
        _refuse_no_lists(cells, name, place)
    if pyarrow.types.is_floating(column.type) and compute.any(is_nan := compute.is_nan(column)).as_py():
        column = compute.if_else(is_nan, pyarrow.scalar(None, column.type), column)
    return column


def _refuse_no_lists(cells: Any, name: str, place: str) -> None:
    """Raise a `DataError` for the first cell that is neither a list nor missing, if others are lists."""
    for row, cell in enumerate(cells):
        if not hasattr(cell, "__len__") and not is_missing(cell):
            message = f"{quoted_cell(str(cell))} is not a list, but other cells of the column are."
            raise cell_error(place, row, name, message=message)
