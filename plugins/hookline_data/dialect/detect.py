"""Find out how a CSV file is written, as far as its first rows tell."""

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from hookline_data.files import compressed
from hookline_data.reading.csv.format import DECIMAL_COMMA

LOOKED_AT = 2**16
"""The number of bytes to inspect for the delimiter."""

AT_ONCE = 2**20
"""How many bytes to decode at once."""

MOST_LINES = 20
"""The number of rows to inspect."""

MOST_SKIPPED = 10
"""How many lines there may be before a table."""

DELIMITERS = (",", ";", "\t", "|")
"""What may be between cells."""

MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte order marks, the longer ones first."""


def dialect_options(path: Path) -> dict[str, Any]:
    """Return the options of the source `CSV` that are not the defaults.

    Raises:
        OSError: If the file cannot be read.

    """
    with path.open("rb") as file:
        unpacked = compressed.unpacked(file, compressed.kind_of(file))
        try:
            return _of_file(unpacked)
        except OSError:
            raise
        except Exception as error:
            if compressed.damage(error) is None:
                raise
            return {}  # The source reports it.
        finally:
            unpacked.close()


def _of_file(file: BinaryIO) -> dict[str, Any]:
    begin = bytes(file.read(LOOKED_AT))
    encoding = _encoding(begin, file)
    text = begin.decode(encoding, errors="replace").removeprefix("\ufeff")
    lines = lines_of(text)
    if len(begin) == LOOKED_AT:
        lines = lines[:-1]
    return {**({} if encoding == "utf-8" else {"encoding": encoding}), **options_of(lines)}


def lines_of(text: str) -> list[str]:
    """Return the lines of a text with their ends. `splitlines` also divides at separators that cells may contain."""
    return list(io.StringIO(text, newline=""))


def options_of(lines: Sequence[str]) -> dict[str, Any]:
    """Return the options of the source `CSV`, except the encoding, that the first lines of a file need."""
    options: dict[str, Any] = {}
    if (skipped := _skipped(lines)) is not None:
        options["skip_rows"], lines = skipped, lines[skipped:]
    lines = [line for line in lines if line.strip()]
    if len(lines) > 1 and lines[0].startswith("#") and not all(line.startswith("#") for line in lines):
        plain = [line for line in lines if not line.startswith("#")]
        if _width(plain, delimiter := _delimiter(plain)) != _width(lines[:1], delimiter):  # Otherwise it is the header.
            options["comment"], lines = "#", plain
    if not lines or lines[0].lstrip()[:1] in ("{", "[", "<"):
        return options
    delimiter = _delimiter(lines)
    if delimiter != ",":
        options["delimiter"] = delimiter
    quote = "'" if _has_single_quotes(lines, delimiter) else '"'
    if quote != '"':
        options["quote_char"] = quote
    rows = _rows(lines, delimiter, quote) or []
    if delimiter != "," and any(re.match(DECIMAL_COMMA, cell.strip()) for row in rows for cell in row):
        options["decimal_point"] = ","
    if len(rows) > 1 and len(rows[0]) > 1 and {len(row) for row in rows[1:]} == {len(rows[0]) + 1}:
        options |= {"names": _names_of_all(rows), "header": True}
    return options


def _names_of_all(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a name for each column of rows that have one cell more than the header.

    It is the first one, as R writes row names, or the last one if a delimiter ends each row.
    """
    names = rows[0]
    if all(not row[-1].strip() for row in rows[1:]):
        return [*names, _new_name(names, "empty")]
    return [_new_name(names, "row"), *names]


def _skipped(lines: Sequence[str]) -> int | None:
    """Return how many lines are before a table, such as a title; `None` if there are none."""
    if not lines or lines[0].startswith("#") or lines[0].lstrip()[:1] in ("{", "[", "<"):
        return None
    some = lines[: MOST_SKIPPED + MOST_LINES]
    if any(_width([line for line in some if line.strip()], sign) > 1 for sign in DELIMITERS):
        return None
    for skipped in range(1, min(MOST_SKIPPED + 1, len(some) - 1)):
        rest = [line for line in some[skipped:] if line.strip()]
        above = [line for line in some[:skipped] if line.strip()]
        if some[skipped].strip() and any(
            (width := _width(rest, sign)) > 1 and all(_width([line], sign) < width - 1 for line in above)
            for sign in DELIMITERS
        ):
            return skipped
    return None


def _has_single_quotes(lines: Sequence[str], delimiter: str) -> bool:
    """Whether the names of all columns, or most cells that are not numbers, are in single quotes."""
    rows = _rows(lines, delimiter) or []
    cells = [cell.strip() for row in rows for cell in row if re.search("[A-Za-z]", cell)]
    quoted = [cell for cell in cells if len(cell) > 1 and cell[0] == cell[-1] == "'"]
    return len(quoted) * 2 > len(cells)


def _new_name(names: Sequence[str], like: str) -> str:
    """Return a name that none of the columns has."""
    return next(name for name in (like, *(f"{like}_{number}" for number in range(len(names) + 1))) if name not in names)


def _encoding(begin: bytes, file: BinaryIO) -> str:
    """Return the encoding of a file that begins with these bytes; all of it is decoded."""
    marked = next((name for mark, name in MARKS.items() if begin.startswith(mark)), None)
    if marked is not None:
        return marked
    if (unmarked := unmarked_encoding(begin)) is not None:
        return unmarked
    decoder = codecs.getincrementaldecoder("utf-8")()
    part = begin
    try:
        while part:
            decoder.decode(part)
            part = file.read(AT_ONCE)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return legacy_encoding(begin + part)
    return "utf-8"


def _delimiter(lines: Sequence[str]) -> str:
    """Return the delimiter that divides all rows into equally many cells, or else nearly all of them; the comma if none
    or several do.
    """
    widths = {sign: _width(lines, sign) for sign in DELIMITERS}
    if not any(widths.values()) or max(widths.values()) == 1:
        widths = {sign: _usual_width(lines, sign) for sign in DELIMITERS}
    if widths[","] > 1:
        return ","
    best = max(widths, key=widths.__getitem__)
    if widths[best] > 1:
        return best
    return " " if _width(lines, " ") > 1 and not any("  " in line for line in lines) else ","


def _width(lines: Sequence[str], delimiter: str) -> int:
    """Return how many cells each row has; 0 if that differs among rows, 1 in a file of one column."""
    rows = _rows(lines, delimiter)
    widths = {len(row) for row in rows or ()}
    return widths.pop() if len(widths) == 1 else 0


def _usual_width(lines: Sequence[str], delimiter: str) -> int:
    """Return how many cells most rows have; 0 if few rows have equally many."""
    rows = _rows(lines, delimiter) or []
    width, times = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
    return width if times * 4 >= len(rows) * 3 else 0


def _rows(lines: Sequence[str], delimiter: str, quote: str = '"') -> list[list[str]] | None:
    try:
        return list(islice(csv.reader(lines, delimiter=delimiter, quotechar=quote), MOST_LINES))
    except csv.Error:
        return None


def unmarked_encoding(begin: bytes) -> str | None:
    """Return the encoding of text in UTF-16 without a byte order mark, in which every other byte is usually 0."""
    is_zero = [byte == 0 for byte in begin[:4]]
    if is_zero == [True, False, True, False]:
        return "utf-16-be"
    return "utf-16-le" if is_zero == [False, True, False, True] else None


def legacy_encoding(text: bytes) -> str:
    """Return the likely encoding of text that is not UTF-8: that of Windows if it has characters that only it has."""
    return "cp1252" if any(0x80 <= byte < 0xA0 for byte in text) else "latin-1"
