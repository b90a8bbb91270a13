"""The lines that read the file of a table."""

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from hookline.script import Code, Script, call, cannot_be_written, code_of, literal
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

    def column(self, name: str) -> str:
        """Return a column of pyarrow, as code."""


def path_in_script(path: Path) -> str:
    """Return a path as the script has it: relative to the current directory, if it is below it."""
    absolute = Path(os.path.normpath(Path.cwd() / path))
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
        """Add the lines, with those options that pyarrow needs to find the columns and their types."""
        from pyarrow import csv

        self._table, self._script = table, script
        options = self._options(has_kinds=bool(layout.kinds))
        source = io.BytesIO(self._content()) if table.skipfooter else table.path
        given = {name: getattr(csv, kind)(**values) for name, (kind, values) in options.items() if values}
        plain = csv.read_csv(source, **given)
        self.names = plain.column_names
        kinds = {**layout.kinds, **layout.target_kinds}
        types = {}
        for name, column in layout.wanted().items():
            is_open = name in kinds and column.kind == "any"
            if not is_open and (kind := _other_type(plain, name, column)) is not None:
                types[name] = Code(f"pa.{kind}()")
        if types:
            script.use("import pyarrow as pa")
            options["convert_options"][1]["column_types"] = types
        self._add(options)

    def _options(self, *, has_kinds: bool) -> dict[str, tuple[str, dict[str, Any]]]:
        """Return the options of pyarrow that differ from its defaults, each with the class that it is in."""
        dialect = self._table.dialect
        read: dict[str, Any] = {}
        if dialect.skip_rows or (dialect.names and dialect.header):
            read["skip_rows"] = dialect.skip_rows + bool(dialect.names and dialect.header)
        if dialect.names:
            read["column_names"] = list(dialect.names)
        elif not dialect.header:
            read["autogenerate_column_names"] = True
        if not dialect.is_utf8 and not self._table.skipfooter:
            read["encoding"] = dialect.encoding
        parse = {} if dialect.delimiter == "," else {"delimiter": dialect.delimiter}
        parse |= {} if dialect.quote_char == '"' else {"quote_char": dialect.quote_char or False}
        parse |= {"newlines_in_values": True} if self._table.multiline else {}
        convert: dict[str, Any] = {} if dialect.decimal_point == "." else {"decimal_point": dialect.decimal_point}
        if has_kinds:
            convert |= {"null_values": list(self._table.missing_marks), "strings_can_be_null": True}
            if "" not in self._table.missing_marks:
                convert["null_values"].insert(0, "")
        return {
            "read_options": ("ReadOptions", read),
            "parse_options": ("ParseOptions", parse),
            "convert_options": ("ConvertOptions", convert),
        }

    def _content(self) -> bytes:
        """Return the file without its last lines, in UTF-8."""
        table = self._table
        text = Path(table.path).read_text(encoding=table.dialect.encoding)
        lines = [line for line in text.splitlines() if line.strip()]
        return "\n".join(lines[: -table.skipfooter]).encode()

    def _add(self, options: dict[str, tuple[str, dict[str, Any]]]) -> None:
        table, script = self._table, self._script
        script.use("from pyarrow import csv")
        source = literal(path_in_script(table.path))
        if table.skipfooter:
            script.use("import io", "from pathlib import Path")
            encoding = f"encoding={literal(table.dialect.encoding)}"
            lines = [
                f"lines = [line for line in Path({source}).read_text({encoding}).splitlines() if line.strip()]",
                f'content = "\\n".join(lines[:-{table.skipfooter}]).encode()  # Without the end of the file.',
            ]
            script.add("read", "\n".join(lines))
            source = "io.BytesIO(content)"
        given = {}
        for name, (kind, values) in options.items():
            if values:
                code = call(f"csv.{kind}", **{key: _code(value) for key, value in values.items()})
                script.add("read", f"{name} = {code}", apart=False)
                given[name] = name
        script.add("read", f"table = {call('csv.read_csv', source, **given)}", apart=False)

    def column(self, name: str) -> str:
        """Return a column, as code."""
        return f"table[{literal(name)}]"

    def array(self, column: str) -> str:
        """Return the cells of a column as a NumPy array, as code."""
        return f"table[{code_of(column)}].to_numpy()"

    def lists(self, column: str) -> str:
        """Return the cells of a column as a list of lists, as code."""
        return f"table[{code_of(column)}].to_pylist()"


def _code(value: Any) -> str:
    """Return a value, or a dictionary of values that are code."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{literal(key)}: {code_of(one)}' for key, one in value.items())}}}"
    return code_of(value)


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

    def column(self, name: str) -> str:
        """Return a column, as code."""
        return f"table[{literal(name)}]"
