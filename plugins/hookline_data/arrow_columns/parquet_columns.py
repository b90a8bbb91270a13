"""Columns of a Parquet file, in chunks that can be freed one after the other."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hookline_data.arrow_columns import arrow_memory
from hookline_data.arrow_columns.threads import in_threads

if TYPE_CHECKING:
    import pyarrow

ROWS = 2**16
"""The largest number of rows of a chunk."""

CELLS = 2**21
"""About how many cells a thread reads at once: it needs memory for each column."""

MOST_THREADS = 4
"""The largest number of threads that read."""

BUFFER = 2**18
"""How many bytes of a column to read from the file at once."""


def read(path: Path, names: Sequence[str], text: Collection[str]) -> "pyarrow.Table":
    """Return columns of a file; those that are missing are left out. Those of `text` become dictionaries if they can.

    Raises:
        OSError, pyarrow.ArrowException: If the file cannot be read.

    """
    import pyarrow
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        metadata, types = file.metadata, {field.name: field.type for field in file.schema_arrow}
    present = [name for name in names if name in types]
    encoded = [name for name in text if name in types and pyarrow.types.is_string(types[name])]

    def chunks(several: Sequence[str]) -> dict[str, list[pyarrow.Array]]:
        found: dict[str, list[pyarrow.Array]] = {name: [] for name in several}
        with parquet.ParquetFile(path, metadata=metadata, read_dictionary=encoded, buffer_size=BUFFER) as file:
            for batch in file.iter_batches(ROWS, columns=list(several), use_threads=False):
                for name in several:  # pyarrow gives a column "a.b" and the field "b" of a column "a" the same name.
                    found[name].append(batch.column(name))
        return found

    size = max(1, CELLS // max(1, metadata.num_rows))
    groups = [present[first : first + size] for first in range(0, len(present), size)]
    found = {name: own for group in in_threads(chunks, groups, most=MOST_THREADS) for name, own in group.items()}
    arrow_memory.release()
    return pyarrow.table({name: pyarrow.chunked_array(own, _type(own, types[name])) for name, own in found.items()})


def _type(chunks: "Sequence[pyarrow.Array]", known: "pyarrow.DataType") -> "pyarrow.DataType":
    """Return the type of chunks; `known` is that of the file, for the case that there are none."""
    return chunks[0].type if chunks else known
