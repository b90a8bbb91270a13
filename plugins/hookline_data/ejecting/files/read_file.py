"""The lines that read the files of a table."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hookline.script import Code, Script, cannot_be_written, code_of, literal
from hookline_data.files import several
from hookline_data.files.several import Files, is_pattern
from hookline_data.layout.layout import Layout

if TYPE_CHECKING:
    import pyarrow

    from hookline_data.table import Table

COMPLETE = '''
def complete(table, names):
    """Return the rows in which no cell of these columns is missing."""
    for name in names:
        table = table.filter(pc.invert(pc.is_null(table[name], nan_is_null=True)))
    return table
'''

JOIN = 'pa.concat_tables({}, promote_options="permissive")'


def path_in_script(path: Path) -> str:
    """Return a path as the script has it: relative to the current directory, if it is below it."""
    absolute = Path(os.path.normpath(Path.cwd() / path))
    here = Path.cwd()
    return absolute.relative_to(here).as_posix() if absolute.is_relative_to(here) else absolute.as_posix()


class ReadFile:
    """The lines that read the files of a table, after which the script has a `table` of pyarrow with all rows.

    If splits have files of their own, their rows come after those of the first file. Rows that are dropped because a
    cell is missing are left out.
    """

    module: ClassVar[str] = ""
    """The statement that imports the reader."""

    def __init__(self, source: "Table", script: Script, layout: Layout):
        """Add the lines. `source` is a table whose paths are together: see `SplitFile.together`."""
        self.source, self.script, self.layout = source, script, layout
        self.paths = {"training": source.path, **source.other_files}
        self.tables = {split: [self._read(path) for path in several.of(path)] for split, path in self.paths.items()}
        self.schema = self.tables["training"][0].schema
        self.names: list[str] = self.schema.names
        """The names of the columns of `table`."""
        self.add()

    @property
    def known(self) -> str:
        """The number of rows of the first file, which are divided into splits, as code."""
        return "len(table)" if len(self.paths) == 1 else "len(tables[0])"

    def _read(self, path: Path) -> "pyarrow.Table":
        try:
            table = self.read(path)
            _ = table.column_names  # They may be no text.
        except Exception as error:  # Hookline reads more files than pyarrow, which raises errors of many types.
            what = f"{type(error).__name__}: {error}".partition("\n")[0]
            raise cannot_be_written(f"pyarrow does not read the file {path.name} ({what}).", ("path",)) from error
        return table

    def read(self, path: Path) -> "pyarrow.Table":
        """Read a file as the script does it, to find out the types of its columns."""
        raise NotImplementedError

    def reading(self, path: str) -> str:
        """Return an expression that reads the file with a path, both as code."""
        raise NotImplementedError

    def add(self) -> None:
        """Add the lines."""
        script = self.script
        script.use(self.module)
        dropping = [f", {literal(self.layout.dropping)})"] if self.layout.dropping else []
        if dropping:
            script.use("import pyarrow.compute as pc")
            script.define(COMPLETE)
        if len(self.paths) == 1:
            made = self._of_split("training")
            for names in dropping:
                made = f"complete({made}{names}"
            script.add("read", f"table = {made}", apart=False)
            return
        script.use("import pyarrow as pa")
        if all(len(tables) == 1 for tables in self.tables.values()):
            paths = ", ".join(literal(path_in_script(path)) for path in self.paths.values())
            made = f"[{self.reading('path')} for path in ({paths})]"
        else:
            made = f"[{', '.join(self._of_split(split) for split in self.paths)}]"
        script.add("read", f"tables = {made}  # {_named(self.paths)}", apart=False)
        for names in dropping:
            script.add("read", f"tables = [complete(one{names} for one in tables]", apart=False)
        script.add("read", f"table = {JOIN.format('tables')}", apart=False)

    def _of_split(self, split: str) -> str:
        """Return the table of the files of a split, as code."""
        path = self.paths[split]
        if not isinstance(path, Files):
            return self.reading(literal(path_in_script(path)))
        self.script.use("import pyarrow as pa")
        return JOIN.format(f"[{self.reading('path')} for path in {self._listed(path, split)}]")

    def _listed(self, path: Files, split: str) -> str:
        """Return the paths of several files, as code."""
        given = self.source.path if split == "training" else getattr(self.source, split)
        pattern = Path(str(given))
        if is_pattern(pattern):
            self.script.use("from glob import glob")
            return f"sorted(glob({literal(path_in_script(pattern))}, recursive=True))"
        return literal(tuple(path_in_script(one) for one in path.files))

    def column(self, name: str) -> str:
        """Return a column of pyarrow, as code."""
        return f"table[{literal(name)}]"

    def is_nested(self, name: str) -> bool:
        """Whether the cells of a column are lists."""
        from pyarrow import types

        return bool(types.is_nested(self.schema.field(name).type))

    def array(self, column: str) -> str:
        """Return the cells of a column as a NumPy array, as code; the column is a name, or code."""
        if not isinstance(column, Code) and self.is_nested(column):
            self.script.use("import numpy as np")
            return f"np.array({self.lists(column)})"
        return f"table[{code_of(column)}].to_numpy()"

    def lists(self, column: str) -> str:
        """Return the cells of a column as a list of lists, as code."""
        return f"table[{code_of(column)}].to_pylist()"


def _named(splits: Mapping[str, Any]) -> str:
    """Return the names of splits, for a comment."""
    *first, last = splits
    return f"{', '.join(first)} and {last}".capitalize()


def add_file(table: "Table", script: Script, layout: Layout) -> ReadFile:
    """Add the lines that read the files of a table.

    Raises:
        MismatchError: if its format has no lines.

    """
    from hookline_data.arrow import Arrow
    from hookline_data.csv import CSV
    from hookline_data.ejecting.files.arrow_lines import ArrowLines, JSONLinesLines, ParquetLines
    from hookline_data.ejecting.files.csv_lines import CSVLines
    from hookline_data.json_lines import JSONLines
    from hookline_data.parquet import Parquet

    kinds: Sequence[tuple[type[Any], type[ReadFile]]] = (
        *((CSV, CSVLines), (Parquet, ParquetLines), (Arrow, ArrowLines), (JSONLines, JSONLinesLines)),
    )
    for kind, lines in kinds:
        if isinstance(table, kind):
            return lines(table, script, layout)
    raise cannot_be_written("Rows that are passed in Python have no lines: the script has no file to read.")
