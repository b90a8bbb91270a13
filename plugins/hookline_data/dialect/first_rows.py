"""Look at the first rows of a CSV file, to find text before the file is read."""

import csv
import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice

from hookline_data.dialect.csv_file import CSVFile
from hookline_data.reading.csv_format import DECIMAL_COMMA, MISSING_MARKS
from hookline_data.reading.csv_header import read_header
from hookline_data.reading.text_cells import NUMBER, with_point

LOOKED_AT = 2**16
"""How many bytes of rows to inspect."""

MOST_ROWS = 20
"""How many rows to inspect."""

NO_WORDS = frozenset(
    ["true", "false", "yes", "no", "t", "f", "y", "n", "nil", *(mark.lower() for mark in MISSING_MARKS)]
)
"""Words that may mean something other than text, in lower case."""


def text_columns(source: CSVFile, names: Sequence[str]) -> dict[str, tuple[int, str] | None]:
    """Return the columns that have words and no numbers in the first rows: row index from 0, and cell.

    A word among numbers is an error of that cell, which is reported when all rows are read. A number with another
    decimal sign is a word.
    """
    found: dict[str, tuple[int, str] | None] = {}
    numeric: set[str] = set()
    for row, cells in enumerate(first_rows(source)):
        if len(cells) != len(names):
            break
        for name, cell in zip(names, map(str.strip, cells), strict=True):
            if _is_words(cell, source.dialect.decimal_point):
                found.setdefault(name, (row, cell))
            elif re.match(NUMBER, with_point(cell, source.dialect.decimal_point)):
                numeric.add(name)
    return {name: cell for name, cell in found.items() if name not in numeric}


def first_rows(source: CSVFile) -> list[list[str]]:
    """Return the cells of the first complete rows after the header, up to the first one that cannot be read."""
    with source.open() as file:
        if source.dialect.header:
            read_header(file, source.path, source.dialect)
        begun = file.read(LOOKED_AT)
    lines = begun.decode("utf-8-sig", errors="replace").splitlines(keepends=True)
    whole = lines[:-1] if len(begun) == LOOKED_AT else lines
    rows: list[list[str]] = []
    with suppress(csv.Error):  # It is reported when the file is read.
        rows.extend(islice(filter(None, csv.reader(whole, **source.dialect.reader_options())), MOST_ROWS))
    return rows


def _is_words(cell: str, decimal_point: str) -> bool:
    """Whether a cell is neither a number nor a boolean nor a mark for a missing value."""
    if decimal_point == "." and re.match(DECIMAL_COMMA, cell):
        return True
    is_number = re.match(NUMBER, with_point(cell, decimal_point))
    return any(map(str.isalpha, cell)) and cell.lower() not in NO_WORDS and not is_number
