"""The lines that read Parquet, Arrow and JSON Lines files."""

from pathlib import Path
from typing import TYPE_CHECKING

from hookline.script import literal
from hookline_data.ejecting.files.read_file import ReadFile

if TYPE_CHECKING:
    import pyarrow


class ParquetLines(ReadFile):
    """The lines of Parquet files."""

    module = "from pyarrow import parquet"

    def read(self, path: Path) -> "pyarrow.Table":
        """Read the schema only."""
        from pyarrow import parquet

        return parquet.read_schema(path).empty_table()

    def reading(self, path: str) -> str:
        """Return a call of pyarrow's function."""
        return f"parquet.read_table({path})"


class ArrowLines(ReadFile):
    """The lines of Arrow files, in the file format or in the stream format."""

    module = "from pyarrow import ipc"

    def read(self, path: Path) -> "pyarrow.Table":
        """Read the schema only."""
        import pyarrow
        from pyarrow import ipc

        with path.open("rb") as file:
            self.is_stream = file.read(6) != b"ARROW1"
        with pyarrow.memory_map(str(path)) as source:
            opened = ipc.open_stream(source) if self.is_stream else ipc.open_file(source)
            return opened.schema.empty_table()

    def reading(self, path: str) -> str:
        """Return calls of pyarrow's functions."""
        self.script.use("import pyarrow as pa")
        return f"ipc.open_{'stream' if self.is_stream else 'file'}(pa.memory_map({path})).read_all()"


class JSONLinesLines(ReadFile):
    """The lines of files of JSON lines."""

    module = "from pyarrow import json"

    def read(self, path: Path) -> "pyarrow.Table":
        """Read the file."""
        from pyarrow import json

        return json.read_json(path)

    def add(self) -> None:
        """Add the lines. Without a schema, pyarrow reads text as times where it can."""
        from pyarrow import types

        found = {one.name: one.type for tables in self.tables.values() for table in tables for one in table.schema}
        used = {*self.layout.wanted()}
        self._text = [name for name, kind in found.items() if types.is_timestamp(kind) and name in used]
        if self._text:
            self.script.use("import pyarrow as pa")
            fields = ", ".join(f"({literal(name)}, pa.string())" for name in self._text)
            options = f"json.ParseOptions(explicit_schema=pa.schema([{fields}]))"
            self.script.add("read", f"parse_options = {options}", apart=False)
        super().add()

    def reading(self, path: str) -> str:
        """Return a call of pyarrow's function."""
        return f"json.read_json({path}{', parse_options=parse_options' if self._text else ''})"
