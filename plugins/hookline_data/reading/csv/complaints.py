"""Explain why a CSV file cannot be read: the first cell that is not what is wanted, or the error of pyarrow."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.errors import DataError, counted, quoted_cell
from hookline.spec import to_json
from hookline_data.dialect.csv_file import CSVFile
from hookline_data.dialect.dialect import COMMAS, Dialect
from hookline_data.reading.columns import Place, Wanted, cell_error
from hookline_data.reading.csv.format import DECIMAL_COMMA, LONGEST_ROW
from hookline_data.reading.error_messages import CHANGED
from hookline_data.reading.text_cells import INTEGER, NUMBER, with_point

if TYPE_CHECKING:
    import pyarrow

MOST_BLANK = 2**16
"""How many bytes to search for a header."""

SIGNS = "%$€£¥"
"""Signs beside a number that a kind of column can ignore."""

THOUSANDS = r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?"
"""A regular expression for a number with commas between thousands."""

NOT_UTF8 = 'The file is not UTF-8 text. Set its `encoding`, such as "latin-1", "cp1252" or "utf-16".'
"""The message about a file in another encoding."""


def first_bad_cell(text: "pyarrow.Table", wanted: Mapping[str, Wanted], path: Path) -> DataError | None:
    """Return the error for the first cell, row by row, that is not a number. The columns are given as text."""
    for row, cells in enumerate(zip(*(text.column(name).to_pylist() for name in wanted), strict=True)):
        for cell, (name, column) in zip(cells, wanted.items(), strict=True):
            if (complaint := complaint_about(cell, column)) and not column.allows(cell):
                return cell_error(path, row, name, message=complaint)
    return None


def complaint_about(cell: str, wanted: Wanted) -> str:
    """Return why a cell is not a number or integer, as wanted, in a sentence; empty if it is."""
    if not cell.strip():
        return wanted.empty
    if cell.strip() in wanted.missing:
        return wanted.missing_mark(cell.strip(), 0)
    if is_read_as(wanted.kind, cell, wanted.decimal_point):
        return ""
    if wanted.kind == "number":
        return f"{quoted_cell(cell)} is not a number{wanted.reason}{number_hint(cell, wanted.decimal_point)}"
    return f"{quoted_cell(cell)} is {'too large for int64' if re.match(INTEGER, cell.strip()) else 'not an integer'}."


def number_hint(cell: str, decimal_point: str) -> str:
    """Return the advice about a number that is written in another way, with a leading space; empty for other cells.

    >>> number_hint("$1,200", ".")
    ' Give the column a kind that reads it: { type = "Number", thousands = ",", affixes = ["$"] }.'
    """
    if decimal_point == "." and re.match(DECIMAL_COMMA, cell.strip()):
        return ' If the comma is the decimal sign, set `decimal_point = ","`.'
    if decimal_point != "." and re.match(NUMBER, cell.strip()):
        return f' The decimal sign is "{decimal_point}", according to `decimal_point`.'
    signs = sorted(set(SIGNS) & set(cell))
    number = "".join(character for character in cell.strip() if character not in SIGNS).strip()
    thousands = ['thousands = ","'] if decimal_point == "." and re.fullmatch(THOUSANDS, number) else []
    if not thousands and not (signs and re.match(NUMBER, number)):
        return ""
    affixes = [f"affixes = {to_json(signs)}"] if signs else []
    options = ", ".join(['type = "Number"', *thousands, *affixes])
    return f" Give the column a kind that reads it: {{ {options} }}."


def is_read_as(kind: str, cell: str, decimal_point: str = ".") -> bool:
    """Whether pyarrow reads the cell as such a number; it is stricter than Python."""
    import pyarrow
    from pyarrow import compute

    try:
        written = with_point(cell.strip(), decimal_point)
        number = compute.cast(written, pyarrow.int64() if kind == "integer" else pyarrow.float64()).as_py()
    except pyarrow.ArrowInvalid:
        return False
    return number == number  # NaN is not a number.


def sentence(path: Place, error: "pyarrow.ArrowException", dialect: Dialect = COMMAS) -> DataError:
    """Rephrase an error of pyarrow."""
    message = str(error)
    if isinstance(error, KeyError):
        return DataError(CHANGED, file=path)
    if "Empty CSV file" in message:
        # pyarrow reports a header without a line break in the same way.
        with CSVFile(Path(path), dialect).open() as file:
            has_header = file.read(MOST_BLANK).strip()
        return DataError(f"The file {'has a header but no rows' if has_header else 'is empty'}.", file=path)
    if "straddling" in message:
        message = f"A row has more than {LONGEST_ROW // 2**20} MiB. There may be an unclosed quote."
        return DataError(message, file=path)
    if "invalid UTF8" in message:
        return DataError(NOT_UTF8, file=path)
    if uneven := re.match(r"CSV parse error: Row #(\d+): Expected (\d+) columns, got (\d+)", message):
        line, expected, found = map(int, uneven.groups())
        row = line - dialect.header
        message = f"row {row}: It has {counted(found, 'cell')}, but {dialect.width} {expected}."
        return DataError(message, file=path, row=row)
    return DataError(f"This is not a CSV file. {message}", file=path)
