"""The lines that read CSV files."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.script import Code, call, code_of, literal
from hookline_data.ejecting.files.read_file import ReadFile
from hookline_data.files import several
from hookline_data.reading.columns import Wanted

if TYPE_CHECKING:
    import pyarrow

Options = dict[str, tuple[str, dict[str, Any]]]
"""The options of pyarrow that differ from its defaults, by argument, each with the class that it is in."""


class CSVLines(ReadFile):
    """The lines of CSV files, with those options that pyarrow needs to find the columns and their types."""

    module = "from pyarrow import csv"
    source: Any

    @property
    def has_other_lines(self) -> bool:
        """Whether some lines of a file are not rows, so that pyarrow does not read it itself."""
        return bool(self.source.skipfooter or self.source.comment)

    def read(self, path: Path) -> "pyarrow.Table":
        """Read a file, and infer the types of its columns."""
        return self._read_with(self._options(), path)

    def _read_with(self, options: Options, path: Path) -> "pyarrow.Table":
        from pyarrow import csv

        given = {name: getattr(csv, kind)(**values) for name, (kind, values) in options.items() if values}
        if not self.has_other_lines:
            return csv.read_csv(path, **given)
        variables: dict[str, Any] = {}
        exec(f"import io\nfrom pathlib import Path\n{self._rows_of()}", variables)  # noqa: S102 - The same lines.
        return csv.read_csv(variables["rows_of"](path), **given)

    def reading(self, path: str) -> str:
        """Return a call of pyarrow's function."""
        if self.has_other_lines:
            self.script.use("import io", "from pathlib import Path")
            path = f"{self.script.define(self._rows_of())}({path})"
        return call("csv.read_csv", path, **self._given)

    def add(self) -> None:
        """Add the options, and the lines that read the files."""
        options = self._options()
        which, convert = options["convert_options"]
        shorter = {name: value for name, value in convert.items() if name != "null_values"}
        if len(shorter) < len(convert) and self._are_read_by(options | {"convert_options": (which, shorter)}):
            del convert["null_values"]  # The marks of pyarrow are enough.
        types = {}
        for name, wanted in self.layout.wanted().items():
            plain = [table.schema.field(name).type for table in self._all() if name in table.column_names]
            if (kind := _other_type(plain, wanted)) is not None:
                types[name] = Code(f"pa.{kind}()")
        if types:
            self.script.use("import pyarrow as pa")
            options["convert_options"][1]["column_types"] = types
        self._given = {}
        for name, (kind, values) in options.items():
            if values:
                code = call(f"csv.{kind}", **{key: _code(value) for key, value in values.items()})
                self.script.add("read", f"{name} = {code}", apart=False)
                self._given[name] = name
        super().add()

    def _are_read_by(self, options: Options) -> bool:
        """Whether these options read the same cells from all files."""
        paths = [path for path in self.paths.values() for path in several.of(path)]
        return all(self._read_with(options, path).equals(table) for path, table in zip(paths, self._all(), strict=True))

    def _all(self) -> "list[pyarrow.Table]":
        return [table for tables in self.tables.values() for table in tables]

    def _options(self) -> Options:
        dialect, layout = self.source.dialect, self.layout
        read: dict[str, Any] = {}
        if dialect.skip_rows or (dialect.names and dialect.header):
            read["skip_rows"] = dialect.skip_rows + bool(dialect.names and dialect.header)
        if dialect.names:
            read["column_names"] = list(dialect.names)
        elif not dialect.header:
            read["autogenerate_column_names"] = True
        if not dialect.is_utf8 and not self.has_other_lines:
            read["encoding"] = dialect.encoding
        parse = {} if dialect.delimiter == "," else {"delimiter": dialect.delimiter}
        parse |= {} if dialect.quote_char == '"' else {"quote_char": dialect.quote_char or False}
        parse |= {"newlines_in_values": True} if self.source.multiline else {}
        convert: dict[str, Any] = {} if dialect.decimal_point == "." else {"decimal_point": dialect.decimal_point}
        if layout.kinds or layout.dropping:
            marks = list(self.source.missing_marks)
            convert |= {"null_values": marks if "" in marks else ["", *marks], "strings_can_be_null": True}
        return {
            "read_options": ("ReadOptions", read),
            "parse_options": ("ParseOptions", parse),
            "convert_options": ("ConvertOptions", convert),
        }

    def _rows_of(self) -> str:
        """Return a function that leaves out comments and the end of a file."""
        comment, skipfooter = self.source.comment, self.source.skipfooter
        encoding = self.source.dialect.encoding
        what = ["comments"] if comment else []
        what += ["its last line" if skipfooter == 1 else f"its last {skipfooter} lines"] if skipfooter else []
        condition = f"line.strip() and not line.startswith({literal(comment)})" if comment else "line.strip()"
        return (
            "def rows_of(path):\n"
            f'    """Return a text file without {" and ".join(what)}."""\n'
            f"    lines = Path(path).read_text(encoding={literal(encoding)}).splitlines()\n"
            f"    lines = [line for line in lines if {condition}]\n"
            f'    return io.BytesIO("\\n".join(lines{f"[:-{skipfooter}]" if skipfooter else ""}).encode())\n'
        )


def _code(value: Any) -> str:
    """Return a value, or a dictionary of values that are code."""
    if isinstance(value, dict):
        return f"{{{', '.join(f'{literal(key)}: {code_of(one)}' for key, one in value.items())}}}"
    return code_of(value)


def _other_type(plain: "Sequence[pyarrow.DataType]", wanted: Wanted) -> str | None:
    """Return the type that a column must have, if pyarrow infers another one, or different ones in several files."""
    from pyarrow import types

    are_numbers = all(types.is_integer(kind) or types.is_floating(kind) for kind in plain)
    are_text = all(types.is_string(kind) for kind in plain)
    if wanted.kind in ("number", "integer"):
        if are_numbers or all(types.is_boolean(kind) for kind in plain):
            return None
        return "float64" if wanted.kind == "number" else "int64"
    if wanted.kind == "any":
        return None if are_numbers or are_text else "string"
    return None if are_text else "string"
