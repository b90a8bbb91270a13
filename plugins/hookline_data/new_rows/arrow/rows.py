"""Parquet files and tables of other libraries as rows of Arrow."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.errors import DataError, shortened
from hookline_data.arrow_columns import arrow_file
from hookline_data.arrow_columns.plain import plain
from hookline_data.new_rows.chunks import BadCells, Chunk
from hookline_data.new_rows.roles import Role
from hookline_data.reading import parquet_names
from hookline_data.reading.columns import Place
from hookline_data.reading.error_messages import CHANGED, as_sentences, one_line

if TYPE_CHECKING:
    import pyarrow

MOST_ROWS = 2**16
"""The largest number of rows to process at once."""


BUFFER = 2**16
"""How many bytes of each column of a Parquet file to read at once."""


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
        # Without a buffer, pyarrow reads all bytes of a column of a row group, which may be the whole file.
        opening = partial(parquet.ParquetFile, self._path, pre_buffer=False, buffer_size=BUFFER)
        with as_sentences(self._path, parquet_names.sentence), opening() as file:
            if not file.metadata.num_rows:
                raise DataError("The file has no rows.", file=self._path)
            batches = iter(file.iter_batches(MOST_ROWS, columns=wanted or self.names[:1]))
            while (batch := next(batches, None)) is not None:
                if not set(wanted) <= set(batch.schema.names):
                    raise DataError(CHANGED, file=self._path)
                yield chunk_of(batch, roles, keep)


class ArrowFileRows:
    """Rows of an Arrow file, in the file format or the stream format, batch by batch."""

    def __init__(self, path: Path):
        """Read the column names of the file."""
        self.place: Place = path
        self.names = arrow_file.column_names(path)
        self._path = path

    def chunks(self, roles: Mapping[str, Role], keep: Collection[str]) -> Iterator[Chunk]:
        """Yield batches of rows, in parts if they are large; the file is not read as a whole."""
        wanted, rows = list(dict.fromkeys([*roles, *keep])), 0
        with as_sentences(self._path, arrow_file.sentence):
            for batch in arrow_file.batches(self._path, wanted):
                rows += batch.num_rows
                for start in range(0, batch.num_rows, MOST_ROWS):
                    yield chunk_of(batch.slice(start, MOST_ROWS), roles, keep)
        if not rows:
            raise DataError("The file has no rows.", file=self._path)


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
        return plain(cells if isinstance(cells, pyarrow.ChunkedArray) else pyarrow.chunked_array([cells]))

    return Chunk(rows.num_rows, {name: column(name) for name in roles}, {name: column(name) for name in keep}, bad)


def _failed(place: Place, error: "pyarrow.ArrowException") -> DataError:
    return DataError(f"The rows cannot be read: {one_line(error)}.", file=place)
