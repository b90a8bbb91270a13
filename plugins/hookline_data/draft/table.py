"""Reads a CSV file once, row by row, and summarizes its columns."""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TextIO

from hookline.errors import DataError, counted
from hookline_data.draft.columns import Column, ColumnSummary
from hookline_data.reading.csv_format import MOST_CELL_LINES
from hookline_data.reading.csv_header import check_names

ROWS_AT_ONCE = 4096

LONGEST_ROW = 4 * 2**20
"""The maximum number of characters in a row, so that a file without line breaks is not read to its end."""


def columns_of(path: Path) -> list[Column]:
    """The columns of a CSV file, in order.

    Raises:
        DataError: if the file cannot be read, or is not a table with a header and rows.

    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # A pipe or a device may have no end.
            raise DataError(f"{path}: This is not a regular file.")
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _columns(path, _rows(path, file))
    except OSError as error:
        raise DataError(f"{path}: The file cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: The file is not UTF-8 text.") from None


def _rows(path: Path, file: TextIO) -> Iterator[list[str]]:
    """The rows of the file, the header included."""
    length = 0

    def lines() -> Iterator[str]:
        nonlocal length
        while line := file.readline(LONGEST_ROW + 1 - length):
            length += len(line)
            if length > LONGEST_ROW:
                raise DataError(f"{path}: {what} more than {LONGEST_ROW // 2**20} MiB. There may be an unclosed quote.")
            yield line

    what, number = "The header has", 0
    rows = csv.reader(lines(), strict=True)
    while True:
        try:
            row = next(rows, None)
        except csv.Error as error:
            raise DataError(f"{path}: row {number}: A quote is not closed or is inside text: {error}.") from None
        if row is None:
            return
        if any(cell.count("\n") >= MOST_CELL_LINES for cell in row):
            raise DataError(
                f"{path}: row {number}: A cell has more than {MOST_CELL_LINES} lines. There may be an unclosed quote; "
                f"if it is right, write the spec yourself, with `multiline = true`."
            )
        if row:  # Empty lines are not rows.
            yield row
            number += 1
            what = f"row {number}: It has"
        length = 0


def _columns(path: Path, lines: Iterator[list[str]]) -> list[Column]:
    names = next(lines, [])
    check_names(path, names)
    if len(names) == 1:
        separator = next((sign for sign in ";\t|" if sign in names[0]), None)
        hint = f' The header has "{separator}" between names; it must be a comma.' if separator else ""
        raise DataError(f"{path}: There is only one column; a target and an input are needed.{hint}")
    summaries = [ColumnSummary() for _ in names]
    while rows := list(islice(lines, ROWS_AT_ONCE)):
        for row, cells in enumerate(rows, summaries[0].rows + 1):
            if len(cells) != len(names):
                message = f"It has {counted(len(cells), 'cell')}, but the header has {len(names)}."
                raise DataError(f"row {row}: {message}", file=path)
            if any("\0" in cell for cell in cells):
                raise DataError(f"row {row}: A cell contains a NUL character, so this is not text.", file=path)
        for summary, column in zip(summaries, zip(*rows, strict=True), strict=True):
            summary.add(column)
    if not summaries[0].rows:
        raise DataError(f"{path}: The file has a header but no rows.")
    return [summary.column(name, index) for index, (name, summary) in enumerate(zip(names, summaries, strict=True))]
