"""Read the rows of CSV files as text for a draft, and find the options that they need."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.errors import DataError
from hookline_data.csv import CSV
from hookline_data.draft import sample
from hookline_data.draft.dialect import dialect_options
from hookline_data.reading.columns import Wanted
from hookline_data.reading.csv_format import MOST_CELL_LINES

if TYPE_CHECKING:
    import pyarrow

TEXT = Wanted("text", may_be_missing=True)
"""All cells as text; those that are empty or marks are missing."""


class CSVRows:
    """Reads CSV files that are written in the same way."""

    def __init__(self, options: dict[str, Any]):
        """Take the options of `CSV` that are not the defaults."""
        self.options = options

    def read(self, path: Path, names: list[str], files: int) -> "tuple[dict[str, pyarrow.Array], float]":
        """Return the cells of columns as text, and the share of the rows that they are.

        Raises:
            DataError: If the file is no table, or if an unclosed quote turns several rows into one cell.

        """
        dialect = CSV(path=path, batch_size=1, **self.options).dialect
        with sample.text_sample(path, dialect, files) as (some, share):
            if some == path:
                return self._read(path, self.options, names), 1.0
            plain = {name: value for name, value in self.options.items() if name not in _READ_AWAY}
            try:
                return self._read(some, plain, names), share
            except DataError:
                return self._read(path, self.options, names), 1.0

    def _read(self, path: Path, options: dict[str, Any], names: list[str]) -> "dict[str, pyarrow.Array]":
        wanted = dict.fromkeys(names, TEXT)
        try:
            table = CSV(path=path, batch_size=1, **options).read_file(path, wanted)
        except DataError as error:
            lines = re.search(r"This cell has (\d+) lines", error.message)
            if lines is None or int(lines[1]) > MOST_CELL_LINES:
                raise
            table = CSV(path=path, batch_size=1, **{**options, "multiline": True}).read_file(path, wanted)
            self.options = {**self.options, "multiline": True}
        return {name: column.combine_chunks() for name, column in zip(names, table.columns, strict=True)}


_READ_AWAY = ("encoding", "comment", "skip_rows", "skipfooter")
"""The options that no longer apply to the text of a sample."""


def csv_rows(path: Path) -> CSVRows:
    """Find out how a file is written.

    Raises:
        DataError: If it cannot be read.

    """
    try:
        return CSVRows(dialect_options(path))
    except OSError as error:
        raise DataError(f"The file cannot be read: {error.strerror or error}.", file=path) from None
