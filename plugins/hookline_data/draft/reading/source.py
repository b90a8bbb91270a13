"""The table that a spec is drafted for: what reads it, and its columns."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.errors import DataError
from hookline_data.arrow_columns.checked import checked
from hookline_data.arrow_columns.plain import plain
from hookline_data.csv import CSV
from hookline_data.draft.columns import Column
from hookline_data.draft.reading import sample
from hookline_data.draft.reading.csv_rows import CSVRows, csv_rows
from hookline_data.draft.reading.data_files import DataFiles
from hookline_data.draft.reading.lists import list_column
from hookline_data.draft.summaries import column_of
from hookline_data.files import several
from hookline_data.json_lines import JSONLines
from hookline_data.reading.cells import is_list
from hookline_data.reading.columns import Wanted
from hookline_data.reading.csv.header import seems_to_lack_a_header
from hookline_data.table import Table

if TYPE_CHECKING:
    import pyarrow

CELLS = Wanted("text", may_be_missing=True, keeps_type=True)
"""All cells, as the file has them."""


@frozen(kw_only=True)
class TableFile:
    """A table in one or several files."""

    files: DataFiles
    """The files."""
    type: str
    """The data source that reads it."""
    options: Mapping[str, Any]
    """Its options that are not the defaults."""
    columns: tuple[Column, ...]
    """The columns of the training rows, in order. They describe the rows of the other splits, too."""
    rows: int
    """The number of rows in all files; an estimate if not all were inspected."""
    is_sample: bool
    """Whether only some rows were inspected."""
    training: int
    """How many of the rows that were inspected are training rows; they come first."""
    absent: Mapping[str, frozenset[str]]
    """The columns that the files of other splits lack, by split."""
    notes: tuple[str, ...] = ()
    """What the user should know about the files."""

    @property
    def path(self) -> Path:
        """The file, or the files, of the training rows."""
        return self.files.training

    @property
    def lacks_a_header(self) -> bool:
        """Whether the names of the columns are probably a row of data."""
        return seems_to_lack_a_header([column.name for column in self.columns])


class _Cells:
    """The cells of columns, in the order in which they are read."""

    def __init__(self, names: list[str]):
        self.parts: dict[str, list[pyarrow.Array]] = {name: [] for name in names}
        self.looked_at = 0
        self.rows = 0.0

    def add(self, table: "Mapping[str, pyarrow.Array]", rows: float) -> None:
        """Add cells of a file with this many rows."""
        for name, cells in table.items():
            self.parts[name].append(cells)
        found = len(next(iter(table.values())))
        self.looked_at += found
        self.rows += rows


def table_file(files: DataFiles, source: type[Table]) -> TableFile:
    """Read the columns of a table, or some rows of it if it is large.

    Raises:
        DataError: If it cannot be read, or is not a table with rows and at least two columns.

    """
    first = several.of(files.training)[0]
    rows_of: CSVRows | None = csv_rows(first) if source is CSV else None
    options = {} if rows_of is None else rows_of.options
    reader = source(path=files.training, batch_size=1, **options)
    names = reader.column_names(files.training)
    if len(names) < 2:
        spaces = " Its cells seem to be separated by spaces: convert it, such as with `pandas.read_fwf`."
        advice = spaces if re.search(r"\S {2,}\S", names[0]) else ""
        raise DataError(f"There is only one column; a target and an input are needed.{advice}", file=first)
    cells = _Cells(names)
    of = {split: several.of(path) for split, path in files.paths.items()}
    count = sum(map(len, of.values()))
    _read(reader, rows_of, of["training"], names, cells, count)
    training = cells.looked_at
    absent = {}
    for split, paths in of.items():
        if split != "training":
            there = set(reader.column_names(files.paths[split]))
            absent[split] = frozenset(name for name in names if name not in there)
            if kept := [name for name in names if name in there]:
                _read(reader, rows_of, paths, kept, cells, count)
    is_sample = cells.rows > cells.looked_at
    point = options.get("decimal_point", ".") if source is CSV else None
    columns = [_column(name, index, cells.parts[name], point, first) for index, name in enumerate(names)]
    return TableFile(
        files=files,
        type=source.__name__,
        options=options if rows_of is None else rows_of.options,
        columns=tuple(columns),
        rows=round(cells.rows),
        is_sample=is_sample,
        training=training,
        absent=absent,
        notes=(*files.notes, *(rows_of.notes if rows_of is not None else ())),
    )


def _read(
    reader: Table, rows_of: CSVRows | None, paths: tuple[Path, ...], names: list[str], cells: _Cells, files: int
) -> None:
    """Add the cells of some files, of which there are this many in all."""
    for path in paths:
        reader.names_in_file(path)  # Refuses files of another kind.
        if rows_of is not None:
            found, share = rows_of.read(path, names, files)
            cells.add(found, len(next(iter(found.values()))) / share)
            continue
        table, rows = _arrow_table(reader, path, names, files)
        if not table.num_rows:
            raise DataError("The file has no rows.", file=path)
        cells.add({name: _whole(column) for name, column in zip(names, table.columns, strict=True)}, rows)


def _arrow_table(reader: Table, path: Path, names: list[str], files: int) -> "tuple[pyarrow.Table, float]":
    """Return the cells of a file of Arrow columns as they are, or some rows, and how many rows there are."""
    if isinstance(reader, JSONLines):
        return _json_table(reader, path, names, files)
    read = sample.parquet_sample if type(reader).__name__ == "Parquet" else sample.arrow_sample
    return read(path, names, files)


def _json_table(reader: JSONLines, path: Path, names: list[str], files: int) -> "tuple[pyarrow.Table, float]":
    import pyarrow

    with sample.text_sample(path, None, files) as (some, share):
        try:
            table = pyarrow.table(reader.read_cells(some, dict.fromkeys(names, CELLS)))
        except DataError:
            if some == path:
                raise
            table, share = pyarrow.table(reader.read_cells(path, dict.fromkeys(names, CELLS))), 1.0
    return table, table.num_rows / share


def _whole(column: "pyarrow.ChunkedArray") -> "pyarrow.Array":
    return plain(column).combine_chunks()


def _column(name: str, index: int, parts: "list[pyarrow.Array]", decimal_point: str | None, path: Path) -> Column:
    """Summarize the cells of a column in all files. `decimal_point` is that of a CSV file."""
    import pyarrow

    chunks = pyarrow.chunked_array(parts) if len({part.type for part in parts}) == 1 else _of_one_type(parts)
    if is_list(chunks.type):
        return list_column(name, index, chunks.combine_chunks())
    try:
        cells = (checked(chunks, CELLS, name, path) if decimal_point is None else chunks).combine_chunks()
    except DataError as error:
        why = error.message.partition(": ")[2] or error.message
        return Column(name=name, index=index, kind="other", rows=len(chunks), why=why.rstrip("."))
    return column_of(name, index, cells, decimal_point or ".")


def _of_one_type(parts: "list[pyarrow.Array]") -> "pyarrow.ChunkedArray":
    import pyarrow

    tables = [pyarrow.table([part], names=["cells"]) for part in parts]
    try:
        return pyarrow.concat_tables(tables, promote_options="permissive").column(0)
    except pyarrow.ArrowException:
        return pyarrow.chunked_array([part.cast(pyarrow.string()) for part in parts])
