"""Parquet files in parts: their row groups."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.errors import DataError
from hookline_data.arrow_columns import distinct
from hookline_data.arrow_columns.checked import checked_table
from hookline_data.new_rows.arrow.rows import BUFFER, MOST_ROWS, chunk_of
from hookline_data.new_rows.chunks import Chunk
from hookline_data.new_rows.roles import Role
from hookline_data.reading import parquet_names
from hookline_data.reading.columns import Wanted
from hookline_data.reading.error_messages import as_sentences
from hookline_data.streaming.parts.part import CHANGED, Place, numbered_from

if TYPE_CHECKING:
    import pyarrow

MOST_CHUNKS = 2**16
"""The largest number of columns of row groups whose places in the file are kept, instead of reading them again."""


class ParquetParts:
    """Reads a Parquet file in parts: its row groups, of which one is open at a time."""

    def __init__(self, path: Path):
        """Keep the path."""
        self.path = path
        self._metadata: Any = None

    def remedy(self, place: Place) -> str:
        """Return what to do if a part is too large to be shuffled well."""
        return "Write it with smaller row groups (`row_group_size=65536` in pandas and pyarrow), or increase `pool`."

    def tables(self, wanted: Mapping[str, Wanted]) -> "Iterator[tuple[Place, pyarrow.Table]]":
        """Yield all rows, with the place of their part."""
        import pyarrow

        with self._opened() as file:
            if not file.metadata.num_rows:
                raise DataError("The file has no rows.", file=self.path)
            first = 0
            for group in range(file.num_row_groups):
                for batch in file.iter_batches(MOST_ROWS, row_groups=[group], columns=list(wanted)):
                    with numbered_from(first):
                        table = checked_table(pyarrow.Table.from_batches([batch]), wanted, self.path)
                        yield (group, group + 1), distinct.plain_table(table)
                    first += batch.num_rows

    def chunks(self, place: Place, roles: Mapping[str, Role]) -> Iterator[Chunk]:
        """Yield the rows of a part."""
        group, _ = place
        with self._opened() as file:
            if group >= file.num_row_groups:
                raise DataError(CHANGED, file=self.path)
            for batch in file.iter_batches(MOST_ROWS, row_groups=[group], columns=list(roles)):
                if not set(roles) <= set(batch.schema.names):
                    raise DataError(CHANGED, file=self.path)
                yield chunk_of(batch, roles, ())

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        """Open the file. Without a buffer, pyarrow would read all bytes of a column of a row group."""
        from pyarrow import parquet

        with (
            as_sentences(self.path, parquet_names.sentence),
            parquet.ParquetFile(self.path, metadata=self._metadata, pre_buffer=False, buffer_size=BUFFER) as file,
        ):
            if file.num_row_groups * file.metadata.num_columns <= MOST_CHUNKS:
                self._metadata = file.metadata
            yield file
