"""CSV files as a data source."""

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
    """A CSV file in UTF-8, with a header and one row per example.

    Text in the target column is read as class names, which are sorted and numbered from 0.
    """

    has_single_cells = True

    multiline: bool = False
    """Allow quoted cells of any number of lines. By default a cell of more than 4 lines is an error, because an
    unclosed quote would turn all rows up to the next quote into one cell."""

    def column_names(self, path: Path) -> list[str]:
        """Return the names in the header."""
        return csv_header.column_names(path)

    def text_columns(self, path: Path, names: Sequence[str]) -> Mapping[str, tuple[int, str]]:
        """Return the columns that contain words in the first rows."""
        return csv_cells.text_columns(path, names)

    def read(self, path: Path, wanted: Mapping[str, Wanted]) -> "pyarrow.Table":
        """Read the columns and convert their cells to the wanted types."""
        return csv_cells.read(path, wanted, multiline=self.multiline)
