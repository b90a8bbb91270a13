"""Tables of comma-separated values."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.spec import spec
from hookline_data.reading import csv_cells, csv_header
from hookline_data.reading.columns import Wanted
from hookline_data.table import Table

if TYPE_CHECKING:
    import pyarrow


@spec
class CSV(Table):
    """A table of comma-separated values: text in UTF-8, with a header and a row for each example.

    The target's cells may be text: they are then the names of classes, which are sorted and counted from 0.
    """

    has_single_cells = True

    multiline: bool = False
    """Whether cells in quotes may have many lines. If not, a cell of more than 4 lines is an error: a quote that is not
    closed would make one cell of all rows up to the next quote."""

    def column_names(self, path: Path) -> list[str]:
        """The names in the header."""
        return csv_header.column_names(path)

    def text_columns(self, path: Path, names: Sequence[str]) -> Mapping[str, tuple[int, str]]:
        """The columns that have words in the first rows."""
        return csv_cells.text_columns(path, names)

    def read(self, path: Path, wanted: Mapping[str, Wanted]) -> "pyarrow.Table":
        """The columns, with cells that are written as what is wanted."""
        return csv_cells.read(path, wanted, multiline=self.multiline)
