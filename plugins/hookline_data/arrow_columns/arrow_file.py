"""Arrow files, also called Feather files: the file format and the stream format of Arrow."""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.errors import DataError, shortened
from hookline_data.reading.columns import Place
from hookline_data.reading.error_messages import as_sentences, one_line

if TYPE_CHECKING:
    import pyarrow

SUFFIXES = (".arrow", ".arrows", ".feather", ".ipc")
"""The suffixes of such files."""


def is_arrow(begin: bytes) -> bool:
    """Whether the first bytes are those of an Arrow file: its magic, or the continuation marker of a stream."""
    return begin.startswith((b"ARROW1", b"\xff\xff\xff\xff"))


def column_names(path: Path) -> list[str]:
    """Return the column names, without the unnamed index that pandas writes.

    Raises:
        DataError: If the file cannot be read, or if two columns have the same name.

    """
    with as_sentences(path, sentence), _reader(path) as reader:
        found = list(reader.schema.names)
    names = [name for name in found if not re.fullmatch(r"__index_level_\d+__", name)]
    if twice := sorted(name for name, times in Counter(names).items() if times > 1):
        raise DataError(f'Two columns are named "{shortened(twice[0])}".', file=path)
    return names


def read(path: Path, columns: Collection[str]) -> "pyarrow.Table":
    """Return columns of a file; those that are missing are left out. Numbers are not copied if they need no unpacking.

    Raises:
        DataError: If the file cannot be read.

    """
    import pyarrow

    with as_sentences(path, sentence):
        found = list(batches(path, columns))
        return pyarrow.Table.from_batches(found) if found else pyarrow.table({name: [] for name in columns})


def batches(path: Path, columns: Collection[str]) -> "Iterator[pyarrow.RecordBatch]":
    """Yield the batches of a file, with some of its columns."""
    with _reader(path, columns) as reader:
        for batch in (
            map(reader.get_batch, range(reader.num_record_batches)) if hasattr(reader, "get_batch") else reader
        ):
            yield batch.select([name for name in columns if name in batch.schema.names])


@contextmanager
def _reader(path: Path, columns: Collection[str] | None = None) -> Iterator[Any]:
    """Open a file of either format; columns that are not in `columns` need not be unpacked."""
    import pyarrow
    from pyarrow import ipc

    with path.open("rb") as file:
        is_file = file.read(6) == b"ARROW1"
    options = ipc.IpcReadOptions()
    with pyarrow.memory_map(str(path)) as source:
        if columns is not None:
            names = (ipc.open_file if is_file else ipc.open_stream)(source).schema.names
            options.included_fields = [index for index, name in enumerate(names) if name in columns]
            source.seek(0)
        with (ipc.open_file if is_file else ipc.open_stream)(source, options=options) as reader:
            yield reader


def sentence(path: Place, error: "pyarrow.ArrowException") -> DataError:
    """Rephrase an error of pyarrow about an Arrow file."""
    return DataError(f"This is not an Arrow file, or it is damaged. {one_line(error)}.", file=path)
