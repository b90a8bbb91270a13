"""Read the cells of a CSV file as numbers or text, and explain those that are not what is wanted."""

import csv
import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.errors import DataError, counted, quoted_cell
from hookline_data.dialect.csv_file import CSVFile
from hookline_data.dialect.dialect import COMMAS, Dialect
from hookline_data.reading.columns import Place, Wanted, cell_error
from hookline_data.reading.csv_format import (
    DECIMAL_COMMA,
    WRITTEN_FALSE as FALSE,
    WRITTEN_TRUE as TRUE,
)
from hookline_data.reading.csv_header import naming, read_header
from hookline_data.reading.csv_quotes import refuse_line_breaks, refuse_swallowed_rows
from hookline_data.reading.error_messages import CHANGED, as_sentences
from hookline_data.reading.great_integers import has_great_numbers, warn_of_equal_integers
from hookline_data.reading.text_cells import (
    INTEGER,
    NUMBER,
    refuse_missing,
    refuse_text_among_numbers,
    with_point,
    with_points,
    without_marks,
)
from hookline_data.reading.words import is_word

if TYPE_CHECKING:
    import pyarrow


LOOKED_AT = 2**16
"""How many bytes of rows to inspect before all rows are read."""

MOST_ROWS = 20
"""How many rows to inspect before all rows are read."""

MOST_BLANK = 2**16
"""How many bytes to search for a header."""

NOT_UTF8 = 'The file is not UTF-8 text. Set its `encoding`, such as "latin-1", "cp1252" or "utf-16".'
"""The message about a file in another encoding."""


def text_columns(source: CSVFile, names: Sequence[str]) -> dict[str, tuple[int, str]]:
    """Return the columns that have words and no numbers in the first rows: row index from 0, and cell.

    A word among numbers is an error of that cell, which is reported when all rows are read. A number with another
    decimal sign is a word.
    """
    found: dict[str, tuple[int, str]] = {}
    numeric: set[str] = set()
    for row, cells in enumerate(first_rows(source)):
        if len(cells) != len(names):
            break
        for name, cell in zip(names, map(str.strip, cells), strict=True):
            if is_word(cell, source.dialect.decimal_point):
                found.setdefault(name, (row, cell))
            elif re.match(NUMBER, with_point(cell, source.dialect.decimal_point)):
                numeric.add(name)
    return {name: cell for name, cell in found.items() if name not in numeric}


def first_rows(source: CSVFile) -> list[list[str]]:
    """Return the cells of the first complete rows after the header, up to the first one that cannot be read."""
    with source.open() as file:
        if source.dialect.header:
            read_header(file, source.path, source.dialect)
        begun = file.read(LOOKED_AT)
    lines = begun.decode("utf-8-sig", errors="replace").splitlines(keepends=True)
    whole = lines[:-1] if len(begun) == LOOKED_AT else lines
    rows: list[list[str]] = []
    with suppress(csv.Error):  # It is reported when the file is read.
        rows.extend(islice(filter(None, csv.reader(whole, **source.dialect.reader_options())), MOST_ROWS))
    return rows


def read(source: CSVFile, wanted: Mapping[str, Wanted], *, multiline: bool = False) -> "pyarrow.Table":
    """Read columns of the file, with cells of the wanted types.

    Cells of many lines are an error unless `multiline` is true: an unclosed quote would turn many rows into one cell.

    Raises:
        DataError: If the file is not a table, or if a cell is missing or invalid; the message names row and column.

    """
    import pyarrow

    path, sign = source.path, source.dialect.decimal_point
    wanted = {name: evolve(column, decimal_point=sign) for name, column in wanted.items()}
    numeric = {name: column for name, column in wanted.items() if column.kind in ("number", "integer")}
    missing = {mark for column in wanted.values() for mark in column.missing}
    types = {
        name: {"number": pyarrow.float64(), "integer": pyarrow.int64()}.get(column.kind, pyarrow.string())
        for name, column in wanted.items()
    }
    explained = partial(sentence, dialect=source.dialect)
    with as_sentences(path, explained):
        try:
            table = _read_numbers(source, types, numeric, missing)
        except pyarrow.ArrowInvalid as error:
            refuse_swallowed_rows(source, None, multiline=multiline)
            if (bad := _first_bad_cell(source, numeric)) is not None or not _gaps(numeric):
                raise bad or explained(path, error) from None
            table = _read_with_gaps(source, types, numeric, missing)
        refuse_swallowed_rows(source, table.num_rows, multiline=multiline)
    if not table.num_rows:
        raise DataError("The file has a header but no rows.", file=path)
    if any(table.column(name).null_count for name, column in numeric.items() if not column.may_be_missing):
        raise _first_bad_cell(source, numeric) or DataError("A cell is empty.", file=path)
    floats = [name for name, kind in types.items() if kind == pyarrow.float64()]
    if great := [name for name in floats if has_great_numbers(table.column(name).to_numpy())]:
        written = _read(source, dict.fromkeys(great, pyarrow.string()), missing)
        for name in great:
            warn_of_equal_integers(written.column(name), table.column(name), name, path)
    columns = dict(zip(table.column_names, table.columns, strict=True))  # `Table.column` searches all names.
    for name in [name for name in columns if name not in numeric]:
        if not multiline:
            refuse_line_breaks(columns[name], name, path)
        columns[name] = classified(columns[name], wanted[name], name, path)
    return pyarrow.table(columns)


def _read(source: CSVFile, types: "Mapping[str, pyarrow.DataType]", missing: Collection[str]) -> "pyarrow.Table":
    import pyarrow
    from pyarrow import csv

    options = csv.ConvertOptions(
        include_columns=list(types),
        column_types=dict(types),
        true_values=list(TRUE),
        false_values=list(FALSE),
        null_values=null_values(missing),
        decimal_point=source.dialect.decimal_point,
    )
    try:
        return _table(source, convert_options=options)
    except pyarrow.ArrowInvalid:
        # Cells with line breaks are rare and slow to read, since the file cannot be divided among threads.
        return _table(source, convert_options=options, newlines_in_values=True)


def _table(source: CSVFile, *, newlines_in_values: bool = False, use_threads: bool = True, **options: Any) -> Any:
    from pyarrow import csv

    with source.for_arrow() as file:
        return csv.read_csv(
            file,
            read_options=csv.ReadOptions(use_threads=use_threads, **naming(source)),
            parse_options=source.dialect.parse_options(newlines_in_values=newlines_in_values),
            **options,
        )


def null_values(missing: Collection[str]) -> list[str]:
    """Return the cells that pyarrow should read as missing numbers: its own, and these marks."""
    from pyarrow import csv

    return sorted({*csv.ConvertOptions().null_values, *missing})


def _read_numbers(
    source: CSVFile, types: "Mapping[str, pyarrow.DataType]", numeric: Mapping[str, Wanted], missing: Collection[str]
) -> "pyarrow.Table":
    """Read columns of these types; a numeric column may also have True or False in all cells, read as 1 and 0."""
    import pyarrow

    try:
        return _read(source, types, missing)
    except pyarrow.ArrowInvalid as error:
        if not re.search(rf"invalid value '\s*({'|'.join((*TRUE, *FALSE))})\s*'", str(error)):
            raise
    booleans = _boolean_columns(source, numeric)
    table = _read(source, {**types, **dict.fromkeys(booleans, pyarrow.bool_())}, missing)
    for index, name in enumerate(table.column_names):
        if name in booleans:
            table = table.set_column(index, name, table.column(name).cast(pyarrow.int64()))
    return table


def _gaps(numeric: Mapping[str, Wanted]) -> list[str]:
    """Return the columns of numbers whose cells may be missing."""
    return [name for name, column in numeric.items() if column.may_be_missing]


def _read_with_gaps(
    source: CSVFile, types: "Mapping[str, pyarrow.DataType]", numeric: Mapping[str, Wanted], missing: Collection[str]
) -> "pyarrow.Table":
    """Read columns of these types, with spaces around missing cells, which pyarrow does not take for missing."""
    import pyarrow
    from pyarrow import compute

    gaps = _gaps(numeric)
    others = {name: column for name, column in numeric.items() if name not in gaps}
    table = _read_numbers(source, {**types, **dict.fromkeys(gaps, pyarrow.string())}, others, missing)
    for name in gaps:
        text = without_marks(compute.utf8_trim_whitespace(table.column(name).combine_chunks()), numeric[name])
        table = table.set_column(table.column_names.index(name), name, text.cast(types[name]))
    return table


def _boolean_columns(source: CSVFile, numeric: Mapping[str, Wanted]) -> set[str]:
    """Return the columns whose cells are all True, False or missing. The file is read once more, batch by batch."""
    import pyarrow
    from pyarrow import compute, csv

    options = csv.ConvertOptions(include_columns=list(numeric), column_types=dict.fromkeys(numeric, pyarrow.string()))
    found = set(numeric)
    words = {
        name: pyarrow.array((*TRUE, *FALSE, *(("", *column.missing) if column.may_be_missing else ())))
        for name, column in numeric.items()
    }
    parsing = source.dialect.parse_options(newlines_in_values=True)
    named = csv.ReadOptions(**naming(source))
    with source.for_arrow() as file, csv.open_csv(file, named, parsing, options) as batches:
        for batch in batches:
            found = {
                name for name in found if compute.all(compute.is_in(batch.column(name), value_set=words[name])).as_py()
            }
    return found


def classified(
    column: "pyarrow.ChunkedArray", wanted: Wanted, name: str, path: Path, noun: str = "cells"
) -> "pyarrow.Array":
    """Return stripped text, or, unless text is wanted, integers or floats if all cells are such numbers.

    Codes such as "01" and "0x1F" stay text, so that different cells never become the same class. Integers stay text if
    one is too large for int64, such as an account number, since floats would be rounded.
    """
    import pyarrow
    from pyarrow import compute

    cells = compute.utf8_trim_whitespace(column.combine_chunks())
    whole = cells
    if wanted.may_be_missing:
        cells = without_marks(cells, wanted)
        if wanted.kind == "text":
            return cells
        whole = cells.drop_null()
    else:
        refuse_missing(cells, wanted, name, path)
    written = pyarrow.array((*TRUE, *FALSE))
    can_be_boolean = wanted.kind != "text" and wanted.may_be_boolean
    if can_be_boolean and compute.all(compute.is_in(whole, value_set=written)).as_py():
        are_true = compute.is_in(cells, value_set=pyarrow.array(TRUE))
        return compute.cast(compute.if_else(compute.is_valid(cells), are_true, None), pyarrow.int64())
    for pattern, kind in () if wanted.kind == "text" else ((INTEGER, pyarrow.int64()), (NUMBER, pyarrow.float64())):
        numbers = with_points(cells, wanted.decimal_point)
        if compute.all(compute.match_substring_regex(numbers, pattern)).as_py():
            try:
                return compute.cast(numbers, kind)
            except pyarrow.ArrowInvalid:
                return cells
    if wanted.kind != "text" and not wanted.is_known:
        refuse_text_among_numbers(cells, wanted, name, path, noun)
    return cells


def _first_bad_cell(source: CSVFile, wanted: Mapping[str, Wanted]) -> DataError | None:
    """Return the error for the first cell that is not a number. This is slow, but the run ends here."""
    import pyarrow
    from pyarrow import csv

    options = csv.ConvertOptions(include_columns=list(wanted), column_types=dict.fromkeys(wanted, pyarrow.string()))
    with as_sentences(source.path, partial(sentence, dialect=source.dialect)):
        # A single thread counts rows, so that the error about a row of the wrong width names it.
        table = _table(source, convert_options=options, newlines_in_values=True, use_threads=False)
    for row, cells in enumerate(zip(*(table.column(name).to_pylist() for name in wanted), strict=True)):
        for cell, (name, column) in zip(cells, wanted.items(), strict=True):
            if (complaint := complaint_about(cell, column)) and not column.allows(cell):
                return cell_error(source.path, row, name, message=complaint)
    return None


def complaint_about(cell: str, wanted: Wanted) -> str:
    """Return why a cell is not a number or integer, as wanted, in a sentence; empty if it is."""
    if not cell.strip():
        return wanted.empty
    if cell.strip() in wanted.missing:
        return wanted.missing_mark(cell.strip(), 0)
    if is_read_as(wanted.kind, cell, wanted.decimal_point):
        return ""
    if wanted.kind == "number":
        return f"{quoted_cell(cell)} is not a number{wanted.reason}{decimal_hint(cell, wanted.decimal_point)}"
    return f"{quoted_cell(cell)} is {'too large for int64' if re.match(INTEGER, cell.strip()) else 'not an integer'}."


def decimal_hint(cell: str, decimal_point: str) -> str:
    """Return the advice about a number with another decimal sign, with a leading space; empty for other cells."""
    if decimal_point == "." and re.match(DECIMAL_COMMA, cell.strip()):
        return ' If the comma is the decimal sign, set `decimal_point = ","`.'
    if decimal_point != "." and re.match(NUMBER, cell.strip()):
        return f' The decimal sign is "{decimal_point}", according to `decimal_point`.'
    return ""


def is_read_as(kind: str, cell: str, decimal_point: str = ".") -> bool:
    """Whether pyarrow reads the cell as such a number; it is stricter than Python."""
    import pyarrow
    from pyarrow import compute

    try:
        written = with_point(cell.strip(), decimal_point)
        number = compute.cast(written, pyarrow.int64() if kind == "integer" else pyarrow.float64()).as_py()
    except pyarrow.ArrowInvalid:
        return False
    return number == number  # NaN is not a number.


def sentence(path: Place, error: "pyarrow.ArrowException", dialect: Dialect = COMMAS) -> DataError:
    """Rephrase an error of pyarrow."""
    message = str(error)
    if isinstance(error, KeyError):
        return DataError(CHANGED, file=path)
    if "Empty CSV file" in message:
        # pyarrow reports a header without a line break in the same way.
        with CSVFile(Path(path), dialect).open() as file:
            has_header = file.read(MOST_BLANK).strip()
        return DataError(f"The file {'has a header but no rows' if has_header else 'is empty'}.", file=path)
    if "invalid UTF8" in message:
        return DataError(NOT_UTF8, file=path)
    if uneven := re.match(r"CSV parse error: Row #(\d+): Expected (\d+) columns, got (\d+)", message):
        line, expected, found = map(int, uneven.groups())
        row = line - dialect.header
        message = f"row {row}: It has {counted(found, 'cell')}, but {dialect.width} {expected}."
        return DataError(message, file=path, row=row)
    return DataError(f"This is not a CSV file. {message}", file=path)
