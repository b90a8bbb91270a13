"""The first line of a CSV file: the names of its columns."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from hookline.errors import DataError, shortened
from hookline_data.dialect.csv_file import CSVFile
from hookline_data.dialect.dialect import COMMAS, Dialect
from hookline_data.reading.columns import Place
from hookline_data.reading.csv.format import WRITTEN_NUMBER
from hookline_data.reading.error_messages import as_sentences

LONGEST_HEADER = 4 * 2**20
"""The maximum number of bytes in a header, so that a file without line breaks is not read to its end."""

NO_HEADER = 'The first line seems to be data: set `header = false`. The columns are then called "f0", "f1" and so on.'
"""The advice for a file without a header."""

RENAME = "Rename one of them in the file, or list names for all columns in `names`, with `header = true`."
"""The advice for two columns of the same name."""

EMPTY = "The file is empty."
"""The message about a file without a first line."""

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_JSON = re.compile(r'[\[{]\s*["\[{\d-]')
_NUMBER = re.compile(rf"\s*{WRITTEN_NUMBER}\s*")


def column_names(path: Path, dialect: Dialect = COMMAS) -> list[str]:
    """Return the names in the first line of the file, or those that the dialect gives to its columns.

    Raises:
        DataError: If the file cannot be read, is empty, or has two columns of the same name.

    """
    with as_sentences(path, lambda path, error: DataError(str(error), file=path)):
        return names_in(header_of(CSVFile(path, dialect)), path, dialect)


def names_in(header: bytes, place: Place, dialect: Dialect = COMMAS) -> list[str]:
    """Return the names of the columns, given the first row; `place` is the file, or the name of another source.

    Raises:
        UnicodeDecodeError: If it is not UTF-8.
        DataError: If it is not a row of different names.

    """
    rows = csv.reader(io.StringIO(header.decode("utf-8-sig"), newline=""), **dialect.reader_options())
    try:
        first = next((row for row in rows if row), [])
    except csv.Error as error:
        raise DataError(f"The header cannot be read: {error}. There may be an unclosed quote.", file=place) from None
    if not first or not header.strip():
        skipped = dialect.skip_rows
        message = f"No line is left after the first {skipped}, which `skip_rows` skips." if skipped else EMPTY
        raise DataError(message, file=place, option=("skip_rows",) if skipped else None)
    names = dialect.names_of(first)
    check_names(place, names)
    return names


def check_names(path: Place, names: Sequence[str]) -> None:
    """Raise a `DataError` if a first line is not a header: empty, not a row of names, or with a name twice."""
    if not names:
        raise DataError(EMPTY, file=path)
    if _is_of_another_format(names) and (_JSON.match(names[0].strip()) or names[0].strip() in ("[", "{")):
        raise DataError("This is JSON, not a table. Write an object per line (JSON Lines).", file=path)
    if _is_of_another_format(names) or any(map(_CONTROL.search, names)):
        raise DataError("This is not a table with column names in its first line.", file=path)
    if twice := sorted(name for name, times in Counter(names).items() if times > 1):
        hint = f" {NO_HEADER}" if seems_to_lack_a_header(names) else f" {RENAME}"
        raise DataError(f'Two columns are named "{shortened(twice[0])}".{hint}', file=path)


def seems_to_lack_a_header(names: Sequence[str]) -> bool:
    """Whether the names look like a row of data: all of them, except at most one, are numbers, and these are not
    evenly spaced.

    >>> seems_to_lack_a_header(["5.1", "3.5", "setosa"]), seems_to_lack_a_header(["0", "1", "2"])
    (True, False)
    """
    numbers = [float(name) for name in names if _NUMBER.fullmatch(name)]
    if len(numbers) < max(2, len(names) - 1):
        return False
    step = numbers[1] - numbers[0] if len(numbers) > 2 else 1.0  # Names may be years or wavelengths.
    return not step or any(numbers[0] + index * step != number for index, number in enumerate(numbers))


def _is_of_another_format(names: Sequence[str]) -> bool:
    """Whether a first line is JSON or HTML. A name in brackets, such as "[0]" or "<OPEN>", is neither."""
    first = names[0].strip()
    closed = {"{": "}", "[": "]"}.get(first[:1], "")
    is_open = _JSON.match(first) is not None and first.count(first[0]) > first.count(closed)
    is_closed = names[-1].strip()[-1:] in ("", "}", "]")
    return (is_open and is_closed) or (len(names) == 1 and first[:1] in ("{", "[", "<"))


def naming(source: CSVFile) -> dict[str, Any]:
    """Return the arguments of pyarrow's `ReadOptions` that name the columns of a file."""
    if source.dialect.header and not source.dialect.names:
        return {}
    lines = header_of(source).count(b"\n") if source.dialect.header else 0
    return {"column_names": column_names(source.path, source.dialect), "skip_rows": lines}


def header_of(source: CSVFile) -> bytes:
    """The first line, and the following ones if a quoted name continues there.

    Raises:
        DataError: if it is longer than `LONGEST_HEADER`.

    """
    with source.open() as file:
        return read_header(file, source.path, source.dialect)


def read_header(file: BinaryIO, path: Place, dialect: Dialect = COMMAS) -> bytes:
    """Read the header from the beginning of a file in plain text: see `header_of`."""
    header, quote = b"", dialect.quote
    while len(header) <= LONGEST_HEADER and (line := file.readline(LONGEST_HEADER)):
        header += line
        if header.strip() and line.endswith(b"\n") and not (quote and header.count(quote) % 2):
            break
    if len(header) > LONGEST_HEADER:
        raise DataError(
            f"The header has more than {LONGEST_HEADER // 2**20} MiB. There may be an unclosed quote.", file=path
        )
    return header
