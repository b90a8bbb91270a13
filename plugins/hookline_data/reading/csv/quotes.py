"""Find unclosed quotes in a CSV file, which would turn all rows up to the next quote into one cell."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

from hookline.errors import DataError
from hookline_data.arrow_columns import distinct
from hookline_data.dialect.csv_file import CSVFile
from hookline_data.dialect.dialect import COMMAS, Dialect
from hookline_data.reading.columns import cell_error
from hookline_data.reading.csv.format import MOST_CELL_LINES

if TYPE_CHECKING:
    import pyarrow


BLOCK = 2**20
"""How many bytes to read at once."""


class _Patterns:
    """Regular expressions for the cells of a line, given the delimiter and the quote."""

    def __init__(self, delimiter: str, quote: str):
        d, q = re.escape(delimiter), re.escape(quote)
        closed = rf"[^{q}]*+(?:{q}{q}[^{q}]*+)*+{q}"
        self.cells = re.compile(rf"(?:(?:{q}{closed}[^{d}\n]*+|[^{q}{d}\n][^{d}\n]*+|){d})*+")
        """The cells of a line that end with a delimiter. A quote inside text that did not begin with one is an ordinary
        character."""
        self.open = re.compile(rf"{q}[^{q}]*+(?:{q}{q}[^{q}]*+)*+\Z")
        self.rest = re.compile(rf"{closed}([^{d}\n]*+)({d}?)")

    def end_of_cells(self, line: str, begin: int) -> int:
        """Return where the last cell of a line, which may be open, begins."""
        cells = self.cells.match(line, begin)
        return begin if cells is None else cells.end()


@cache
def _patterns(delimiter: str, quote: str) -> _Patterns:
    return _Patterns(delimiter, quote)


def refuse_swallowed_rows(source: CSVFile, rows: int | None, *, multiline: bool) -> None:
    """Raise a `DataError` for a quote that is probably a mistake; it names row and column of the cell that it opens.

    A quote is suspicious if it is still open at the end of the file, if it is closed lines later within text, or,
    unless `multiline` is true, if it opens a cell of many lines.

    `rows` is the number of rows that a reader has found, `None` if it failed. If it equals the number of lines, no
    quote is suspicious, and the file is not searched.
    """
    if _has_quotes(source) and (rows is None or not _has_a_line_for_each(source, rows)):
        with _lines(source) as lines:
            scan(
                lines,
                None if multiline else MOST_CELL_LINES,
                -1 if source.dialect.header else 0,
                lambda row, column, message: _error(source, row, column, message),
                dialect=source.dialect,
            )


@contextmanager
def _lines(source: CSVFile) -> Iterator[Iterable[str]]:
    """Open the file, of which only delimiters, quotes and line breaks matter."""
    with source.open() as file, io.TextIOWrapper(file, encoding="latin-1") as lines:
        yield lines


def _has_quotes(source: CSVFile) -> bool:
    if not source.dialect.quote:
        return False
    with source.open() as file:
        return any(source.dialect.quote in chunk for chunk in iter(lambda: file.read(BLOCK), b""))


def _has_a_line_for_each(source: CSVFile, rows: int) -> bool:
    """Whether the header and each row are one nonempty line, and the last line is complete."""
    patterns = _patterns(source.dialect.delimiter, source.dialect.quote_char)
    count, last = _counted(source) or (0, "")
    if not count:
        with _lines(source) as lines:
            for line in lines:
                if line != "\n":
                    count, last = count + 1, line
    return count == rows + source.dialect.header and not patterns.open.match(last, patterns.end_of_cells(last, 0))


def _counted(source: CSVFile) -> tuple[int, str] | None:
    """Return the number of lines and the last one, quickly; `None` if there may be blank lines or line ends with CR."""
    import numpy

    memory = bytearray(BLOCK)
    block, is_end, found = numpy.frombuffer(memory, numpy.uint8), numpy.empty(BLOCK, bool), numpy.empty(BLOCK, bool)
    count, last, is_after_end = 0, b"", True
    with source.open() as file:
        while size := cast("io.BufferedReader", file).readinto(memory):
            ends = numpy.equal(block[:size], ord("\n"), out=is_end[:size])
            has_return = numpy.equal(block[:size], ord("\r"), out=found[:size]).any()
            has_blank = numpy.logical_and(ends[1:], ends[:-1], out=found[: size - 1]).any() or (
                is_after_end and ends[0]
            )
            if has_return or has_blank:
                return None
            count += int(numpy.count_nonzero(ends))
            begin = memory.rfind(b"\n", 0, size - 1) + 1
            last = bytes(memory[begin:size]) if begin or is_after_end else last + bytes(memory[:size])
            is_after_end = bool(ends[-1])
    return count + (not is_after_end), last.decode("latin-1").removesuffix("\n") + "\n"


def scan(
    text: Iterable[str],
    most: int | None,
    row: int,
    error: Callable[[int, int, str], DataError],
    *,
    is_all: bool = True,
    dialect: Dialect = COMMAS,
) -> int:
    r"""Scan each line, as a reader does, and return how many lines belong to complete rows.

    Args:
        text: The lines, with "\n" at their ends.
        most: The largest number of lines of a cell; `None` if it may have any.
        row: The number of rows before the first line.
        error: Returns the error of a cell, given its row, its column, counted from 1, and the message.
        is_all: Whether nothing follows the last line. Otherwise a cell that is open there is not an error.
        dialect: The delimiter and the quote.

    Raises:
        DataError: If a quote is probably a mistake: see `refuse_swallowed_rows`.

    """
    patterns, quote = _patterns(dialect.delimiter, dialect.quote_char), dialect.quote_char
    lines = count = complete = 0
    before: str | None = None  # The cells before the open one in its row; `None` if no cell is open.
    for count, line in enumerate(text, 1):
        at, cells = 0, ""
        if before is None:
            row += line != "\n"
        else:
            lines += 1
            if most is not None and lines > most:
                raise error(row, _column(before, dialect), f"{_many_lines(f'more than {most}')}.")
            rest = patterns.rest.match(line)
            if rest is None:
                continue
            if rest[1].strip():
                message = f"This cell has {lines} lines, and text follows its closing quote: a quote is missing."
                raise error(row, _column(before, dialect), message)
            at, cells, before = rest.end(), f"{before}x{dialect.delimiter}", None
        if quote in line:
            begin = patterns.end_of_cells(line, at)
            if patterns.open.match(line, begin):
                before, lines = cells + line[at:begin], 1
        if before is None:
            complete = count
    if before is not None and is_all:
        raise error(row, _column(before, dialect), "The opening quote of this cell is not closed.")
    return complete


def refuse_line_breaks(cells: "pyarrow.ChunkedArray", name: str, path: Path) -> None:
    """Raise a `DataError` if a cell of encoded text has a line break.

    Two stray quotes would turn several rows into one class name.
    """
    from pyarrow import compute

    breaks = compute.match_substring_regex(distinct.values(cells), "[\\r\\n]")
    if compute.any(breaks).as_py():
        row = int(distinct.rows_with(cells, breaks).argmax())
        lines = len(distinct.decoded(cells)[row].as_py().splitlines())
        raise cell_error(path, row, name, message=f"{_many_lines(str(max(lines, 2)))}.")


def _many_lines(count: str) -> str:
    return f"This cell has {count} lines. Set `multiline = true` to allow this, or close its opening quote"


def _column(before: str, dialect: Dialect) -> int:
    """Return the column of a cell, counted from 1; `before` is the text of the cells before it in the row."""
    return len(next(csv.reader([f"{before}x"], **dialect.reader_options())))


def _error(source: CSVFile, row: int, column: int, message: str) -> DataError:
    if row == 0:
        return DataError(f"column {column} of the header: {message}", file=source.path)
    with source.open() as file, io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="") as text:
        first = next((names for names in csv.reader(text, **source.dialect.reader_options()) if names), [])
    names = source.dialect.names_of(first)
    name = names[column - 1] if column <= len(names) else str(column)
    return cell_error(source.path, row - 1, name, message=message)
