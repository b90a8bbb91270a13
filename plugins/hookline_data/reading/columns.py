"""Select columns of a table by patterns, and describe what their cells must be."""

import re
from collections.abc import Iterable, Sequence, Set
from fnmatch import translate
from pathlib import Path
from typing import Literal

from attrs import frozen

from hookline.errors import DataError, counted, did_you_mean, nearest, shortened
from hookline_data.files.given_path import GivenPath
from hookline_data.reading.csv.format import MISSING_MARKS

Place = Path | str
"""A file, or the name of another source such as "standard input", for messages."""

LONGEST = 100
"""The number of characters of a column name that suggestions consider."""


@frozen
class Wanted:
    """The requirements for the cells of a column. A reader converts the cells, or raises an error."""

    kind: Literal["number", "integer", "text", "any"]
    """Integers or floats; integers; text; or any of these."""
    by: str | None = None
    """What imposes the requirement, such as the loss that takes the target."""
    may_be_lists: bool = False
    """Whether a cell may be a list."""
    missing: tuple[str, ...] = MISSING_MARKS
    """The cells that count as missing values."""
    may_be_boolean: bool = True
    """Whether to read a column of True and False as 1 and 0, as in a Parquet file; otherwise as text."""
    size: int | None = None
    """How many numbers a cell must have if it is a list, nested or not; `None` for any number."""
    decimal_point: str = "."
    """The decimal sign of numbers in text."""
    may_be_missing: bool = False
    """Whether cells may be missing: they become null."""
    takes_any_type: bool = False
    """Whether to convert numbers, booleans and dates to text, if text is wanted."""
    is_target: bool = False
    """Whether it is a target, without which a row can be dropped."""
    keeps_type: bool = False
    """Whether cells that are not text keep the type that the file has for them, if text is wanted."""
    is_known: bool = False
    """Whether the column has numbers in another file: the message about text in it then names that file."""

    def missing_mark(self, mark: str, others: int) -> str:
        """Return the message for a missing cell; `others` is the number of other missing cells in the column."""
        also = f" and occurs in {others + 1:,} cells of the column" if others else ""
        remedy = f"fill it in or remove the row{self.dropping}"
        if self.kind in ("text", "any"):
            given = "set `missing_marks = []`"
            if self.missing != MISSING_MARKS:
                given = f'remove "{mark}" from `missing_marks`'
            remedy += f"; if it is a class name, {given}"
        return f'"{mark}" counts as a missing value{also}: {remedy}.'

    @property
    def dropping(self) -> str:
        """The end of a remedy: how to drop rows whose cell is missing; empty unless it is a target."""
        return ', or drop such rows with `missing_targets = "drop"`' if self.is_target else ""

    @property
    def empty(self) -> str:
        """The message for an empty cell."""
        return f"The cell is empty{': fill it in' if self.is_target else ''}{self.dropping}."

    def allows(self, cell: str) -> bool:
        """Whether a cell is missing, and may be."""
        return self.may_be_missing and cell.strip() in ("", *self.missing)

    @property
    def reason(self) -> str:
        """The end of a message about a cell that is not a number."""
        return f", but {self.by} needs numbers." if self.by else "."


MOST_COMPARED = 2**26
"""The largest number of characters to match against patterns: those of 20,000 columns and 200 patterns."""

MOST_MEANT = 10
"""The largest number of unknown columns for which to suggest another one."""

MOST_LACKING = 10
"""The largest number of unknown columns that a message names."""

MOST_NEAR = 20_000
"""The largest number of columns among which to look for a suggestion."""


class Chooser:
    """Selects columns of a file by names and patterns, in time linear in the sizes of file and spec."""

    def __init__(self, names: Sequence[str], path: Place, delimiter: str = ","):
        """Keep the column names of the file; `delimiter` is the one of a CSV file."""
        self._names, self._path, self._delimiter = names, path, delimiter
        self._numbers = {name: number for number, name in enumerate(names)}
        self._letters = sum(map(len, names)) + 8 * len(names)
        self._matches: dict[str, set[str]] = {}
        self._unknown = 0

    def chosen(self, patterns: Iterable[str], excluded: Set[str] = frozenset()) -> list[str]:
        """Return the columns that the names and patterns select, in the order of the file, without those in `excluded`.

        Raises:
            DataError: If a name or pattern selects nothing.

        """
        found: set[str] = set()
        for pattern in patterns:
            matches = self.matching(pattern)
            if "" in matches:
                number = self._numbers[""] + 1
                raise DataError(
                    f'Column {number} has no name, but "{pattern}" selects it.', file=self._path, columns=[pattern]
                )
            if not matches:
                raise self.unknown(pattern)
            if pattern in matches and pattern in excluded:
                raise DataError(
                    f'The column "{pattern}" cannot be an input, because it is a target, an id, or splits the rows.',
                    file=self._path,
                    columns=[pattern],
                )
            found |= matches
        return sorted(found - excluded, key=self._numbers.__getitem__)

    def matching(self, pattern: str) -> set[str]:
        """Return the names that a name or pattern selects: an existing name is not a pattern, even with a `*` in it.

        >>> chooser = Chooser(["pixel_0", "pixel_1", "digit", "a*"], Path("table.csv"))
        >>> sorted(chooser.matching("pixel_*")), sorted(chooser.matching("a*"))
        (['pixel_0', 'pixel_1'], ['a*'])
        """
        if pattern in self._numbers:
            return {pattern}
        if not {"*", "?", "["} & set(pattern):
            return set()
        if pattern not in self._matches:
            if (len(self._matches) + 1) * self._letters > MOST_COMPARED:
                columns = counted(len(self._names), "column")
                raise DataError(f"There are too many patterns for {columns}: list the names instead.", file=self._path)
            self._matches[pattern] = set(filter(re.compile(translate(pattern)).match, self._names))
        return self._matches[pattern]

    def unknown(self, name: str, *, among: Sequence[str] | None = None) -> DataError:
        """Return the error for an unknown column; the first ones come with a suggestion, by default of any column."""
        self._unknown += 1
        names = self._names if among is None else among
        hint = self._hint(name, names) if self._unknown <= MOST_MEANT else ""
        return DataError(f'There is no column "{shortened(name, LONGEST)}".{hint}', file=self._path, columns=[name])

    def require(self, columns: Iterable[str], *, are_copied: bool = False) -> None:
        """Raise a `DataError` that names the columns that the file lacks, if any.

        `are_copied` says that any column may have been meant, also one that is used otherwise.
        """
        wanted = dict.fromkeys(columns)
        lacking = [column for column in wanted if column not in self._numbers]
        is_table = len(self._names) != 1 or self._names[0] in wanted
        are_few = is_table and len(self._names) <= MOST_NEAR
        unused = [name for name in self._names if are_copied or name not in wanted] if are_few else []
        if len(lacking) == 1:
            raise self.unknown(lacking[0], among=unused if are_few else None)
        if lacking:
            near = {name: nearest(name, unused) for name in lacking[:MOST_LACKING]}
            named = [f'"{shortened(name, LONGEST)}"{_meant(of)}' for name, of in near.items()]
            more = len(lacking) - MOST_LACKING
            last = counted(more, "other") if more > 0 else named.pop()
            if are_few:
                hint = "" if any(near.values()) else did_you_mean(lacking[0], unused)
            else:
                hint = self._hint(lacking[0], self._names)
            message = f"There are no columns {', '.join(named)} and {last}.{hint}"
            raise DataError(message, file=self._path, columns=lacking)

    def _hint(self, name: str, names: Sequence[str]) -> str:
        """Return a hint for an unknown column: the one of these that was probably meant, or the existing ones."""
        if len(names) > MOST_NEAR:
            return f" There are {len(names):,} columns."
        if "*" in name and (near := nearest(name, _patterns(name, names))) is not None:
            return f' Did you mean "{near[:LONGEST]}"?'
        place = self._path
        is_in_memory = (not isinstance(place, Path) and place != "standard input") or isinstance(place, GivenPath)
        if len(self._names) != 1 or is_in_memory or nearest(name, names) is not None:
            return did_you_mean(name, names)
        # The file may not be a table, so do not print its content.
        signs = {",": "commas", ";": '";"', "\t": "tabs", "|": '"|"'}
        only, own = self._names[0], self._delimiter
        other = next((f", not {words}" for sign, words in signs.items() if sign in only and sign != own), "")
        wanted = signs.get(own, f'"{own}"')
        return f" The first line of the file is a single name: separate names with {wanted}{other}."


def _meant(near: str | None) -> str:
    """Return a hint at the column that was probably meant."""
    return "" if near is None else f' (did you mean "{near[:LONGEST]}"?)'


def _patterns(like: str, names: Iterable[str]) -> set[str]:
    """Return patterns that select some of these names, with a "*" at the same end as in `like`.

    The fixed part of a pattern ends at a word boundary.

    >>> sorted(_patterns("pixl_*", ["pixel_0", "pixel_1", "petal_length"]))
    ['petal_*', 'pixel_*']
    >>> sorted(_patterns("*_lenght", ["petal_length", "sepal_length"]))
    ['*_length']
    """
    found: set[str] = set()
    for name in names:
        for between in re.finditer(r"[^A-Za-z0-9]+|(?<=[A-Za-z])(?=[0-9])", name[:LONGEST]):
            if like.endswith("*"):
                found.add(f"{name[: between.end()]}*")
            if like.startswith("*"):
                found.add(f"*{name[between.start() :]}")
    return {pattern for pattern in found if not {"[", "?"} & set(pattern)}  # Special in patterns, too.


def cell_error(path: Place, row: int, column: str, element: int | None = None, *, message: str) -> DataError:
    """Return the error of a cell, or of an element of the list in it; both start at 0, and at 1 in messages.

    >>> str(cell_error(Path("flowers.csv"), 0, "color", message="The cell is empty."))
    'flowers.csv: row 1, column "color": The cell is empty.'
    """
    step = None if element is None else element + 1
    return DataError(message, file=path, row=row + 1, columns=[column], element=step)
