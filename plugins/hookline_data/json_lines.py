"""JSON Lines files as a data source."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.errors import DataError
from hookline.spec import spec
from hookline_data.arrow_columns.checked import checked_table
from hookline_data.files import kinds
from hookline_data.new_rows.chunks import Chunk
from hookline_data.new_rows.json_rows import JSONRows, sentence
from hookline_data.new_rows.parse_text import column_of_numbers
from hookline_data.new_rows.roles import Role
from hookline_data.reading.columns import Wanted
from hookline_data.reading.error_messages import as_sentences
from hookline_data.table import Table

if TYPE_CHECKING:
    import pyarrow


@spec
class JSONLines(Table):
    """A file of JSON lines: an object per line and example, such as `{"width": 1.5, "color": "red"}`.

    The file may be compressed by gzip, Zstandard, bzip2 or xz. A cell that an object lacks is missing. Lists are used
    as in a Parquet file. Columns are those of the first 1,000 lines.
    """

    def names_in_file(self, path: Path) -> list[str]:
        """Return the names in the objects of the first lines."""
        with as_sentences(path, sentence):
            kinds.refuse_other(path, "JSONLines")
            with path.open("rb") as file:
                return JSONRows(file, path).names

    def read_file(self, path: Path, wanted: Mapping[str, Wanted]) -> "pyarrow.Table":
        """Read the columns and convert their cells to the wanted types. Numbers may be written as text."""
        import pyarrow

        columns = self.read_cells(path, wanted)
        for name, column in wanted.items():
            if column.kind in ("number", "integer") and pyarrow.types.is_string(columns[name].type):
                columns[name] = column_of_numbers(columns[name], name, column, path)
        return checked_table(pyarrow.table(columns), wanted, path)

    def read_cells(self, path: Path, wanted: Mapping[str, Wanted]) -> "dict[str, pyarrow.ChunkedArray]":
        """Read the columns as they are in the file, without checking or converting them."""
        roles = {name: Role(wanted=column, size=None) for name, column in wanted.items()}
        chunks: list[Chunk] = []
        rows = 0
        with as_sentences(path, sentence), path.open("rb") as file:
            for chunk in JSONRows(file, path).chunks(roles, ()):
                if chunk.bad:
                    raise chunk.bad[0].error(0, rows + 1, path)
                chunks.append(chunk)
                rows += chunk.rows
        return {name: _joined([chunk.columns[name] for chunk in chunks], name, path) for name in wanted}


def _joined(parts: "Sequence[pyarrow.ChunkedArray]", name: str, path: Path) -> "pyarrow.ChunkedArray":
    """Return the cells of all blocks, as text if they are numbers in one block and text in another."""
    import pyarrow

    tables = [pyarrow.table([part], names=["cells"]) for part in parts]
    try:
        return pyarrow.concat_tables(tables, promote_options="permissive").column("cells")
    except pyarrow.ArrowException:
        pass
    if any(pyarrow.types.is_nested(part.type) for part in parts):
        different = " and ".join(sorted({str(part.type) for part in parts}))
        message = f'The cells of the column "{name}" have different types: {different}.'
        raise DataError(message, file=path, columns=[name])
    return pyarrow.chunked_array([chunk for part in parts for chunk in part.cast(pyarrow.string()).chunks])
