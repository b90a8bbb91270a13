"""Read the rows of CSV files as text for a draft, and find the options that they need."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.errors import DataError
from hookline_data.csv import CSV
from hookline_data.dialect.csv_file import CSVFile
from hookline_data.dialect.detect import dialect_options
from hookline_data.dialect.footer import footer_lines
from hookline_data.draft.reading import line_breaks, sample
from hookline_data.reading.columns import Wanted

if TYPE_CHECKING:
    import pyarrow

TEXT = Wanted("text", may_be_missing=True)
"""All cells as text; those that are empty or marks are missing."""


class CSVRows:
    """Reads CSV files that are written in the same way."""

    def __init__(self, options: dict[str, Any]):
        """Take the options of `CSV` that are not the defaults."""
        self.options = options
        self.notes: list[str] = []

    def read(self, path: Path, names: list[str], files: int) -> "tuple[dict[str, pyarrow.Array], float]":
        """Return the cells of columns as text, and the share of the rows that they are.

        Raises:
            DataError: If the file is not a table, or if an unclosed quote turns several rows into one cell.

        """
        dialect = CSV(path=path, batch_size=1, **self.options).dialect
        with sample.text_sample(path, dialect, files) as (some, share):
            if some == path:
                return self._read(path, self.options, names, path), 1.0
            plain = {name: value for name, value in self.options.items() if name not in _READ_AWAY}
            try:
                return self._read(some, plain, names, path), share
            except DataError:
                return self._read(path, self.options, names, path), 1.0

    def _read(self, path: Path, options: dict[str, Any], names: list[str], whole: Path) -> "dict[str, pyarrow.Array]":
        """Read a file, or a sample of the whole one."""
        wanted = dict.fromkeys(names, TEXT)
        try:
            table = CSV(path=path, batch_size=1, **options).read_file(path, wanted)
        except DataError as error:
            if "`multiline = true`" not in error.message:
                raise
            source = CSV(path=path, batch_size=1, **{**options, "multiline": True})
            found = line_breaks.refuse_swallowed_rows(CSVFile(path, source.dialect), source.names_in_file(path))
            table = source.read_file(path, wanted)
            if not self.options.get("multiline"):
                self.options = {**self.options, "multiline": True}
                where = found if path == whole else "Some cells have"
                remark = "several lines, so the spec has `multiline = true`. If a quote is wrong, correct the file."
                self.notes.append(f"{whole}: {where} {remark}")
        return {name: column.combine_chunks() for name, column in zip(names, table.columns, strict=True)}


_READ_AWAY = ("encoding", "comment", "skip_rows", "skipfooter")
"""The options that no longer apply to the text of a sample."""


def csv_rows(path: Path) -> CSVRows:
    """Find out how a file is written.

    Raises:
        DataError: If it cannot be read.

    """
    try:
        rows = CSVRows(dialect_options(path))
        below = footer_lines(path, CSV(path=path, batch_size=1, **rows.options).dialect)
    except OSError as error:
        raise DataError(f"The file cannot be read: {error.strerror or error}.", file=path) from None
    if below:
        rows.options["skipfooter"] = below
        lines = "The last line is not a row" if below == 1 else f"The last {below} lines are not rows"
        rows.notes.append(f"{path}: {lines}, so the spec has `skipfooter = {below}`.")
    return rows
