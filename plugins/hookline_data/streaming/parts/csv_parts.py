"""CSV files in parts: some megabytes of complete rows each."""

import io
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from attrs import evolve

from hookline.errors import DataError
from hookline_data.arrow_columns import distinct
from hookline_data.dialect.dialect import Dialect
from hookline_data.new_rows.arrow.cells import checked
from hookline_data.new_rows.chunks import Chunk
from hookline_data.new_rows.csv_rows import CSVRows
from hookline_data.new_rows.roles import Role
from hookline_data.reading.columns import Wanted
from hookline_data.reading.csv import header as csv_header
from hookline_data.reading.csv.complaints import sentence
from hookline_data.reading.csv.quotes import refuse_line_breaks
from hookline_data.reading.error_messages import as_sentences
from hookline_data.reading.great_integers import has_great_cells, warn_of_equal_integers
from hookline_data.streaming.parts.part import CHANGED, WHOLE, Place, numbered_from

if TYPE_CHECKING:
    import pyarrow


class CSVParts:
    """Reads a CSV file in parts. A file that is compressed or has to be decoded is a single part."""

    def __init__(self, path: Path, dialect: Dialect, *, multiline: bool):
        """Read the names of the columns."""
        self.path = path
        self._dialect, self._multiline = dialect, multiline
        self._warned: set[str] = set()
        self._names = tuple(csv_header.column_names(path, dialect))

    def remedy(self, place: Place) -> str:
        """Return what to do if a part is too large to be shuffled well."""
        if place != WHOLE:
            return "Increase `pool`."
        return "Store it as plain text in UTF-8, without compression, comments and skipped lines, or increase `pool`."

    def tables(self, wanted: Mapping[str, Wanted]) -> "Iterator[tuple[Place, pyarrow.Table]]":
        """Yield all rows, with the place of their part."""
        import pyarrow

        roles = {
            name: self._role(evolve(one, kind="text" if one.kind == "any" else one.kind, may_be_boolean=False))
            for name, one in wanted.items()
        }
        first = 0
        with as_sentences(self.path, partial(sentence, dialect=self._dialect)), self.path.open("rb") as file:
            rows = CSVRows(file, self.path, multiline=self._multiline, dialect=self._dialect)
            begin = rows.position
            for chunk in rows.chunks(roles, ()):
                place = (begin, rows.position) if rows.can_seek else WHOLE
                begin = rows.position
                read = checked(chunk, roles, self.path)
                refuse_bad(read, first, self.path)
                table = pyarrow.table(dict(read.columns))
                with numbered_from(first):
                    self._refuse_line_breaks(table, roles)
                self._warn_of_great_integers(table, place, roles)
                yield place, table
                first += chunk.rows

    def chunks(self, place: Place, roles: Mapping[str, Role]) -> Iterator[Chunk]:
        """Yield the rows of a part."""
        roles = {name: self._role(role.wanted, role) for name, role in roles.items()}
        with as_sentences(self.path, partial(sentence, dialect=self._dialect)), self.path.open("rb") as file:
            if place == WHOLE:
                yield from CSVRows(file, self.path, multiline=self._multiline, dialect=self._dialect).chunks(roles, ())
                return
            yield from self._rows_of(file, place).chunks(roles, ())

    def _rows_of(self, file: BinaryIO, place: Place) -> CSVRows:
        """Return the rows of a part of the file."""
        begin, stop = place
        file.seek(begin)
        text = file.read(stop - begin)
        if len(text) < stop - begin:
            raise DataError(CHANGED, file=self.path)
        plain = evolve(self._dialect, header=False, names=self._names, encoding="utf-8")
        size = stop - begin + 1
        return CSVRows(io.BytesIO(text), self.path, multiline=self._multiline, dialect=plain, block=size)

    def _warn_of_great_integers(self, table: "pyarrow.Table", place: Place, roles: Mapping[str, Role]) -> None:
        """Warn if different integers of a part become equal, once for each column."""
        numbers = [name for name, role in roles.items() if role.wanted.kind == "number" and name not in self._warned]
        great = [name for name in numbers if has_great_cells(table.column(name))]
        if great and place != WHOLE:
            with self.path.open("rb") as file:
                [text] = self._rows_of(file, place).chunks({}, great)
            for name in great:
                warn_of_equal_integers(text.kept[name], table.column(name), name, self.path)
            self._warned |= set(great)

    def _role(self, wanted: Wanted, role: Role | None = None) -> Role:
        """Return a role for cells in the dialect of the file."""
        own = Role(wanted=wanted) if role is None else role
        return own.with_decimal_point(self._dialect.decimal_point)

    def _refuse_line_breaks(self, table: "pyarrow.Table", roles: Mapping[str, Role]) -> None:
        for name, role in roles.items():
            if role.wanted.kind == "text" and not self._multiline:
                refuse_line_breaks(distinct.encoded(table.column(name)), name, self.path)


def refuse_bad(chunk: Chunk, first: int, path: Path) -> None:
    """Raise the `DataError` of the first row that cannot be read; `first` is the number of rows before the chunk."""
    if chunk.bad:
        bad = min(chunk.bad, key=lambda cells: int(cells.rows[0]))
        raise bad.error(0, first + 1, path)
