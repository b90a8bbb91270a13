"""Find unclosed quotes in a CSV file, which would turn all rows up to the next quote into one cell."""

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.errors import DataError
from hookline_data.reading.columns import cell_error
from hookline_data.reading.csv_format import MOST_CELL_LINES

if TYPE_CHECKING:
    import pyarrow


_CLOSED = r'[^"]*+(?:""[^"]*+)*+"'
_CELLS = re.compile(rf'(?:(?:"{_CLOSED}[^,\n]*+|[^",\n][^,\n]*+|),)*+')
"""The cells of a line that end with a comma. A quote inside text that did not begin with one is an ordinary
character."""
_OPEN = re.compile(r'"[^"]*+(?:""[^"]*+)*+\Z')
_REST = re.compile(rf"{_CLOSED}([^,\n]*+)(,?)")


def refuse_swallowed_rows(path: Path, rows: int | None, *, multiline: bool) -> None:
    """Raise a `DataError` for a quote that is probably a mistake; it names row and column of the cell that it opens.

    A quote is suspicious if it is still open at the end of the file, if it is closed lines later within text, or,
    unless `multiline` is true, if it opens a cell of many lines.

    `rows` is the number of rows that a reader has found, `None` if it failed. If it equals the number of lines, no
    quote is suspicious, and the file is not searched.
    """
    if _has_quotes(path) and (rows is None or not _has_a_line_for_each(path, rows)):
        _scan(path, most=None if multiline else MOST_CELL_LINES)


def _has_quotes(path: Path) -> bool:
    with path.open("rb") as file:
        return any(b'"' in chunk for chunk in iter(lambda: file.read(2**20), b""))


def _has_a_line_for_each(path: Path, rows: int) -> bool:
    """Whether the header and each row are one nonempty line, and the last line is complete."""
    count, last = 0, ""
    with path.open(encoding="latin-1") as file:
        for line in file:
            if line != "\n":
                count, last = count + 1, line
    return count == rows + 1 and not _OPEN.match(last, _end_of_cells(last, 0))


def _end_of_cells(line: str, begin: int) -> int:
    """Return where the last cell of a line, which may be open, begins."""
    cells = _CELLS.match(line, begin)
    return begin if cells is None else cells.end()


def _scan(path: Path, most: int | None) -> None:
    """Scan each line, as a reader does."""
    row, lines = -1, 0
    before: str | None = None  # The cells before the open one in its row; `None` if no cell is open.
    with path.open(encoding="latin-1") as file:  # Only commas, quotes and line breaks matter.
        for line in file:
            at, cells = 0, ""
            if before is None:
                row += line != "\n"
            else:
                lines += 1
                if most is not None and lines > most:
                    raise _error(path, row, before, _many_lines(f"more than {most}"))
                rest = _REST.match(line)
                if rest is None:
                    continue
                if rest[1].strip():
                    message = f"This cell has {lines} lines, and text follows its closing quote: a quote is missing"
                    raise _error(path, row, before, message)
                at, cells, before = rest.end(), f"{before}x,", None
            if '"' in line:
                begin = _end_of_cells(line, at)
                if _OPEN.match(line, begin):
                    before, lines = cells + line[at:begin], 1
    if before is not None:
        raise _error(path, row, before, "The opening quote of this cell is not closed")


def refuse_line_breaks(cells: "pyarrow.ChunkedArray", name: str, path: Path) -> None:
    """Raise a `DataError` if a cell has a line break: two stray quotes would turn several rows into one class name."""
    from pyarrow import compute

    breaks = compute.match_substring_regex(cells, "[\\r\\n]")
    if (row := compute.index(breaks, value=True).as_py()) >= 0:
        lines = len(cells[row].as_py().splitlines())
        raise cell_error(path, row, name, message=f"{_many_lines(str(max(lines, 2)))}.")


def _many_lines(count: str) -> str:
    return f"This cell has {count} lines. Set `multiline = true` to allow this, or close its opening quote"


def _error(path: Path, row: int, before: str, message: str) -> DataError:
    """Return the error of a cell; `before` is the text of the cells before it in the row."""
    column = len(next(csv.reader([f"{before}x"])))
    if row == 0:
        return DataError(f"column {column} of the header: {message}.", file=path)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        names = next((names for names in csv.reader(file) if names), [])
    name = names[column - 1] if column <= len(names) else str(column)
    return cell_error(path, row - 1, name, message=f"{message}.")
