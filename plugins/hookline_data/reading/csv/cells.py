"""Read the cells of a CSV file as numbers or text."""

import re
from collections.abc import Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.errors import DataError
from hookline_data.arrow_columns import distinct
from hookline_data.dialect.csv_file import CSVFile
from hookline_data.reading.classified_text import as_integers, classified
from hookline_data.reading.columns import Wanted
from hookline_data.reading.csv.complaints import first_bad_cell, sentence
from hookline_data.reading.csv.format import LONGEST_ROW, WRITTEN_FALSE as FALSE, WRITTEN_TRUE as TRUE
from hookline_data.reading.csv.header import naming
from hookline_data.reading.csv.quotes import refuse_line_breaks, refuse_swallowed_rows
from hookline_data.reading.error_messages import as_sentences
from hookline_data.reading.great_integers import has_great_cells, warn_of_equal_integers
from hookline_data.reading.text_cells import without_marks

if TYPE_CHECKING:
    import pyarrow


BLOCK = 4 * 2**20
"""How many bytes to read at once: each block becomes a chunk of each column."""


def read(source: CSVFile, wanted: Mapping[str, Wanted], *, multiline: bool = False) -> "pyarrow.Table":
    """Read columns of the file, with cells of the wanted types. Text is encoded: see `distinct`.

    Cells of many lines are an error unless `multiline` is true: an unclosed quote would turn many rows into one cell.

    Raises:
        DataError: If the file is not a table, or if a cell is missing or invalid; the message names row and column.

    """
    import pyarrow

    path, sign = source.path, source.dialect.decimal_point
    wanted = {name: evolve(column, decimal_point=sign) for name, column in wanted.items()}
    numeric = {name: column for name, column in wanted.items() if column.kind in ("number", "integer")}
    missing = {mark for column in wanted.values() for mark in column.missing}
    text = pyarrow.dictionary(pyarrow.int32(), pyarrow.string())
    types = {
        name: {"number": pyarrow.float64(), "integer": pyarrow.int64()}.get(column.kind, text)
        for name, column in wanted.items()
    }
    explained = partial(sentence, dialect=source.dialect)
    with as_sentences(path, explained):
        try:
            table = _read_numbers(source, types, numeric, missing)
        except pyarrow.ArrowInvalid as error:
            refuse_swallowed_rows(source, None, multiline=multiline)
            bad, booleans = _bad_cell(source, numeric), set[str]()
            if bad is not None and _gaps(numeric):
                booleans = _boolean_columns(source, numeric)
                bad = _bad_cell(source, {name: column for name, column in numeric.items() if name not in booleans})
            if bad is not None or not _gaps(numeric):
                raise bad or explained(path, error) from None
            table = _read_with_gaps(source, types, numeric, missing, booleans)
        refuse_swallowed_rows(source, table.num_rows, multiline=multiline)
    if not table.num_rows:
        raise DataError("The file has a header but no rows.", file=path)
    if any(table.column(name).null_count for name, column in numeric.items() if not column.may_be_missing):
        raise _bad_cell(source, numeric) or DataError("A cell is empty.", file=path)
    floats = [name for name, kind in types.items() if kind == pyarrow.float64()]
    if great := [name for name in floats if has_great_cells(table.column(name))]:
        written = _read(source, dict.fromkeys(great, pyarrow.string()), missing)
        for name in great:
            warn_of_equal_integers(written.column(name), table.column(name), name, path)
    columns = dict(zip(table.column_names, table.columns, strict=True))  # `Table.column` searches all names.
    del table
    for name in [name for name in columns if name not in numeric]:
        cells = distinct.encoded(columns[name])
        if not multiline:
            refuse_line_breaks(cells, name, path)
        columns[name] = classified(cells, wanted[name], name, path)
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
    import pyarrow
    from pyarrow import csv

    def table(block: int) -> Any:
        with source.for_arrow() as file:
            return csv.read_csv(
                file,
                read_options=csv.ReadOptions(use_threads=use_threads, block_size=block, **naming(source)),
                parse_options=source.dialect.parse_options(newlines_in_values=newlines_in_values),
                **options,
            )

    try:
        return table(BLOCK)
    except pyarrow.ArrowInvalid as error:
        if "straddling" not in str(error):
            raise
        return table(LONGEST_ROW)  # A row is longer than a block.


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
    table = _read(source, {**types, **dict.fromkeys(booleans, pyarrow.string())}, missing)
    for index, name in enumerate(table.column_names):
        if name in booleans:
            table = table.set_column(index, name, _as_booleans(table.column(name), numeric[name]))
    return table


def _as_booleans(cells: "pyarrow.ChunkedArray", wanted: Wanted) -> "pyarrow.ChunkedArray":
    """Return 1 for True, 0 for False, and null for a missing cell."""
    from pyarrow import compute

    text = distinct.changed(distinct.encoded(cells), compute.utf8_trim_whitespace)
    text = distinct.changed(text, lambda known: without_marks(known, wanted))
    return distinct.decoded(distinct.changed(text, as_integers))


def _gaps(numeric: Mapping[str, Wanted]) -> list[str]:
    """Return the columns of numbers whose cells may be missing."""
    return [name for name, column in numeric.items() if column.may_be_missing]


def _read_with_gaps(
    source: CSVFile,
    types: "Mapping[str, pyarrow.DataType]",
    numeric: Mapping[str, Wanted],
    missing: Collection[str],
    booleans: Collection[str],
) -> "pyarrow.Table":
    """Read columns of these types, with spaces around missing cells, which pyarrow does not take for missing."""
    import pyarrow
    from pyarrow import compute

    gaps = _gaps(numeric)
    others = {name: column for name, column in numeric.items() if name not in gaps}
    table = _read_numbers(source, {**types, **dict.fromkeys(gaps, pyarrow.string())}, others, missing)
    for name in gaps:
        cells = table.column(name)
        if name in booleans:
            numbers = _as_booleans(cells, numeric[name])
        else:
            text = without_marks(compute.utf8_trim_whitespace(cells.combine_chunks()), numeric[name])
            numbers = text.cast(types[name])
        table = table.set_column(table.column_names.index(name), name, numbers)
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
    named = csv.ReadOptions(block_size=LONGEST_ROW, **naming(source))
    with source.for_arrow() as file, csv.open_csv(file, named, parsing, options) as batches:
        for batch in batches:
            text = {name: compute.utf8_trim_whitespace(batch.column(name)) for name in found}
            found = {
                name for name, cells in text.items() if compute.all(compute.is_in(cells, value_set=words[name])).as_py()
            }
    return found


def _bad_cell(source: CSVFile, numeric: Mapping[str, Wanted]) -> DataError | None:
    """Return the error for the first cell that is not a number. This is slow, but the run ends here."""
    import pyarrow
    from pyarrow import csv

    options = csv.ConvertOptions(include_columns=list(numeric), column_types=dict.fromkeys(numeric, pyarrow.string()))
    with as_sentences(source.path, partial(sentence, dialect=source.dialect)):
        # A single thread counts rows, so that the error about a row of the wrong width names it.
        text = _table(source, convert_options=options, newlines_in_values=True, use_threads=False)
    return first_bad_cell(text, numeric, source.path)
