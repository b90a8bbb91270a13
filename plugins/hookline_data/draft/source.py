"""The file that a spec is drafted for: what reads it, and its columns."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.errors import DataError
from hookline_data.arrow import Arrow
from hookline_data.csv import CSV
from hookline_data.draft.columns import Column, column_of
from hookline_data.draft.dialect import dialect_options
from hookline_data.files import compressed, kinds
from hookline_data.json_lines import JSONLines
from hookline_data.parquet import Parquet
from hookline_data.reading.columns import Wanted
from hookline_data.reading.csv_format import MOST_CELL_LINES
from hookline_data.table import Table

if TYPE_CHECKING:
    import pyarrow

SOURCES: Mapping[str, type[Table]] = {source.__name__: source for source in (Arrow, CSV, JSONLines, Parquet)}

LOOKED_AT = 1024
"""How many bytes of a text file to search for NUL characters."""

CELLS = Wanted("text", may_be_missing=True, keeps_type=True)
"""All cells, as the file has them."""


@frozen
class TableFile:
    """A table in a file."""

    path: Path
    """The file."""
    type: str
    """The data source that reads it."""
    options: Mapping[str, Any]
    """Its options that are not the defaults."""
    columns: tuple[Column, ...]
    """The columns, in order."""


def table_file(path: Path) -> TableFile | None:
    """Read a file, compressed or not; `None` if no data source for tables reads it.

    Raises:
        DataError: If it cannot be read, or is not a table with rows and at least two columns.

    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # A pipe or a device may have no end.
            raise DataError(f"{path}: This is not a regular file.")
        kind = kinds.of_file(path)
        kind = "CSV" if kind in ("text", "JSON") else kind  # A header may begin like JSON.
        if kind not in SOURCES:
            kinds.refuse_other(path, "CSV") if kind not in ("NPZ", "damaged") else None
            return None
        options = dialect_options(path) if kind == "CSV" else {}
        if kind == "CSV" and "encoding" not in options and _is_binary(path):
            return None
    except OSError as error:
        raise DataError(f"{path}: The file cannot be read: {error.strerror or error}.") from None
    source: Any = SOURCES[kind]
    reader: Table = source(path=path, batch_size=1, **options)
    names = reader.names_in_file(path)
    if len(names) < 2:
        raise DataError("There is only one column; a target and an input are needed.", file=path)
    point = options.get("decimal_point", ".")
    try:
        columns = _columns(reader, path, names, point)
    except DataError as error:
        lines = re.search(r"This cell has (\d+) lines", error.message)
        if kind != "CSV" or lines is None or int(lines[1]) > MOST_CELL_LINES:
            raise
        options["multiline"] = True
        columns = _columns(source(path=path, batch_size=1, **options), path, names, point)
    return TableFile(path, kind, options, tuple(columns))


def _is_binary(path: Path) -> bool:
    with path.open("rb") as file:
        return compressed.kind_of(file) is None and b"\0" in file.read(LOOKED_AT)


def _columns(reader: Table, path: Path, names: list[str], decimal_point: str) -> list[Column]:
    if isinstance(reader, CSV):
        table = reader.read_file(path, dict.fromkeys(names, CELLS))
        return [column_of(name, index, _whole(table, name), decimal_point) for index, name in enumerate(names)]
    columns = []
    for index, name in enumerate(names):
        try:
            cells = _whole(reader.read_file(path, {name: CELLS}), name)
        except DataError as error:
            if not error.columns:
                raise
            why = error.message.partition(": ")[2] or error.message
            columns.append(Column(name=name, index=index, kind="other", rows=0, why=why.rstrip(".")))
        else:
            columns.append(column_of(name, index, cells, decimal_point))
    return columns


def _whole(table: "pyarrow.Table", name: str) -> "pyarrow.Array":
    import pyarrow

    column = table.column(name)
    return column if isinstance(column, pyarrow.Array) else column.combine_chunks()
