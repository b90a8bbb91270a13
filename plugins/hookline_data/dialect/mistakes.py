"""Recognize the usual mistakes about a CSV file from its first bytes, and say which option to set."""

import codecs
import csv
import re
from collections.abc import Sequence
from itertools import islice

from hookline.errors import DataError
from hookline_data.dialect.csv_file import CSVFile
from hookline_data.files import compressed, kinds
from hookline_data.reading.csv_format import DECIMAL_COMMA

LOOKED_AT = 2**16
"""How many bytes to look at."""

MOST_LINES = 20
"""How many rows to look at."""

DELIMITERS = {",": '","', ";": '";"', "\t": '"\\t"', "|": '"|"'}
"""Delimiters, and how they are written in a spec."""

_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte order marks, the longer ones first."""


def refuse(source: CSVFile) -> None:
    """Raise a `DataError` if a file certainly has another format, encoding or delimiter than its dialect.

    Raises:
        DataError: With the option to set.

    """
    try:
        begin = _begin(source)
    except OSError:
        return  # It is reported when the names of the columns are read.
    if source.dialect.is_utf8:
        _refuse_other_encoding(source, begin)
        if (kind := kinds.of_bytes(begin[: kinds.LOOKED_AT])) not in ("text", "JSON") or b"\0" in begin:
            kinds.refuse_other(source.path, "CSV")
            if kind == "text":
                raise DataError("This is not text: it contains NUL characters.", file=source.path)
    with source.open() as text:
        begin = text.read(LOOKED_AT)
    _refuse_other_delimiter(source, begin)


def _begin(source: CSVFile) -> bytes:
    """Return the first bytes of the file, unpacked but not decoded."""
    with source.path.open("rb") as file:
        unpacked = compressed.unpacked(file, compressed.kind_of(file))
        try:
            return bytes(unpacked.read(LOOKED_AT))
        except Exception as error:
            if (what := compressed.damage(error)) is None:
                raise
            raise DataError(f"The file is damaged: {what}.", file=source.path) from None
        finally:
            unpacked.close()


def _refuse_other_encoding(source: CSVFile, begin: bytes) -> None:
    found = next((name for mark, name in _MARKS.items() if begin.startswith(mark)), None)
    if found is None and len(begin) >= 4 and begin[:4].count(0) == 2:
        found = {b"\0": "utf-16-be"}.get(begin[:1], "utf-16-le")
    if found is None and kinds.of_bytes(begin[: kinds.LOOKED_AT]) not in ("text", "JSON", "JSONLines"):
        return  # A file of another kind is reported as such.
    if found is None:
        try:
            codecs.getincrementaldecoder("utf-8")().decode(begin)
        except UnicodeDecodeError as error:
            found = legacy_encoding(begin)
            what = f"byte {error.start + 1:,} is 0x{begin[error.start]:02X}"
            message = f'The file is not UTF-8 text ({what}). It may be `encoding = "{found}"`.'
            raise DataError(message, file=source.path) from None
    else:
        raise DataError(f'The text is in {found.upper()}. Set `encoding = "{found}"`.', file=source.path)


def legacy_encoding(text: bytes) -> str:
    """Return the likely encoding of text that is not UTF-8: that of Windows if it has characters that only it has."""
    return "cp1252" if any(0x80 <= byte < 0xA0 for byte in text) else "latin-1"


def _refuse_other_delimiter(source: CSVFile, begin: bytes) -> None:
    text = begin.decode("utf-8-sig", errors="replace")
    lines = [line for line in text.splitlines(keepends=True) if line.strip()]
    if len(begin) == LOOKED_AT:
        lines = lines[:-1]
    given = source.dialect.delimiter
    if len(lines) < 1 or (widths := _widths(source, lines, given)) is None or (widths[0] > 1 and _is_even(widths)):
        return
    for other, written in DELIMITERS.items():
        if other == given:
            continue
        others = _widths(source, lines, other)
        if others is not None and others[0] > max(1, widths[0]) and _is_even(others) and not _is_json(lines[0]):
            also = "" if other == "," or not _has_decimal_commas(source, lines, other) else ' and `decimal_point = ","`'
            message = f"The cells are separated by {_spoken(other)}, not {_spoken(given)}. "
            message += f"Set `delimiter = {written}`{also}."
            raise DataError(message, file=source.path)


def _widths(source: CSVFile, lines: Sequence[str], delimiter: str) -> list[int] | None:
    """Return how many cells the first rows have with a delimiter."""
    options = {**source.dialect.reader_options(), "delimiter": delimiter}
    try:
        return [len(row) for row in islice(csv.reader(lines, **options), MOST_LINES)]
    except csv.Error:
        return None


def _is_even(widths: Sequence[int]) -> bool:
    return len(set(widths)) == 1


def _is_json(line: str) -> bool:
    return line.lstrip()[:1] in ("{", "[", "<")


def _has_decimal_commas(source: CSVFile, lines: Sequence[str], delimiter: str) -> bool:
    """Whether a cell is a number with a comma as its decimal sign."""
    options = {**source.dialect.reader_options(), "delimiter": delimiter}
    rows = islice(csv.reader(lines, **options), MOST_LINES)
    if source.dialect.decimal_point == ",":
        return False
    return any(re.match(DECIMAL_COMMA, cell.strip()) for row in rows for cell in row)


def _spoken(delimiter: str) -> str:
    return {"\t": "tabs", ",": "commas", ";": "semicolons", " ": "spaces"}.get(delimiter, f'"{delimiter}"')
