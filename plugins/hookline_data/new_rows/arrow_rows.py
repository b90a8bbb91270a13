"""Parquet files, tables of other libraries, and Python objects as rows of Arrow."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.errors import DataError, shortened
from hookline_data.new_rows.chunks import BadCells, Chunk
from hookline_data.new_rows.roles import Role
from hookline_data.reading import npz_file, parquet_names
from hookline_data.reading.columns import Place
from hookline_data.reading.error_messages import CHANGED, as_sentences, one_line

if TYPE_CHECKING:
    import pyarrow

MOST_ROWS = 2**16
"""The largest number of rows to process at once."""


class ParquetRows:
    """Rows of a Parquet file, batch by batch."""

    def __init__(self, path: Path, names: Sequence[str]):
        """Keep the column names of the file."""
        self.place: Place = path
        self.names = names
        self._path = path

    def chunks(self, roles: Mapping[str, Role], keep: Collection[str]) -> Iterator[Chunk]:
        """Yield batches of rows; the file is not read as a whole."""
        from pyarrow import parquet

        wanted = list(dict.fromkeys([*roles, *keep]))
        with as_sentences(self._path, parquet_names.sentence), parquet.ParquetFile(self._path) as file:
            if not file.metadata.num_rows:
                raise DataError("The file has no rows.", file=self._path)
            batches = iter(file.iter_batches(MOST_ROWS, columns=wanted or self.names[:1]))
            while (batch := next(batches, None)) is not None:
                if not set(wanted) <= set(batch.schema.names):
                    raise DataError(CHANGED, file=self._path)
                yield chunk_of(batch, roles, keep)


class ArrowRows:
    """Rows of a table of any library that exports Arrow data, such as a DataFrame."""

    def __init__(self, source: Any):
        """Begin to read the stream.

        Raises:
            DataError: If the table cannot be converted to Arrow.

        """
        import pyarrow

        self.place: Place = f"the {type(source).__name__}"
        try:
            if hasattr(source, "__arrow_c_stream__"):
                self._batches: Iterator[Any] = iter(pyarrow.RecordBatchReader.from_stream(source))
                schema = self._batches.schema  # type: ignore[attr-defined]
            else:
                batch = pyarrow.record_batch(source)
                self._batches, schema = iter([batch]), batch.schema
        except (pyarrow.ArrowException, TypeError, ValueError) as error:
            raise DataError(f"It cannot be converted to Arrow: {one_line(error)}.", file=self.place) from None
        self.names = list(schema.names)
        if twice := sorted(name for name, times in Counter(self.names).items() if times > 1):
            raise DataError(f'Two columns are named "{shortened(twice[0])}".', file=self.place)

    def chunks(self, roles: Mapping[str, Role], keep: Collection[str]) -> Iterator[Chunk]:
        """Yield the batches of the stream, in parts if they are large."""
        rows = 0
        with as_sentences(self.place, _failed):
            for batch in self._batches:
                rows += batch.num_rows
                for start in range(0, batch.num_rows, MOST_ROWS):
                    yield chunk_of(batch.slice(start, MOST_ROWS), roles, keep)
        if not rows:
            raise DataError("There are no rows.", file=self.place)


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


def chunk_of(
    rows: "pyarrow.Table | pyarrow.RecordBatch",
    roles: Mapping[str, Role],
    keep: Collection[str],
    bad: Sequence[BadCells] = (),
) -> Chunk:
    """Return the columns of a table, whose names are different, that are needed."""
    import pyarrow

    def column(name: str) -> "pyarrow.ChunkedArray":
        cells = rows.column(rows.schema.get_field_index(name))
        return cells if isinstance(cells, pyarrow.ChunkedArray) else pyarrow.chunked_array([cells])

    return Chunk(rows.num_rows, {name: column(name) for name in roles}, {name: column(name) for name in keep}, bad)


def as_arrow(values: Any) -> Any:
    """Return a column of a mapping as Arrow: cells of different types become text."""
    import numpy
    import pyarrow

    if hasattr(values, "__arrow_c_stream__"):
        return pyarrow.chunked_array(values)
    if hasattr(values, "__arrow_c_array__"):
        return pyarrow.array(values)
    if hasattr(values, "detach") and hasattr(values, "cpu"):  # A tensor.
        values = values.detach().cpu().numpy()
    if isinstance(values, numpy.ndarray) and values.ndim > 1:
        flat = numpy.ascontiguousarray(values).reshape(-1)
        return pyarrow.FixedSizeListArray.from_arrays(pyarrow.array(flat), flat.size // max(1, len(values)))
    try:
        return pyarrow.array(values)
    except (pyarrow.ArrowException, TypeError, ValueError, OverflowError):
        return pyarrow.array([None if cell is None else str(_plain(cell)) for cell in values], pyarrow.string())


def _plain(cell: Any) -> Any:
    """Return a scalar of NumPy or torch as one of Python."""
    return cell.item() if hasattr(cell, "item") and getattr(cell, "ndim", 1) == 0 else cell


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


def _failed(place: Place, error: "pyarrow.ArrowException") -> DataError:
    return DataError(f"The rows cannot be read: {one_line(error)}.", file=place)
