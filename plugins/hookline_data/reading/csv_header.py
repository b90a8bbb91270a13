"""The first line of a CSV file: the names of its columns."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from hookline.errors import DataError, shortened
from hookline_data.reading.csv_format import WRITTEN_NUMBER
from hookline_data.reading.error_messages import as_sentences

LONGEST_HEADER = 4 * 2**20
"""The maximum number of bytes in a header, so that a file without line breaks is not read to its end."""

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_JSON = re.compile(r'[\[{]\s*["\[{\d-]')
_NUMBER = re.compile(rf"\s*{WRITTEN_NUMBER}\s*")


def column_names(path: Path) -> list[str]:
    """Return the names in the first line of the file.

    Raises:
        DataError: If the file cannot be read, is empty, or has two columns of the same name.

    """
    with as_sentences(path, lambda path, error: DataError(str(error), file=path)):
        rows = csv.reader(io.StringIO(header_of(path).decode("utf-8-sig"), newline=""))
        try:
            names = next((row for row in rows if row), [])
        except csv.Error as error:
            raise DataError(f"The header cannot be read: {error}. There may be an unclosed quote.", file=path) from None
    check_names(path, names)
    return names


def check_names(path: Path, names: Sequence[str]) -> None:
    """Raise a `DataError` if a first line is not a header: empty, not a row of names, or with a name twice."""
    if not names:
        raise DataError("The file is empty.", file=path)
    if _is_of_another_format(names) or any(map(_CONTROL.search, names)):
        raise DataError("This is not a table with column names in its first line.", file=path)
    if twice := sorted(name for name, times in Counter(names).items() if times > 1):
        hint = " It seems to have no header: its first line must be one, with names." * seems_to_lack_a_header(names)
        raise DataError(f'Two columns are named "{shortened(twice[0])}".{hint}', file=path)


def seems_to_lack_a_header(names: Sequence[str]) -> bool:
    """Whether the names look like a row of data: all of them, except at most one, are numbers that do not just count.

    >>> seems_to_lack_a_header(["5.1", "3.5", "setosa"]), seems_to_lack_a_header(["0", "1", "2"])
    (True, False)
    """
    numbers = [float(name) for name in names if _NUMBER.fullmatch(name)]
    counting = [numbers[0] + index for index in range(len(numbers))] if numbers else []
    return len(numbers) >= max(2, len(names) - 1) and numbers != counting


def _is_of_another_format(names: Sequence[str]) -> bool:
    """Whether a first line is JSON or HTML. A name in brackets, such as "[0]" or "<OPEN>", is neither."""
    first = names[0].strip()
    closed = {"{": "}", "[": "]"}.get(first[:1], "")
    is_open = _JSON.match(first) is not None and first.count(first[0]) > first.count(closed)
    is_closed = names[-1].strip()[-1:] in ("", "}", "]")
    return (is_open and is_closed) or (len(names) == 1 and first[:1] in ("{", "[", "<"))


def header_of(path: Path) -> bytes:
    """The first line, and the following ones if a quoted name continues there.

    Raises:
        DataError: if it is longer than `LONGEST_HEADER`.

    """
    header = b""
    with path.open("rb") as file:
        while len(header) <= LONGEST_HEADER and (line := file.readline(LONGEST_HEADER)):
            header += line
            if header.strip() and line.endswith(b"\n") and header.count(b'"') % 2 == 0:
                break
    if len(header) > LONGEST_HEADER:
        raise DataError(
            f"The header has more than {LONGEST_HEADER // 2**20} MiB. There may be an unclosed quote.", file=path
        )
    return header
