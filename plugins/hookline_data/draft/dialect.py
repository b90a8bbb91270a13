"""Find out how a CSV file is written, as far as its first rows tell."""

import codecs
import csv
import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from hookline_data.dialect.mistakes import legacy_encoding
from hookline_data.files import compressed
from hookline_data.reading.csv_format import DECIMAL_COMMA

LOOKED_AT = 2**16
"""How many bytes to look at for the delimiter."""

AT_ONCE = 2**20
"""How many bytes to decode at once."""

MOST_LINES = 20
"""How many rows to look at."""

_MARKS = {
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
    lines = [line for line in text.splitlines(keepends=True) if line.strip()]
    if len(begin) == LOOKED_AT:
        lines = lines[:-1]
    options: dict[str, Any] = {} if encoding == "utf-8" else {"encoding": encoding}
    if len(lines) > 1 and lines[0].startswith("#") and not all(line.startswith("#") for line in lines):
        plain = [line for line in lines if not line.startswith("#")]
        if _width(plain, delimiter := _delimiter(plain)) != _width(lines[:1], delimiter):  # Otherwise it is the header.
            options["comment"], lines = "#", plain
    if not lines or lines[0].lstrip()[:1] in ("{", "[", "<"):
        return options
    delimiter = _delimiter(lines)
    if delimiter != ",":
        options["delimiter"] = delimiter
        cells = [cell.strip() for row in _rows(lines, delimiter) or () for cell in row]
        if any(re.match(DECIMAL_COMMA, cell) for cell in cells):
            options["decimal_point"] = ","
    return options


def _encoding(begin: bytes, file: BinaryIO) -> str:
    """Return the encoding of a file that begins with these bytes; all of it is decoded."""
    marked = next((name for mark, name in _MARKS.items() if begin.startswith(mark)), None)
    if marked is not None:
        return marked
    if len(begin) >= 4 and begin[:4].count(0) == 2:
        return "utf-16-be" if begin[0] == 0 else "utf-16-le"
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
    """Return the delimiter that divides all rows into equally many cells; the comma if none or several do."""
    widths = {sign: _width(lines, sign) for sign in (",", ";", "\t", "|")}
    if widths[","] > 1:
        return ","
    return max(widths, key=widths.__getitem__)


def _width(lines: Sequence[str], delimiter: str) -> int:
    """Return how many cells each row has; 0 if that differs among rows, 1 in a file of one column."""
    rows = _rows(lines, delimiter)
    widths = {len(row) for row in rows or ()}
    return widths.pop() if len(widths) == 1 else 0


def _rows(lines: Sequence[str], delimiter: str) -> list[list[str]] | None:
    try:
        return list(islice(csv.reader(lines, delimiter=delimiter), MOST_LINES))
    except csv.Error:
        return None
