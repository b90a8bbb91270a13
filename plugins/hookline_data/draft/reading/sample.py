"""Rows from all parts of a large file: a draft need not read every row."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO

from hookline_data.arrow_columns import arrow_file
from hookline_data.dialect.dialect import COMMAS, Dialect
from hookline_data.dialect.plain_text import is_stream, plain
from hookline_data.reading.csv.header import read_header

if TYPE_CHECKING:
    import pyarrow

MOST_BYTES = 2**25
"""The number of bytes of a text file to inspect."""

BLOCK = 2**20
"""How many bytes to take from one place."""

MOST_ROWS = 200_000
"""The number of rows of another file to inspect."""

MOST_CELLS = 2**25
"""The number of cells to inspect, if a file has many columns."""

LEAST_ROWS = 1000
"""The number of rows to inspect in any case."""

LEAST_BLOCKS = 4
"""How many blocks to take from each of many files in any case."""

PARTS = 16
"""From how many places to take rows."""


@contextmanager
def text_sample(path: Path, dialect: Dialect | None, files: int = 1) -> Iterator[tuple[Path, float]]:
    """Yield a small text file with lines from all parts of a large one, and the share of the lines that it has.

    A small file is yielded as it is, with the share 1. `dialect` is that of a CSV file, whose header is kept; the
    sample is in UTF-8, unpacked and without comments. With several files, the sample of each is smaller.
    """
    most = max(MOST_BYTES // files // BLOCK, LEAST_BLOCKS)
    with path.open("rb") as file, plain(file, dialect or COMMAS, path) as text:
        header = read_header(text, path, dialect) if dialect is not None and dialect.header else b""
        blocks, size = _of_stream(text, most) if is_stream(text) else _of_file(text, path, most)
    kept = sum(map(len, blocks))
    if kept >= size:
        yield path, 1.0
        return
    with TemporaryDirectory() as folder:
        sample = Path(folder) / "sample"
        sample.write_bytes(header + b"".join(blocks))
        yield sample, kept / size


def _of_file(file: BinaryIO, path: Path, most: int) -> tuple[list[bytes], int]:
    """Return blocks of whole lines from evenly spaced places of a file, and its size from the current position."""
    begin, size = file.tell(), path.stat().st_size
    step = (size - begin) / most
    if step <= BLOCK:
        return [], 0
    blocks = []
    for index in range(most):
        file.seek(begin + int(index * step))
        blocks.append(_whole_lines(file.read(BLOCK), begins_line=index == 0))
    return blocks, size - begin


def _of_stream(text: BinaryIO, most: int) -> tuple[list[bytes], int]:
    """Return evenly spaced blocks of whole lines of a text that can only be read in order, and its size."""
    blocks: list[bytes] = []
    stride, size, index = 1, 0, 0
    while block := text.read(BLOCK):
        size += len(block)
        if index % stride == 0:
            blocks.append(block)
        if len(blocks) > most:
            blocks, stride = blocks[::2], stride * 2
        index += 1
    if stride == 1:
        return blocks, size
    return [_whole_lines(block, begins_line=place == 0) for place, block in enumerate(blocks)], size


def _whole_lines(block: bytes, *, begins_line: bool) -> bytes:
    begin = 0 if begins_line else block.find(b"\n") + 1
    return block[begin : block.rfind(b"\n") + 1]


def rows_to_keep(columns: int, files: int) -> int:
    """Return how many rows to inspect in each of several files with this many columns."""
    return max(LEAST_ROWS, min(MOST_ROWS, MOST_CELLS // columns) // files)


def sampled(table: "pyarrow.Table", rows: int) -> "pyarrow.Table":
    """Return slices from all parts of a table with about this many rows; a small table as it is."""
    import pyarrow

    if table.num_rows <= rows:
        return table
    step, size = table.num_rows / PARTS, rows // PARTS
    return pyarrow.concat_tables([table.slice(int(part * step), size) for part in range(PARTS)])


def parquet_sample(path: Path, columns: list[str], files: int = 1) -> "tuple[pyarrow.Table, int]":
    """Read some columns of a Parquet file, and return rows from all parts, and how many rows there are."""
    from pyarrow import parquet

    rows = rows_to_keep(len(columns), files)
    with parquet.ParquetFile(path) as file:
        groups, total = file.num_row_groups, file.metadata.num_rows
        wanted = groups if total <= rows else min(groups, PARTS)
        chosen = [index * groups // wanted for index in range(wanted)]
        return sampled(file.read_row_groups(chosen, columns=columns), rows), total


def arrow_sample(path: Path, columns: list[str], files: int = 1) -> "tuple[pyarrow.Table, int]":
    """Read some columns of an Arrow file, and return rows from all parts, and how many rows there are."""
    table = arrow_file.read(path, columns)
    return sampled(table, rows_to_keep(len(columns), files)), table.num_rows
