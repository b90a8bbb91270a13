"""Look at the first rows of a CSV file, to find text before the file is read."""

import csv
import re
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice

from hookline_data.dialect.csv_file import CSVFile
from hookline_data.reading.csv.header import read_header
from hookline_data.reading.text_cells import NUMBER, with_point
from hookline_data.reading.words import is_word

LOOKED_AT = 2**16
"""How many bytes of rows to inspect."""

MOST_ROWS = 20
"""How many rows to inspect."""


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
            if is_word(cell, source.dialect.decimal_point):
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
