"""Lines below the rows of a CSV file, such as totals or a source."""

import csv
from pathlib import Path
from typing import BinaryIO

from hookline_data.dialect.dialect import Dialect
from hookline_data.files import compressed

LOOKED_AT = 2**16
"""How many bytes to look at, at the end of a file."""

MOST_LINES = 3
"""The largest number of lines below the rows."""

LEAST_ROWS = 3
"""The smallest number of rows above these lines that show how many cells a row has."""


def footer_lines(path: Path, dialect: Dialect) -> int:
    """Return how many lines are below the rows: the last ones, with fewer cells than all rows above.

    Only the end of a file that is not compressed is read. Without a clear answer it is 0.

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
    footer = next((number for number, found in enumerate(reversed(widths)) if found == width), 0)
    above = set(widths[: len(widths) - footer])
    return footer if footer <= MOST_LINES and len(widths) - footer >= LEAST_ROWS and above == {width} else 0


def _last_lines(file: BinaryIO, dialect: Dialect) -> list[str]:
    """Return the last lines of a file, without those above the header, comments, and one that is cut off."""
    size = file.seek(0, 2)
    file.seek(max(0, size - LOOKED_AT))
    lines = file.read().decode(dialect.encoding, errors="replace").splitlines(keepends=True)
    skipped = 1 if size > LOOKED_AT else dialect.skip_rows
    comment = dialect.comment or "\0"
    return [line for line in lines[skipped:] if line.strip() and not line.startswith(comment)]
