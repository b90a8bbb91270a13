"""The lines that read the file of a table."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hookline.script import Script, cannot_be_written, code_of, literal
from hookline_data.layout.layout import Layout
from hookline_data.reading.columns import Wanted

if TYPE_CHECKING:
    import pyarrow

    from hookline_data.table import Table


class ReadFile(Protocol):
    """A file whose lines were added: the script has a `table` of pyarrow."""

    names: list[str]
    """The names of the columns of `table`."""

    def array(self, column: str) -> str:
        """Return the cells of a column as a NumPy array, as code; the column is a name, or code."""

    def lists(self, column: str) -> str:
        """Return the cells of a column as a list of lists, as code."""


def path_in_script(path: Path) -> str:
    """Return a path as the script has it: relative to the current directory, if it is below it."""
    absolute = Path.cwd() / path
    here = Path.cwd()
    return absolute.relative_to(here).as_posix() if absolute.is_relative_to(here) else absolute.as_posix()


def add_file(table: "Table", script: Script, layout: Layout) -> "ReadFile":
    """Add the lines that read the file of a table."""
    from hookline_data.csv import CSV
    from hookline_data.parquet import Parquet

    if getattr(table, "stream", False):
        raise cannot_be_written("Streamed rows have no lines.", ("stream",))
    if isinstance(table, CSV):
        return CSVLines(table, script, layout)
    if isinstance(table, Parquet):
        return ParquetLines(table, script, layout)
    raise cannot_be_written(f"{type(table).__name__} has no lines.")


class CSVLines:
    """The lines of a CSV file."""

    def __init__(self, table: Any, script: Script, layout: Layout):
        """Add the lines: plain ones, if pyarrow infers the right type of each column."""
        from pyarrow import csv

        dialect = table.dialect
        if dialect.comment:
            raise cannot_be_written("Comments have no lines.", ("comment",))
        wanted = layout.wanted()
        script.use("from pyarrow import csv")
        path = literal(path_in_script(table.path))
        if table.dialect.reader_options() != {"delimiter": ",", "quotechar": '"'} or not dialect.is_utf8:
            raise cannot_be_written("This dialect of CSV has no lines.", ("delimiter",))
        plain = csv.read_csv(table.path)
        self.names = plain.column_names
        self._wanted = wanted
        types = {
            name: kind for name, column in wanted.items() if (kind := _other_type(plain, name, column)) is not None
        }
        if not types:
            script.add("read", f"table = csv.read_csv({path})")
            return
        script.use("import pyarrow as pa")
        listed = ", ".join(f"{literal(name)}: pa.{kind}()" for name, kind in types.items())
        script.add(
            "read",
            f"options = csv.ConvertOptions(column_types={{{listed}}})\n"
            f"table = csv.read_csv({path}, convert_options=options)",
        )

    def array(self, column: str) -> str:
        """Return the cells of a column as a NumPy array, as code."""
        return f"table[{code_of(column)}].to_numpy()"

    def lists(self, column: str) -> str:
        """Return the cells of a column as a list of lists, as code."""
        return f"table[{code_of(column)}].to_pylist()"


def _other_type(plain: "pyarrow.Table", name: str, wanted: Wanted) -> str | None:
    """Return the type that a column must have, if pyarrow infers another one."""
    from pyarrow import types

    kind = plain.schema.field(name).type
    is_number = types.is_integer(kind) or types.is_floating(kind)
    if wanted.kind in ("number", "integer"):
        return None if is_number else "float64" if wanted.kind == "number" else "int64"
    if wanted.kind == "any":
        return None if is_number or types.is_string(kind) else "string"
    return None if types.is_string(kind) else "string"


class ParquetLines:
    """The lines of a Parquet file."""

    def __init__(self, table: Any, script: Script, layout: Layout):
        """Add the lines."""
        from pyarrow import parquet

        script.use("from pyarrow import parquet")
        script.add("read", f"table = parquet.read_table({literal(path_in_script(table.path))})")
        self.names = parquet.read_schema(table.path).names

    def array(self, column: str) -> str:
        """Return the cells of a column as a NumPy array, as code."""
        return f"table[{code_of(column)}].to_numpy()"

    def lists(self, column: str) -> str:
        """Return the cells of a column as a list of lists, as code."""
        return f"table[{code_of(column)}].to_pylist()"
