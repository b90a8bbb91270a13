"""Columns of a Parquet file, in chunks that can be freed one after the other."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow

ROWS = 2**16
"""The largest number of rows of a chunk."""

CELLS = 2**22
"""About how many cells to read at once: pyarrow reads columns with several threads, and needs memory for each."""

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
    encoded = [name for name in text if name in types and pyarrow.types.is_string(types[name])]
    found: dict[str, list[pyarrow.Array]] = {name: [] for name in names if name in types}
    if not found:
        return pyarrow.table({})
    size = max(1, CELLS // max(1, metadata.num_rows))
    with parquet.ParquetFile(path, metadata=metadata, read_dictionary=encoded, buffer_size=BUFFER) as file:
        present = list(found)
        for first in range(0, len(present), size):
            several = present[first : first + size]
            for batch in file.iter_batches(ROWS, columns=several):
                for name in several:  # pyarrow gives a column "a.b" and the field "b" of a column "a" the same name.
                    found[name].append(batch.column(name))
    columns = {
        name: pyarrow.chunked_array(chunks, chunks[0].type if chunks else types[name]) for name, chunks in found.items()
    }
    return pyarrow.table(columns)
