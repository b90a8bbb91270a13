"""Arrow files as a data source."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hookline.spec import spec
from hookline_data.arrow_columns import arrow_file
from hookline_data.arrow_columns.checked import checked_table
from hookline_data.files import kinds
from hookline_data.reading.columns import Wanted
from hookline_data.reading.error_messages import as_sentences
from hookline_data.table import Table

if TYPE_CHECKING:
    import pyarrow


@spec
class Arrow(Table):
    """An Arrow file with one row per example, also called Feather file: the file format or the stream format of Arrow.

    Columns are used as those of a Parquet file.
    """

    def names_in_file(self, path: Path) -> list[str]:
        """Return the column names, without the unnamed index that pandas writes."""
        with as_sentences(path, arrow_file.sentence):
            kinds.refuse_other(path, "Arrow")
        return arrow_file.column_names(path)

    def read_file(self, path: Path, wanted: Mapping[str, Wanted]) -> "pyarrow.Table":
        """Read the columns and cast them to the wanted types."""
        return checked_table(arrow_file.read(path, wanted), wanted, path)
