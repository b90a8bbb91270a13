"""Lines below the rows of a CSV file, such as totals or a source."""

import csv
import re
from pathlib import Path
from typing import BinaryIO

from hookline_data.dialect.detect import lines_of
from hookline_data.dialect.dialect import Dialect
from hookline_data.files import compressed

LOOKED_AT = 2**16
"""The number of bytes to inspect, at the end of a file."""

MOST_LINES = 3
"""The largest number of lines below the rows."""

LEAST_ROWS = 3
"""The smallest number of rows above these lines that show how many cells a row has."""


SENTENCE = re.compile(r"[^\W\d].*[\s:]|[\s:].*[^\W\d]")
"""A regular expression for text of several words, or with a colon."""


def footer_lines(path: Path, dialect: Dialect) -> int:
    """Return how many lines are below the rows: sentences with at least two cells fewer than all rows above.

    Only the end of a file that is not compressed is read. Without a clear answer it is 0, such as for a last row that
    is cut off.

    Raises:
        OSError: If the file cannot be read.

    """
    with path.open("rb") as file:
        if compressed.kind_of(file) is not None or dialect.encoding.lower().startswith(("utf-16", "utf-32")):
            return 0
        lines = _last_lines(file, dialect)
    try:
        rows = [row for row in csv.reader(lines, **dialect.reader_options(), strict=True) if row]
    except csv.Error:  # A quote that is not closed is reported with its row.
        return 0
    widths = [len(row) for row in rows]
    width = max(widths, default=0)
    footer = next((number for number, found in enumerate(reversed(widths)) if found > width - 2), 0)
    above, below = rows[: len(rows) - footer], rows[len(rows) - footer :]
    if footer > MOST_LINES or len(above) < LEAST_ROWS or {len(row) for row in above} != {width}:
        return 0
    return footer if all(any(map(SENTENCE.search, row)) for row in below) else 0


def _last_lines(file: BinaryIO, dialect: Dialect) -> list[str]:
    """Return the last lines of a file, without those above the header, comments, and one that is cut off."""
    size = file.seek(0, 2)
    file.seek(max(0, size - LOOKED_AT))
    lines = lines_of(file.read().decode(dialect.encoding, errors="replace"))
    skipped = 1 if size > LOOKED_AT else dialect.skip_rows
    comment = dialect.comment or "\0"
    return [line for line in lines[skipped:] if line.strip() and not line.startswith(comment)]
