"""Cells with line breaks: text of several lines, or rows that a wrong quote turns into one cell."""

import csv
import io
import re
from collections.abc import Iterator

from attrs import frozen

from hookline.errors import DataError
from hookline_data.dialect.csv_file import CSVFile
from hookline_data.reading.columns import cell_error
from hookline_data.reading.csv.format import MISSING_MARKS, MOST_CELL_LINES
from hookline_data.reading.text_cells import NUMBER, with_point

MOST_ROWS = 1000
"""The number of rows of a line, and of several, to inspect."""


@frozen
class _Row:
    """A row with line breaks."""

    number: int
    """Its index, from 0, without the header."""
    cells: list[str]
    lines: list[str]

    @property
    def column(self) -> int:
        """The index of the first cell with line breaks."""
        return next((index for index, cell in enumerate(self.cells) if "\n" in cell or "\r" in cell), 0)


def refuse_swallowed_rows(source: CSVFile, names: list[str]) -> str:
    """Refuse a file in which the lines of a cell are rows, and return the place of the first cell with line breaks.

    The lines of a cell are rows if all of them have as many cells as the file has columns, and if there are many, or
    numbers wherever the other rows have numbers.

    Raises:
        DataError: It names row and column.

    """
    ordinary: list[list[str]] = []
    several: list[_Row] = []
    for row in _rows(source):
        if len(row.lines) == 1 and len(ordinary) < MOST_ROWS:
            ordinary.append(row.cells)
        elif len(row.lines) > 1 and len(several) < MOST_ROWS:
            several.append(row)
    point = source.dialect.decimal_point
    numeric = [
        index
        for index in range(len(names))
        if ordinary and all(_is_number(row[index], point) for row in ordinary if index < len(row))
    ]
    for row in several:
        raw = [line.rstrip("\r\n").split(source.dialect.delimiter) for line in row.lines]
        are_rows = all(len(cells) == len(names) for cells in raw) and (numeric or len(raw) > MOST_CELL_LINES)
        if are_rows and all(_is_number(cells[index], point) for cells in raw for index in numeric):
            message = f"This cell has {len(raw)} lines, and each of them looks like a row: a quote is wrong or missing."
            raise cell_error(source.path, row.number, names[row.column], message=message)
    if not several:
        return ""
    return f'row {several[0].number + 1}, column "{names[several[0].column]}" has'


def _rows(source: CSVFile) -> Iterator[_Row]:
    """Yield the rows of a file with their lines."""
    with source.open() as file, io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="") as text:
        lines: list[str] = []

        def recorded() -> Iterator[str]:
            for line in text:
                lines.append(line)
                yield line

        number = -1 if source.dialect.header else 0
        try:
            for cells in csv.reader(recorded(), **source.dialect.reader_options()):
                if cells and number >= 0:
                    yield _Row(number, cells, list(lines))
                number += bool(cells)
                lines.clear()
        except csv.Error as error:
            raise DataError(f"The file cannot be read: {error}.", file=source.path) from None


def _is_number(cell: str, decimal_point: str) -> bool:
    text = cell.strip().strip("\"'")
    return text in MISSING_MARKS or re.match(NUMBER, with_point(text, decimal_point)) is not None
