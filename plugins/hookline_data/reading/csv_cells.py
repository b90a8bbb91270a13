"""The cells of a CSV file as numbers or text, and sentences for those that are not what is wanted."""

import csv
import re
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.data import MISSING_MARKS, WRITTEN_FALSE as FALSE, WRITTEN_TRUE as TRUE
from hookline.errors import DataError, quoted_cell
from hookline_data.reading.cells import INTEGER, NUMBER, refuse_missing, refuse_text_among_numbers
from hookline_data.reading.columns import Wanted, place
from hookline_data.reading.csv_header import header_of
from hookline_data.reading.csv_quotes import refuse_line_breaks, refuse_swallowed_rows
from hookline_data.reading.great_integers import has_great_numbers, warn_of_equal_integers
from hookline_data.reading.sentences import CHANGED, as_sentences

if TYPE_CHECKING:
    import pyarrow


LOOKED_AT = 2**16
"""How many bytes of rows are looked at before all of them are read."""

MOST_ROWS = 20
"""How many rows are looked at before all of them are read."""

NO_WORDS = frozenset(
    ["true", "false", "yes", "no", "t", "f", "y", "n", "nil", *(mark.lower() for mark in MISSING_MARKS)]
)
"""Cells of letters that may be read as something else than text, in lower case."""


def text_columns(path: Path, names: Sequence[str]) -> dict[str, tuple[int, str]]:
    """The columns with words and without numbers in the first rows: a row, counted from 0, and its cell.

    One word among numbers is a mistake in its cell, which is told when all are read. No more is read than some rows.
    """
    with path.open("rb") as file:
        file.seek(len(header_of(path)))
        begun = file.read(LOOKED_AT)
    lines = begun.decode(errors="replace").splitlines(keepends=True)
    whole = lines[:-1] if len(begun) == LOOKED_AT else lines
    found: dict[str, tuple[int, str]] = {}
    numeric: set[str] = set()
    try:
        for row, cells in enumerate(islice(csv.reader(whole), MOST_ROWS)):
            if len(cells) != len(names):
                break
            for name, cell in zip(names, map(str.strip, cells), strict=True):
                if _is_words(cell):
                    found.setdefault(name, (row, cell))
                elif re.match(NUMBER, cell):
                    numeric.add(name)
    except csv.Error:
        pass  # It is told when the file is read.
    return {name: cell for name, cell in found.items() if name not in numeric}


def _is_words(cell: str) -> bool:
    """Whether a cell is neither a number nor a truth value nor a mark for what is missing."""
    return any(map(str.isalpha, cell)) and cell.lower() not in NO_WORDS and not re.match(NUMBER, cell)


def read(path: Path, wanted: Mapping[str, Wanted], *, multiline: bool = False) -> "pyarrow.Table":
    """These columns of the file, read in one go, with cells of the kinds that are wanted.

    Cells of many lines are refused unless they are `multiline`: a quote that is not closed makes one of many rows.

    Raises:
        DataError: if it is no table, or if a cell is empty or not what is wanted; names row and column.

    """
    import pyarrow

    numeric = {name: column for name, column in wanted.items() if column.kind in ("number", "integer")}
    types = {
        name: {"number": pyarrow.float64(), "integer": pyarrow.int64()}.get(column.kind, pyarrow.string())
        for name, column in wanted.items()
    }
    with as_sentences(path, _sentence):
        try:
            table = _read_numbers(path, types, numeric)
        except pyarrow.ArrowInvalid as error:
            refuse_swallowed_rows(path, None, multiline=multiline)
            raise _first_bad_cell(path, numeric) or _sentence(path, error) from None
        refuse_swallowed_rows(path, table.num_rows, multiline=multiline)
    if not table.num_rows:
        raise DataError(f"{path}: The file has a header and no rows.")
    if any(table.column(name).null_count for name in numeric):
        raise _first_bad_cell(path, numeric) or DataError(f"{path}: A cell is empty.")
    floats = [name for name, kind in types.items() if kind == pyarrow.float64()]
    if great := [name for name in floats if has_great_numbers(table.column(name).to_numpy())]:
        written = _read(path, dict.fromkeys(great, pyarrow.string()))
        for name in great:
            warn_of_equal_integers(written.column(name), table.column(name), name, path)
    for index, name in enumerate(table.column_names):
        if name not in numeric:
            if not multiline:
                refuse_line_breaks(table.column(name), name, path)
            table = table.set_column(index, name, _classified(table.column(name), wanted[name], name, path))
    return table


def _read(path: Path, types: "Mapping[str, pyarrow.DataType]") -> "pyarrow.Table":
    import pyarrow
    from pyarrow import csv

    options = csv.ConvertOptions(
        include_columns=list(types), column_types=dict(types), true_values=list(TRUE), false_values=list(FALSE)
    )
    try:
        return csv.read_csv(path, convert_options=options)
    except pyarrow.ArrowInvalid:
        # Cells with line breaks are rare, and slow, since the file cannot be divided among threads.
        return csv.read_csv(path, convert_options=options, parse_options=csv.ParseOptions(newlines_in_values=True))


def _read_numbers(
    path: Path, types: "Mapping[str, pyarrow.DataType]", numeric: Mapping[str, Wanted]
) -> "pyarrow.Table":
    """The columns of these types, of which those of numbers may also have True and False in all cells: 1 and 0."""
    import pyarrow

    try:
        return _read(path, types)
    except pyarrow.ArrowInvalid as error:
        if not re.search(rf"invalid value '\s*({'|'.join((*TRUE, *FALSE))})\s*'", str(error)):
            raise
    booleans = _boolean_columns(path, list(numeric))
    table = _read(path, {**types, **dict.fromkeys(booleans, pyarrow.bool_())})
    for index, name in enumerate(table.column_names):
        if name in booleans:
            table = table.set_column(index, name, table.column(name).cast(pyarrow.int64()))
    return table


def _boolean_columns(path: Path, names: Sequence[str]) -> set[str]:
    """Those of the columns whose cells are all True or False: the file is read once more, bit by bit."""
    import pyarrow
    from pyarrow import compute, csv

    options = csv.ConvertOptions(include_columns=list(names), column_types=dict.fromkeys(names, pyarrow.string()))
    found, words = set(names), pyarrow.array((*TRUE, *FALSE))
    parsing = csv.ParseOptions(newlines_in_values=True)
    with csv.open_csv(path, convert_options=options, parse_options=parsing) as batches:
        for batch in batches:
            found = {name for name in found if compute.all(compute.is_in(batch.column(name), value_set=words)).as_py()}
    return found


def _classified(column: "pyarrow.ChunkedArray", wanted: Wanted, name: str, path: Path) -> "pyarrow.Array":
    """Text without space around it; if it need not be text, as integers or floats if all cells are written as such.

    Codes such as "01" and "0x1F" are text, so that no two different cells become one class; so are integers if one is
    too great for int64, such as an account's number, since floats would be rounded.
    """
    import pyarrow
    from pyarrow import compute

    cells = compute.utf8_trim_whitespace(column.combine_chunks())
    refuse_missing(cells, wanted, name, path)
    if wanted.kind != "text" and wanted.may_be_boolean:
        are_true = compute.is_in(cells, value_set=pyarrow.array(TRUE))
        if compute.all(compute.or_(are_true, compute.is_in(cells, value_set=pyarrow.array(FALSE)))).as_py():
            return compute.cast(are_true, pyarrow.int64())
    for pattern, kind in () if wanted.kind == "text" else ((INTEGER, pyarrow.int64()), (NUMBER, pyarrow.float64())):
        if compute.all(compute.match_substring_regex(cells, pattern)).as_py():
            try:
                return compute.cast(cells, kind)
            except pyarrow.ArrowInvalid:
                return cells
    if wanted.kind != "text" and not wanted.is_known:
        refuse_text_among_numbers(cells, wanted, name, path)
    return cells


def _first_bad_cell(path: Path, wanted: Mapping[str, Wanted]) -> DataError | None:
    """The first cell of these columns that is no number: looked for slowly, since it ends here."""
    import pyarrow
    from pyarrow import csv

    options = csv.ConvertOptions(include_columns=list(wanted), column_types=dict.fromkeys(wanted, pyarrow.string()))
    with as_sentences(path, _sentence):
        table = csv.read_csv(
            path,
            convert_options=options,
            parse_options=csv.ParseOptions(newlines_in_values=True),
            # One thread counts the rows: a row with too few or too many cells is told with its number.
            read_options=csv.ReadOptions(use_threads=False),
        )
    for row, cells in enumerate(zip(*(table.column(name).to_pylist() for name in wanted), strict=True)):
        for cell, (name, column) in zip(cells, wanted.items(), strict=True):
            if not cell.strip():
                return DataError(f"{place(path, row, name)}: The cell is empty.")
            if cell.strip() in column.missing:
                return DataError(f"{place(path, row, name)}: {column.missing_mark(cell.strip(), 0)}")
            if not _is_read_as(column.kind, cell):
                if column.kind == "number":
                    complaint = f"is not a number{column.reason}"
                else:
                    complaint = "is too great for int64." if re.match(INTEGER, cell.strip()) else "is not an integer."
                return DataError(f"{place(path, row, name)}: {quoted_cell(cell)} {complaint}")
    return None


def _is_read_as(kind: str, cell: str) -> bool:
    """Whether pyarrow reads it as a number of this kind, which is stricter than Python."""
    import pyarrow
    from pyarrow import compute

    try:
        number = compute.cast(cell.strip(), pyarrow.int64() if kind == "integer" else pyarrow.float64()).as_py()
    except pyarrow.ArrowInvalid:
        return False
    return number == number  # A NaN is none.


def _sentence(path: Path, error: "pyarrow.ArrowException") -> DataError:
    """What pyarrow says of a file, in the words of this page."""
    message = str(error)
    if isinstance(error, KeyError):
        return DataError(f"{path}: {CHANGED}")
    if "Empty CSV file" in message:
        # It says so of a header without a line break too.
        return DataError(f"{path}: The file {'has a header and no rows' if path.read_bytes().strip() else 'is empty'}.")
    if "invalid UTF8" in message:
        return DataError(f"{path}: The file is not text in UTF-8.")
    if uneven := re.match(r"CSV parse error: Row #(\d+): Expected (\d+) columns, got (\d+)", message):
        line, expected, found = map(int, uneven.groups())
        return DataError(f"{path}: row {line - 1}: It has {found} cells, and the header has {expected}.")
    return DataError(f"{path}: This is not a table of comma-separated values. {message}")
