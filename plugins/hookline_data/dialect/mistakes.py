"""Recognize the usual mistakes about a CSV file from its first bytes, and say which option to set."""

import codecs
import csv
import re
from collections.abc import Sequence
from itertools import islice

from hookline.errors import DataError, counted
from hookline.spec import to_json
from hookline_data.dialect.csv_file import CSVFile
from hookline_data.dialect.detect import MARKS, legacy_encoding, lines_of, options_of, unmarked_encoding
from hookline_data.files import compressed, kinds
from hookline_data.reading.csv.format import DECIMAL_COMMA

LOOKED_AT = 2**16
"""The number of bytes to inspect."""

MOST_LINES = 20
"""The number of rows to inspect."""

DELIMITERS = {",": '","', ";": '";"', "\t": '"\\t"', "|": '"|"'}
"""Delimiters, and how they are written in a spec."""


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
                raise _of_nul(source, begin)
    with source.open() as text:
        begin = text.read(LOOKED_AT)
    lines = lines_of(begin.decode("utf-8-sig", errors="replace"))
    lines = lines[:-1] if len(begin) == LOOKED_AT else lines
    given = [line for line in lines if line.strip()]
    if not given or _is_json(given[0]):
        return  # It is reported with the names of the columns.
    _refuse_other_delimiter(source, given)
    _refuse_other_lines(source, lines)
    _refuse_other_width(source, given)


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
    found = next((name for mark, name in MARKS.items() if begin.startswith(mark)), None)
    found = found or unmarked_encoding(begin)
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


def _of_nul(source: CSVFile, begin: bytes) -> DataError:
    """Return the error for a NUL character: of its row if it is the only one, as in a damaged file."""
    before = begin[: begin.index(b"\0")]
    row = sum(bool(line.strip()) for line in before.split(b"\n")[:-1]) + 1 - source.dialect.header
    if begin.count(b"\0") > 1 or row < 1 or source.dialect.skip_rows or source.dialect.comment:
        return DataError("This is not text: it contains NUL characters.", file=source.path)
    return DataError(f"row {row}: It contains a NUL character. The file is damaged.", file=source.path, row=row)


def _refuse_other_lines(source: CSVFile, lines: Sequence[str]) -> None:
    """Refuse a file that has lines above the table, comments, or row names that have no name."""
    dialect = source.dialect
    if not dialect.header or dialect.names:
        return
    widths = _widths(source, [line for line in lines if line.strip()], dialect.delimiter)
    if widths is None or _is_even(widths):
        return
    found = options_of(lines)
    if found.get("delimiter", ",") != dialect.delimiter:
        return
    if (skipped := found.get("skip_rows")) is not None and widths[0] == 1:
        are = "The first line is" if skipped == 1 else f"The first {skipped} lines are"
        raise DataError(f"{are} above the table. Set `skip_rows = {skipped}`.", file=source.path)
    if "comment" in found and not dialect.comment:
        raise DataError('Lines that begin with "#" are comments. Set `comment = "#"`.', file=source.path)
    if "names" in found:
        header = next(csv.reader([line for line in lines if line.strip()], **dialect.reader_options()))
        raise _of_names(found["names"], header, source)


def _of_names(names: Sequence[str], header: Sequence[str], source: CSVFile) -> DataError:
    """Return the error for rows that have one cell more than the header; `names` has a name for each of their cells."""
    if names[0] == header[0]:
        why, listed = "a delimiter ends each row", f"[{to_json(names[0])}, …, {to_json(names[-1])}]"
    else:
        why = "row names, as R writes them, have no name"
        listed = to_json(names[:3]).removesuffix("]") + (", …]" if len(names) > 3 else "]")
    return DataError(
        f"Each row has {counted(len(names), 'cell')}, but the header has {len(header)}: {why}. List the names of all "
        f"columns: `names = {listed}` and `header = true`.",
        file=source.path,
    )


def _refuse_other_width(source: CSVFile, lines: Sequence[str]) -> None:
    """Refuse a file if one of its first rows has more or fewer cells than the header."""
    dialect = source.dialect
    try:
        rows = [row for row in csv.reader(lines, **dialect.reader_options(), strict=True) if row]
    except csv.Error:
        return  # It is reported, with its row, when the file is read.
    if dialect.header and len(rows) == 1 and len(lines) == 1:
        raise DataError("The file has a header but no rows.", file=source.path)
    if not rows or any("\n" in cell for row in rows for cell in row):
        return  # An unclosed quote is reported when the file is read.
    expected = len(dialect.names) or len(rows[0])
    for number, row in enumerate(rows[1:] if dialect.header else rows, 1):
        if len(row) != expected:
            message = f"row {number}: It has {counted(len(row), 'cell')}, but {dialect.width} {expected}."
            raise DataError(message, file=source.path, row=number)


def _refuse_other_delimiter(source: CSVFile, lines: Sequence[str]) -> None:
    given = source.dialect.delimiter
    if (widths := _widths(source, lines, given)) is None or (widths[0] > 1 and _is_even(widths)):
        return
    for other, written in DELIMITERS.items():
        if other == given:
            continue
        others = _widths(source, lines, other)
        if others is not None and others[0] > max(1, widths[0]) and _is_even(others):
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
