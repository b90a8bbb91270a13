"""Rows from Python with named columns as a data source."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import fields

from hookline.errors import DataError, MismatchError, OptionError
from hookline.spec import spec
from hookline_data.arrow_columns.checked import checked_table
from hookline_data.files.given_path import GivenPath
from hookline_data.given.frame import Frame
from hookline_data.given.splits import name_of, paths_of
from hookline_data.new_rows.parse_text import column_of_numbers
from hookline_data.reading.columns import Wanted
from hookline_data.reading.words import first_word
from hookline_data.rows.named_columns import NamedColumns
from hookline_data.table import Table

if TYPE_CHECKING:
    import pyarrow


@spec
class GivenTable(Table):
    """Rows that were passed to `hookline.train`, which the paths have."""

    def names_in_file(self, path: Path) -> list[str]:
        """Return the names of the columns."""
        assert isinstance(path, GivenPath)
        return list(path.rows.names)

    def text_columns(self, path: Path, names: Sequence[str]) -> Mapping[str, tuple[int, str]]:
        """Return the columns that contain words and no numbers in the first rows."""
        assert isinstance(path, GivenPath)
        found = {}
        for name in names:
            with suppress(DataError):  # It is reported when the column is read, if it is needed.
                if (word := first_word(path.rows.head(name))) is not None:
                    found[name] = word
        return found

    def read_file(self, path: Path, wanted: Mapping[str, Wanted]) -> "pyarrow.Table":
        """Convert the columns to the wanted types. Numbers may be written as text."""
        import pyarrow

        assert isinstance(path, GivenPath)
        columns = path.rows.columns(wanted)
        for name, column in wanted.items():
            if column.kind in ("number", "integer") and pyarrow.types.is_string(columns[name].type):
                columns[name] = column_of_numbers(columns[name], name, column, path)
        if not len(next(iter(columns.values()), ())):
            raise DataError("There are no rows.", file=path)
        return checked_table(pyarrow.table(columns), wanted, path)


def given_table(source: NamedColumns, data: Any) -> Table:
    """Return a table of rows from Python: see `NamedColumns.with_rows`."""
    options = {option.name: getattr(source, option.name) for option in fields(NamedColumns)}
    options |= paths_of(source, data, name_of(data, "the columns"), Frame.of)
    try:
        return GivenTable(**options)
    except OptionError as error:
        raise MismatchError(str(error), ("data", *error.path), id=error.diagnostic.id) from None
