"""The parts of files: rows that can be read without the rows before them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from attrs import define, field, frozen

from hookline.errors import DataError
from hookline_data.new_rows.chunks import Chunk
from hookline_data.new_rows.roles import Role
from hookline_data.reading.columns import Wanted

if TYPE_CHECKING:
    import pyarrow

Place = tuple[int, int]
"""Where a part begins and ends in its file: bytes, or the numbers of row groups."""

WHOLE = (0, 0)
"""The place of a file that can only be read from its beginning to its end."""


class PartReader(Protocol):
    """Reads a file in parts. Each part is one table or chunk, or several if it is large."""

    path: Path
    """The file."""

    def remedy(self, place: Place) -> str:
        """Return what to do if a part is too large to be shuffled well."""

    def tables(self, wanted: Mapping[str, Wanted]) -> "Iterator[tuple[Place, pyarrow.Table]]":
        """Yield all rows in the order of the file, with cells of the wanted types, and the place of their part.

        Text of which it is unknown whether it is numbers stays text.

        Raises:
            DataError: If a cell is missing or has another type; the message contains row and column.

        """

    def chunks(self, place: Place, roles: Mapping[str, Role]) -> Iterator[Chunk]:
        """Yield the rows of a part, before their cells are checked."""


@frozen(eq=False)
class Part:
    """Rows of a file that can be read without the rows before them."""

    reader: PartReader
    """Reads its file."""
    place: Place
    """Where it is in the file."""
    first: int
    """The number of its first row in the file, counted from 0."""
    rows: int
    """How many rows it has."""
    kept_before: int
    """How many rows before it, in all files, are not dropped."""
    rows_of_split: Mapping[str, int]
    """How many of its rows belong to each split."""


@define(eq=False)
class UnfinishedPart:
    """A part whose rows are being counted."""

    reader: PartReader
    place: Place
    first: int
    kept_before: int
    rows: int = 0
    kept: int = 0
    rows_of_split: dict[str, int] = field(factory=dict)

    def finished(self) -> Part:
        """Return the part."""
        return Part(self.reader, self.place, self.first, self.rows, self.kept_before, dict(self.rows_of_split))


@contextmanager
def numbered_from(first: int) -> Iterator[None]:
    """Add the number of rows before some rows to the row of an error about one of them."""
    try:
        yield
    except DataError as error:
        raise error if error.row is None else error.changed(row=error.row + first) from None


CHANGED = "The file has changed since the beginning of the run."
"""The message for a file that changes while it is streamed."""
