"""Python objects as rows of Arrow: mappings of columns, lists of mappings, and DataFrames with columns of objects."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import frozen

from hookline.errors import DataError
from hookline_data.given.python_arrays import is_tensor, of_tensor
from hookline_data.new_rows.arrow.rows import MOST_ROWS, ArrowRows, chunk_of
from hookline_data.new_rows.chunks import Chunk
from hookline_data.new_rows.roles import Role
from hookline_data.numpy_arrays import npz_file
from hookline_data.reading.columns import Place


def rows_of_frame(source: Any) -> "ArrowRows | ColumnRows":
    """Return the rows of a table of any library that exports Arrow data.

    A DataFrame of pandas may have columns that do not: they are then converted one by one, if they are needed.

    Raises:
        DataError: If the table cannot be converted to Arrow.

    """
    try:
        return ArrowRows(source)
    except DataError:
        names = list(getattr(source, "columns", ()))
        are_names = names and all(isinstance(name, (str, int)) for name in names)
        if not are_names or not hasattr(source, "__getitem__") or len({str(name) for name in names}) < len(names):
            raise
        return ColumnRows({str(name): source[name] for name in names}, f"the {type(source).__name__}")


@frozen
class ColumnRows:
    """Rows of a mapping from names to columns: lists, arrays, tensors or columns of Arrow."""

    columns: Mapping[str, Any]
    """The columns."""
    place: Place = "the columns"
    """The name of the source in messages."""

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [str(name) for name in self.columns]

    def chunks(self, roles: Mapping[str, Role], keep: Collection[str]) -> Iterator[Chunk]:
        """Yield some rows after the others."""
        import pyarrow

        wanted = dict.fromkeys([*roles, *keep]) or self.names[:1]
        columns = {name: self._column(name) for name in wanted}
        sizes = {name: len(column) for name, column in columns.items()}
        if len(set(sizes.values())) > 1:
            first, *others = sizes
            other = next(name for name in others if sizes[name] != sizes[first])
            message = f'"{other}" has {sizes[other]} rows, but "{first}" has {sizes[first]}.'
            raise DataError(f"{message} All columns must have the same number of rows.", file=self.place)
        table = pyarrow.table(columns)
        if not table.num_rows:
            raise DataError("There are no rows.", file=self.place)
        for start in range(0, table.num_rows, MOST_ROWS):
            yield chunk_of(table.slice(start, MOST_ROWS), roles, keep)

    def _column(self, name: str) -> Any:
        values = self.columns[name]
        if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
            message = f'The column "{name}" must be a list or an array, not {type(values).__name__}.'
            raise DataError(message, file=self.place, columns=[name])
        return as_arrow(values)


@frozen
class DictRows:
    """Rows of a list of mappings."""

    rows: Sequence[Any]
    """The rows. A cell that a row lacks is missing."""
    place: Place = "the list"
    """The name of the source in messages."""

    @property
    def names(self) -> list[str]:
        """The names of all cells, in the order of their first row."""
        if not self.rows:
            raise DataError("There are no rows.", file=self.place)
        for index, row in enumerate(self.rows):
            if not isinstance(row, Mapping):
                message = (
                    f"Element {index} of the list is of type {type(row).__name__}, but each row must be a mapping."
                )
                raise DataError(message)
        return [str(name) for name in dict.fromkeys(name for row in self.rows for name in row)]

    def chunks(self, roles: Mapping[str, Role], keep: Collection[str]) -> Iterator[Chunk]:
        """Yield some rows after the others."""
        wanted = dict.fromkeys([*roles, *keep])
        # A column has one type in all rows.
        columns = {name: [row.get(name) for row in self.rows] for name in wanted} or {"": [None] * len(self.rows)}
        yield from ColumnRows(columns, self.place).chunks(roles, keep)


def as_arrow(values: Any) -> Any:
    """Return a column of a mapping as Arrow.

    Cells of different types become text. If some cells are lists, all others are missing.
    """
    import numpy
    import pyarrow

    with suppress(pyarrow.ArrowException, TypeError, ValueError):  # Such as a column of pandas with cells of any type.
        if hasattr(values, "__arrow_c_stream__"):
            return pyarrow.chunked_array(values)
        if hasattr(values, "__arrow_c_array__"):
            return pyarrow.array(values)
    if is_tensor(values):
        values = of_tensor(values)
    if isinstance(values, numpy.ndarray) and not values.dtype.isnative:
        values = values.astype(values.dtype.newbyteorder("="))
    if isinstance(values, numpy.ndarray) and values.ndim > 1:
        flat = numpy.ascontiguousarray(values).reshape(-1)
        return pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(flat), flat.size // max(1, len(values)))
    try:
        return pyarrow.array(values)
    except (pyarrow.ArrowException, TypeError, ValueError, OverflowError):
        cells = [cell.tolist() if hasattr(cell, "tolist") else cell for cell in values]
    if any(isinstance(cell, (list, tuple)) for cell in cells):
        cells = [cell if isinstance(cell, (list, tuple)) else None for cell in cells]
    return pyarrow.array(list(map(_as_text, cells)))


def _as_text(cell: Any) -> Any:
    """Return a cell, or each element of a list, as text."""
    if isinstance(cell, (list, tuple)):
        return list(map(_as_text, cell))
    return None if is_missing(cell) else str(cell)


def is_missing(cell: Any) -> bool:
    """Whether a cell is `None`, NaN, or `NA` or `NaT` of pandas."""
    try:
        return cell is None or bool(cell != cell)
    except (TypeError, ValueError):  # The comparison of `NA` is `NA`.
        return True


def npz_columns(path: Path) -> Mapping[str, Any]:
    """Return the arrays of an NPZ file by name; each is read when it is taken."""
    names = npz_file.array_names(path)

    class Arrays(Mapping[str, Any]):
        def __getitem__(self, name: str) -> Any:
            return npz_file.read(path, [name])[name]

        def __iter__(self) -> Iterator[str]:
            return iter(names)

        def __len__(self) -> int:
            return len(names)

    return Arrays()


def unknown_source(source: Any, what: str) -> DataError:
    """Return the error for an object that is not a source of rows; `what` lists the possible ones."""
    return DataError(f"New rows cannot be read from an object of type {type(source).__name__}: pass {what}.")
