"""Read the cells of a CSV file as numbers or text, and explain those that are not what is wanted."""

import csv
import re
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.errors import DataError, quoted_cell
from hookline_data.reading.columns import Place, Wanted, cell_error
from hookline_data.reading.csv_format import MISSING_MARKS, WRITTEN_FALSE as FALSE, WRITTEN_TRUE as TRUE
from hookline_data.reading.csv_header import header_of
from hookline_data.reading.csv_quotes import refuse_line_breaks, refuse_swallowed_rows
from hookline_data.reading.error_messages import CHANGED, as_sentences
from hookline_data.reading.great_integers import has_great_numbers, warn_of_equal_integers
from hookline_data.reading.text_cells import INTEGER, NUMBER, refuse_missing, refuse_text_among_numbers, without_marks

if TYPE_CHECKING:
    import pyarrow


LOOKED_AT = 2**16
"""How many bytes of rows to inspect before all rows are read."""

MOST_ROWS = 20
"""How many rows to inspect before all rows are read."""

NO_WORDS = frozenset(
    ["true", "false", "yes", "no", "t", "f", "y", "n", "nil", *(mark.lower() for mark in MISSING_MARKS)]
)
"""Words that may mean something other than text, in lower case."""


def text_columns(path: Path, names: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Return the columns that have words and no numbers in the first rows: row index from 0, and cell.

    A word among numbers is an error of that cell, which is reported when all rows are read.
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
        pass  # It is reported when the file is read.
    return {name: cell for name, cell in found.items() if name not in numeric}


def _is_words(cell: str) -> bool:
    """Whether a cell is neither a number nor a boolean nor a mark for a missing value."""
    return any(map(str.isalpha, cell)) and cell.lower() not in NO_WORDS and not re.match(NUMBER, cell)


def read(path: Path, wanted: Mapping[str, Wanted], *, multiline: bool = False) -> "pyarrow.Table":
    """Read columns of the file, with cells of the wanted types.

    Cells of many lines are an error unless `multiline` is true: an unclosed quote would turn many rows into one cell.

    Raises:
        DataError: If the file is not a table, or if a cell is missing or invalid; the message names row and column.

    """
    import pyarrow

    numeric = {name: column for name, column in wanted.items() if column.kind in ("number", "integer")}
    missing = {mark for column in wanted.values() for mark in column.missing}
    types = {
        name: {"number": pyarrow.float64(), "integer": pyarrow.int64()}.get(column.kind, pyarrow.string())
        for name, column in wanted.items()
    }
    with as_sentences(path, sentence):
        try:
            table = _read_numbers(path, types, numeric, missing)
        except pyarrow.ArrowInvalid as error:
            refuse_swallowed_rows(path, None, multiline=multiline)
            if (bad := _first_bad_cell(path, numeric)) is not None or not _gaps(numeric):
                raise bad or sentence(path, error) from None
            table = _read_with_gaps(path, types, numeric, missing)
        refuse_swallowed_rows(path, table.num_rows, multiline=multiline)
    if not table.num_rows:
        raise DataError("The file has a header but no rows.", file=path)
    if any(table.column(name).null_count for name, column in numeric.items() if not column.may_be_missing):
        raise _first_bad_cell(path, numeric) or DataError("A cell is empty.", file=path)
    floats = [name for name, kind in types.items() if kind == pyarrow.float64()]
    if great := [name for name in floats if has_great_numbers(table.column(name).to_numpy())]:
        written = _read(path, dict.fromkeys(great, pyarrow.string()), missing)
        for name in great:
            warn_of_equal_integers(written.column(name), table.column(name), name, path)
    for index, name in enumerate(table.column_names):
        if name not in numeric:
            if not multiline:
                refuse_line_breaks(table.column(name), name, path)
            table = table.set_column(index, name, _classified(table.column(name), wanted[name], name, path))
    return table


def _read(path: Path, types: "Mapping[str, pyarrow.DataType]", missing: Collection[str]) -> "pyarrow.Table":
    import pyarrow
    from pyarrow import csv

    options = csv.ConvertOptions(
        include_columns=list(types),
        column_types=dict(types),
        true_values=list(TRUE),
        false_values=list(FALSE),
        null_values=null_values(missing),
    )
    try:
        return csv.read_csv(path, convert_options=options)
    except pyarrow.ArrowInvalid:
        # Cells with line breaks are rare and slow to read, since the file cannot be divided among threads.
        return csv.read_csv(path, convert_options=options, parse_options=csv.ParseOptions(newlines_in_values=True))


def null_values(missing: Collection[str]) -> list[str]:
    """Return the cells that pyarrow should read as missing numbers: its own, and these marks."""
    from pyarrow import csv

    return sorted({*csv.ConvertOptions().null_values, *missing})


def _read_numbers(
    path: Path, types: "Mapping[str, pyarrow.DataType]", numeric: Mapping[str, Wanted], missing: Collection[str]
) -> "pyarrow.Table":
    """Read columns of these types; a numeric column may also have True or False in all cells, read as 1 and 0."""
    import pyarrow

    try:
        return _read(path, types, missing)
    except pyarrow.ArrowInvalid as error:
        if not re.search(rf"invalid value '\s*({'|'.join((*TRUE, *FALSE))})\s*'", str(error)):
            raise
    booleans = _boolean_columns(path, numeric)
    table = _read(path, {**types, **dict.fromkeys(booleans, pyarrow.bool_())}, missing)
    for index, name in enumerate(table.column_names):
        if name in booleans:
            table = table.set_column(index, name, table.column(name).cast(pyarrow.int64()))
    return table


def _gaps(numeric: Mapping[str, Wanted]) -> list[str]:
    """Return the columns of numbers whose cells may be missing."""
    return [name for name, column in numeric.items() if column.may_be_missing]


def _read_with_gaps(
    path: Path, types: "Mapping[str, pyarrow.DataType]", numeric: Mapping[str, Wanted], missing: Collection[str]
) -> "pyarrow.Table":
    """Read columns of these types, with spaces around missing cells, which pyarrow does not take for missing."""
    import pyarrow
    from pyarrow import compute

    gaps = _gaps(numeric)
    others = {name: column for name, column in numeric.items() if name not in gaps}
    table = _read_numbers(path, {**types, **dict.fromkeys(gaps, pyarrow.string())}, others, missing)
    for name in gaps:
        text = without_marks(compute.utf8_trim_whitespace(table.column(name).combine_chunks()), numeric[name])
        table = table.set_column(table.column_names.index(name), name, text.cast(types[name]))
    return table


def _boolean_columns(path: Path, numeric: Mapping[str, Wanted]) -> set[str]:
    """Return the columns whose cells are all True, False or missing. The file is read once more, batch by batch."""
    import pyarrow
    from pyarrow import compute, csv

    options = csv.ConvertOptions(include_columns=list(numeric), column_types=dict.fromkeys(numeric, pyarrow.string()))
    found = set(numeric)
    words = {
        name: pyarrow.array((*TRUE, *FALSE, *(("", *column.missing) if column.may_be_missing else ())))
        for name, column in numeric.items()
    }
    parsing = csv.ParseOptions(newlines_in_values=True)
    with csv.open_csv(path, convert_options=options, parse_options=parsing) as batches:
        for batch in batches:
            found = {
                name for name in found if compute.all(compute.is_in(batch.column(name), value_set=words[name])).as_py()
            }
    return found


def _classified(column: "pyarrow.ChunkedArray", wanted: Wanted, name: str, path: Path) -> "pyarrow.Array":
    """Return stripped text, or, unless text is wanted, integers or floats if all cells are such numbers.

    Codes such as "01" and "0x1F" stay text, so that different cells never become the same class. Integers stay text if
    one is too large for int64, such as an account number, since floats would be rounded.
    """
    import pyarrow
    from pyarrow import compute

    cells = compute.utf8_trim_whitespace(column.combine_chunks())
    if wanted.may_be_missing:
        return without_marks(cells, wanted)
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
    """Return the error for the first cell that is not a number. This is slow, but the run ends here."""
    import pyarrow
    from pyarrow import csv

    options = csv.ConvertOptions(include_columns=list(wanted), column_types=dict.fromkeys(wanted, pyarrow.string()))
    with as_sentences(path, sentence):
        table = csv.read_csv(
            path,
            convert_options=options,
            parse_options=csv.ParseOptions(newlines_in_values=True),
            # A single thread counts rows, so that the error about a row of the wrong width names it.
            read_options=csv.ReadOptions(use_threads=False),
        )
    for row, cells in enumerate(zip(*(table.column(name).to_pylist() for name in wanted), strict=True)):
        for cell, (name, column) in zip(cells, wanted.items(), strict=True):
            if (complaint := complaint_about(cell, column)) and not column.allows(cell):
                return cell_error(path, row, name, message=complaint)
    return None


def complaint_about(cell: str, wanted: Wanted) -> str:
    """Return why a cell is not a number or integer, as wanted, in a sentence; empty if it is."""
    if not cell.strip():
        return "The cell is empty."
    if cell.strip() in wanted.missing:
        return wanted.missing_mark(cell.strip(), 0)
    if is_read_as(wanted.kind, cell):
        return ""
    if wanted.kind == "number":
        return f"{quoted_cell(cell)} is not a number{wanted.reason}"
    return f"{quoted_cell(cell)} is {'too large for int64' if re.match(INTEGER, cell.strip()) else 'not an integer'}."


def is_read_as(kind: str, cell: str) -> bool:
    """Whether pyarrow reads the cell as such a number; it is stricter than Python."""
    import pyarrow
    from pyarrow import compute

    try:
        number = compute.cast(cell.strip(), pyarrow.int64() if kind == "integer" else pyarrow.float64()).as_py()
    except pyarrow.ArrowInvalid:
        return False
    return number == number  # NaN is not a number.


def sentence(path: Place, error: "pyarrow.ArrowException") -> DataError:
    """Rephrase an error of pyarrow."""
    message = str(error)
    if isinstance(error, KeyError):
        return DataError(CHANGED, file=path)
    if "Empty CSV file" in message:
        # pyarrow reports a header without a line break in the same way.
        return DataError(
            f"The file {'has a header but no rows' if Path(path).read_bytes().strip() else 'is empty'}.", file=path
        )
    if "invalid UTF8" in message:
        return DataError("The file is not UTF-8 text.", file=path)
    if uneven := re.match(r"CSV parse error: Row #(\d+): Expected (\d+) columns, got (\d+)", message):
        line, expected, found = map(int, uneven.groups())
        return DataError(f"row {line - 1}: It has {found} cells, but the header has {expected}.", file=path)
    return DataError(f"This is not a CSV file. {message}", file=path)
