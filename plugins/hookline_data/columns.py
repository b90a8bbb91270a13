"""Columns of a CSV file: which ones are chosen, and their cells as numbers or text."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline import DataError, did_you_mean

if TYPE_CHECKING:
    import numpy
    import pyarrow
    from numpy.typing import NDArray

INTEGER = r"^[+-]?(0|[1-9][0-9]*)$"
NUMBER = r"^[+-]?(((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|(?i:nan|inf|infinity))$"


def column_names(path: Path) -> list[str]:
    """The names in the first line of the file.

    Raises:
        DataError: if the file cannot be read, is empty, or has two columns of one name.

    """
    import pyarrow
    from pyarrow import csv

    # The header alone is read: a streaming reader would leave a thread that reads on behind.
    with _as_sentences(path):
        table = csv.read_csv(pyarrow.BufferReader(_header(path)), read_options=csv.ReadOptions(use_threads=False))
        names = list(table.column_names)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(f'{path}: Two columns are called "{twice[0]}".')
    return names


def _header(path: Path) -> bytes:
    """The first line, and the next ones if a quoted name goes on there."""
    header = b""
    with path.open("rb") as file:
        for line in file:
            header += line
            if header.strip() and header.count(b'"') % 2 == 0:
                break
    return header


def chosen(patterns: Iterable[str], names: Sequence[str], excluded: Iterable[str], path: Path) -> list[str]:
    """The columns that the names and patterns choose, in the order of the file, without those that are excluded.

    Raises:
        DataError: if a name or pattern chooses nothing.

    """
    excluded = set(excluded)
    found: set[str] = set()
    for pattern in patterns:
        # A name counts as such, though it may look like a pattern.
        matches = {pattern} if pattern in names else {name for name in names if fnmatchcase(name, pattern)}
        if "" in matches:
            raise DataError(f'{path}: Column {names.index("") + 1} has no name, and "{pattern}" would choose it.')
        if not matches:
            raise DataError(f'{path}: There is no column "{pattern}".{did_you_mean(pattern, names)}')
        if clashing := sorted({pattern} & excluded):
            raise DataError(
                f'{path}: The column "{clashing[0]}" is a target, or says the split: it cannot be an input.'
            )
        found |= matches
    return [name for name in names if name in found and name not in excluded]


def read(path: Path, numeric: Sequence[str], text: Sequence[str]) -> "pyarrow.Table":
    """These columns of the file, read in one go: the first as float64, the others as text.

    Raises:
        DataError: if it is no table, or if a cell of a numeric column is not a number; names row and column.

    """
    import pyarrow
    from pyarrow import csv

    types = {**dict.fromkeys(numeric, pyarrow.float64()), **dict.fromkeys(text, pyarrow.string())}
    options = csv.ConvertOptions(include_columns=list(types), column_types=types)
    try:
        return csv.read_csv(path, convert_options=options)
    except pyarrow.ArrowInvalid:
        pass
    try:
        # Cells with line breaks are rare, and slow, since the file cannot be divided among threads.
        return csv.read_csv(path, convert_options=options, parse_options=csv.ParseOptions(newlines_in_values=True))
    except pyarrow.ArrowInvalid as error:
        raise _first_bad_cell(path, numeric) or _sentence(path, error) from None


def numbers(table: "pyarrow.Table", columns: Sequence[str], path: Path) -> "NDArray[numpy.float32]":
    """The cells of numeric columns, float32 of shape `(rows, columns)`.

    Raises:
        DataError: if a cell is empty or not finite; names row and column.

    """
    import numpy

    matrix = numpy.empty((table.num_rows, len(columns)), dtype=numpy.float32)
    for index, name in enumerate(columns):
        column = table.column(name)
        if column.null_count:
            raise _first_bad_cell(path, columns) or DataError(f'{path}: column "{name}": A cell is empty.')
        with numpy.errstate(over="ignore"):  # A number too great for float32 is told below.
            matrix[:, index] = column.to_numpy()
    if not numpy.isfinite(matrix).all():
        row, index = numpy.argwhere(~numpy.isfinite(matrix))[0]
        number = table.column(columns[index])[int(row)]
        raise DataError(f'{path}: row {row + 1}, column "{columns[index]}": {number} is not a finite float32.')
    return matrix


def values(table: "pyarrow.Table", column: str, path: Path, *, as_text: bool = False) -> "NDArray[Any]":
    """The cells of one text column: integers or floats if all of them are written as such, and text otherwise.

    Codes such as "01" and "0x1F" are text, so that no two different cells become one class.

    Raises:
        DataError: if a cell is empty, or a number that is not finite; names row and column.

    """
    import numpy
    import pyarrow
    from pyarrow import compute

    cells = compute.utf8_trim_whitespace(table.column(column).combine_chunks())
    row = compute.index(cells, "").as_py()
    if row >= 0:
        raise DataError(f'{path}: row {row + 1}, column "{column}": The cell is empty.')
    for pattern, kind in () if as_text else ((INTEGER, pyarrow.int64()), (NUMBER, pyarrow.float64())):
        try:
            if not compute.all(compute.match_substring_regex(cells, pattern)).as_py():
                continue
            numeric = compute.cast(cells, kind).to_numpy()
        except pyarrow.ArrowInvalid:
            continue  # An integer that is too great for int64.
        with numpy.errstate(over="ignore"):  # A number too great for float32 is told here.
            finite = numpy.isfinite(numeric.astype(numpy.float32))
        if not finite.all():
            row = int(finite.argmin())
            raise DataError(f'{path}: row {row + 1}, column "{column}": {cells[row]} is not a finite float32.')
        return numeric
    return cells.to_numpy(zero_copy_only=False).astype(str)


def refuse_text(cells: "NDArray[Any]", column: str, path: Path, wanted_by: str) -> None:
    """Raise a `DataError` with the first cell that is no number, if the cells are text."""
    if cells.dtype.kind == "U":
        row = next(row for row, cell in enumerate(cells.tolist()) if not _is_number(cell))
        raise DataError(
            f'{path}: row {row + 1}, column "{column}": "{cells[row]}" is not a number, and {wanted_by} needs numbers.'
        )


def _as_text(path: Path, columns: Sequence[str]) -> "pyarrow.Table":
    """These columns as they stand, with the number of a row that has too few or too many cells if there is one."""
    import pyarrow
    from pyarrow import csv

    options = csv.ConvertOptions(include_columns=list(columns), column_types=dict.fromkeys(columns, pyarrow.string()))
    with _as_sentences(path):
        return csv.read_csv(
            path,
            convert_options=options,
            parse_options=csv.ParseOptions(newlines_in_values=True),
            read_options=csv.ReadOptions(use_threads=False),
        )


def _first_bad_cell(path: Path, columns: Sequence[str]) -> DataError | None:
    """The first cell of these columns that is no number: looked for slowly, since it ends here."""
    table = _as_text(path, columns)
    for row, cells in enumerate(zip(*(table.column(name).to_pylist() for name in columns), strict=True), start=1):
        for name, cell in zip(columns, cells, strict=True):
            place = f'{path}: row {row}, column "{name}"'
            if not cell.strip():
                return DataError(f"{place}: The cell is empty.")
            if not _is_number(cell):
                return DataError(f'{place}: "{cell}" is not a number.')
    return None


def _is_number(cell: str) -> bool:
    """Whether pyarrow reads it as a number, which is stricter than Python."""
    import pyarrow
    from pyarrow import compute

    try:
        return not math.isnan(compute.cast(cell.strip(), pyarrow.float64()).as_py())
    except pyarrow.ArrowInvalid:
        return False


@contextmanager
def _as_sentences(path: Path) -> Iterator[None]:
    """What the file system and pyarrow say, with the file's name."""
    import pyarrow

    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{path}: There is no such file.") from None
    except UnicodeDecodeError:
        raise DataError(f"{path}: The file is not text in UTF-8.") from None
    except OSError as error:
        raise DataError(f"{path}: The file cannot be read: {error.strerror or error}.") from None
    except pyarrow.ArrowInvalid as error:
        raise _sentence(path, error) from None


def _sentence(path: Path, error: "pyarrow.ArrowInvalid") -> DataError:
    """What pyarrow says of a file, in the words of this page."""
    message = str(error)
    if "Empty CSV file" in message:
        # It says so of a header without a line break too.
        return DataError(f"{path}: The file {'has a header and no rows' if path.read_bytes().strip() else 'is empty'}.")
    if "invalid UTF8" in message:
        return DataError(f"{path}: The file is not text in UTF-8.")
    if uneven := re.match(r"CSV parse error: Row #(\d+): Expected (\d+) columns, got (\d+)", message):
        line, expected, found = map(int, uneven.groups())
        return DataError(f"{path}: row {line - 1}: It has {found} cells, and the header has {expected}.")
    return DataError(f"{path}: This is not a table of comma-separated values. {message}")
