"""Columns of a CSV file: which ones are chosen, and their cells as numbers or text."""

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


def column_names(path: Path) -> list[str]:
    """The names in the first line of the file.

    Raises:
        DataError: if the file cannot be read, is empty, or has two columns of one name.

    """
    from pyarrow import csv

    # Rows that are too short or too long are told when they are read.
    lenient = csv.ParseOptions(invalid_row_handler=lambda row: "skip")
    with _as_sentences(path), csv.open_csv(path, parse_options=lenient) as reader:
        names = list(reader.schema.names)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise DataError(f'{path}: Two columns are called "{twice[0]}".')
    return names


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
        if not matches:
            raise DataError(f'{path}: There is no column "{pattern}".{did_you_mean(pattern, names)}')
        found |= matches
    return [name for name in names if name in found and name not in excluded]


def numbers(path: Path, columns: Sequence[str]) -> "NDArray[numpy.float32]":
    """The cells of these columns, float32 of shape `(rows, columns)`.

    Raises:
        DataError: if a cell is empty or not a finite number; names row and column.

    """
    import numpy
    import pyarrow
    from pyarrow import csv

    options = csv.ConvertOptions(include_columns=list(columns), column_types=dict.fromkeys(columns, pyarrow.float64()))
    try:
        table = csv.read_csv(path, convert_options=options)
    except pyarrow.ArrowInvalid:
        raise _first_bad_cell(path, columns) from None
    matrix = numpy.empty((table.num_rows, len(columns)), dtype=numpy.float32)
    for index, name in enumerate(columns):
        column = table.column(name)
        if column.null_count:
            raise _first_bad_cell(path, columns)
        matrix[:, index] = column.to_numpy()
    if not numpy.isfinite(matrix).all():
        row, index = (int(place[0]) for place in numpy.nonzero(~numpy.isfinite(matrix)))
        raise DataError(f'{path}: row {row + 1}, column "{columns[index]}": The number is not finite.')
    return matrix


def values(path: Path, column: str) -> "NDArray[Any]":
    """The cells of one column: integers or floats if all of them are, and text otherwise.

    Raises:
        DataError: if a cell is empty.

    """
    import numpy
    import pyarrow
    from pyarrow import compute

    cells = _text(path, [column]).column(column)
    if "" in (strings := [text.strip() for text in cells.to_pylist()]):
        raise DataError(f'{path}: row {strings.index("") + 1}, column "{column}": The cell is empty.')
    for kind in (pyarrow.int64(), pyarrow.float64()):
        try:
            return compute.cast(pyarrow.array(strings), kind).to_numpy()
        except pyarrow.ArrowInvalid:
            continue
    return numpy.array(strings)


def _text(path: Path, columns: Sequence[str]) -> "pyarrow.Table":
    """These columns as they stand, without guessing at types."""
    import pyarrow
    from pyarrow import csv

    options = csv.ConvertOptions(include_columns=list(columns), column_types=dict.fromkeys(columns, pyarrow.string()))
    with _as_sentences(path):
        # With one thread the number of a row is known that has too few or too many cells.
        return csv.read_csv(path, convert_options=options, read_options=csv.ReadOptions(use_threads=False))


def _first_bad_cell(path: Path, columns: Sequence[str]) -> DataError:
    table = _text(path, columns)
    for row, cells in enumerate(zip(*(table.column(name).to_pylist() for name in columns), strict=True), start=1):
        for name, cell in zip(columns, cells, strict=True):
            place = f'{path}: row {row}, column "{name}"'
            if not cell.strip():
                return DataError(f"{place}: The cell is empty.")
            try:
                float(cell)
            except ValueError:
                return DataError(f'{place}: "{cell}" is not a number.')
            if cell.strip().lower() in ("nan", "+nan", "-nan"):
                return DataError(f'{place}: "{cell}" is not a number.')
    return DataError(f"{path}: A cell cannot be read as a number.")


@contextmanager
def _as_sentences(path: Path) -> Iterator[None]:
    """What the file system and pyarrow say, with the file's name."""
    import pyarrow

    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{path}: There is no such file.") from None
    except OSError as error:
        raise DataError(f"{path}: The file cannot be read: {error.strerror or error}.") from None
    except pyarrow.ArrowInvalid as error:
        if "Empty CSV file" in str(error):
            raise DataError(f"{path}: The file is empty.") from None
        raise DataError(f"{path}: This is not a table of comma-separated values. {error}") from None
