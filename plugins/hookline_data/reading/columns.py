"""Columns of a table: which ones are chosen, and what is wanted of each."""

import re
from collections.abc import Iterable, Sequence, Set
from fnmatch import translate
from pathlib import Path
from typing import Literal

from attrs import frozen

from hookline.data import MISSING_MARKS
from hookline.errors import DataError, counted, did_you_mean, nearest, shortened

LONGEST = 100
"""How many letters of a column are looked at for what was meant by a pattern."""


@frozen
class Wanted:
    """What the cells of a column are to be: a reader gives them as that, complete, or raises an error."""

    kind: Literal["number", "integer", "text", "any"]
    """Integers or floats; integers; text; or whichever of these they are."""
    by: str | None = None
    """What needs them so, such as the loss whose target they are."""
    may_be_lists: bool = False
    """Whether a cell may be a list of them."""
    missing: tuple[str, ...] = MISSING_MARKS
    """The texts that stand for a missing value."""
    may_be_boolean: bool = True
    """Whether a column of True and False is one of the integers 1 and 0, as it is in a Parquet file; or else text."""

    is_known: bool = False
    """Whether another file has said that these are numbers: text among them is reported by comparison with it."""

    def missing_mark(self, mark: str, others: int) -> str:
        """What to say of a cell that is missing; so many others of its column are as well."""
        also = f", as it does in {others + 1:,} cells of the column" if others else ""
        remedy = "fill it in, or leave the row out"
        if self.kind in ("text", "any"):
            remedy += "; if it is the name of a class, say `missing_marks = []`"
        return f'"{mark}" stands for a missing value{also}: {remedy}.'

    @property
    def reason(self) -> str:
        """The end of a sentence that says what a cell is not."""
        return f", and {self.by} needs numbers." if self.by else "."


MOST_COMPARED = 2**26
"""How many letters of names are compared with patterns at most: those of 20,000 columns with 200 patterns."""

MOST_MEANT = 10
"""Of how many columns that are not there it is looked up what was probably meant."""

MOST_NEAR = 20_000
"""Of how many columns at most it is looked up which one was probably meant."""


class Chooser:
    """Chooses columns of a file by names and patterns, in a time that grows as the file and the spec do."""

    def __init__(self, names: Sequence[str], path: Path):
        """For these names of columns, which are those of the file."""
        self._names, self._path = names, path
        self._numbers = {name: number for number, name in enumerate(names)}
        self._letters = sum(map(len, names)) + 8 * len(names)
        self._matches: dict[str, set[str]] = {}
        self._unknown = 0

    def chosen(self, patterns: Iterable[str], excluded: Set[str] = frozenset()) -> list[str]:
        """The columns that the names and patterns choose, in the order of the file, without those that are excluded.

        Raises:
            DataError: if a name or pattern chooses nothing.

        """
        found: set[str] = set()
        for pattern in patterns:
            matches = self.matching(pattern)
            if "" in matches:
                number = self._numbers[""] + 1
                raise DataError(
                    f'Column {number} has no name, and "{pattern}" would choose it.', file=self._path, columns=[pattern]
                )
            if not matches:
                raise self.unknown(pattern)
            if pattern in matches and pattern in excluded:
                raise DataError(
                    f'The column "{pattern}" is a target, or says the split: it cannot be an input.',
                    file=self._path,
                    columns=[pattern],
                )
            found |= matches
        return sorted(found - excluded, key=self._numbers.__getitem__)

    def matching(self, pattern: str) -> set[str]:
        """The names that a name or pattern chooses: a name counts as such, though it may look like a pattern.

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
                raise DataError(f"There are too many patterns for {columns}: give their names.", file=self._path)
            self._matches[pattern] = set(filter(re.compile(translate(pattern)).match, self._names))
        return self._matches[pattern]

    def unknown(self, name: str) -> DataError:
        """What to raise for a column that is not there; of the first ones with what was probably meant."""
        self._unknown += 1
        hint = _known(name, self._names) if self._unknown <= MOST_MEANT else ""
        return DataError(f'There is no column "{shortened(name, LONGEST)}".{hint}', file=self._path, columns=[name])

    def require(self, columns: Iterable[str]) -> None:
        """Raise a `DataError` if a column is not among those that the file has."""
        for column in columns:
            if column not in self._numbers:
                raise self.unknown(column)


def _known(name: str, names: Sequence[str]) -> str:
    """What to say of a column that is not there: which one was probably meant, or which there are."""
    if len(names) > MOST_NEAR:
        return f" There are {len(names):,} columns."
    if "*" in name and (near := nearest(name, _patterns(name, names))) is not None:
        return f' Did you mean "{near[:LONGEST]}"?'
    if len(names) != 1 or nearest(name, names) is not None:
        return did_you_mean(name, names)
    # It may be no table, and then what stands in it is nobody's business.
    signs = {";": 'and not ";"', "\t": "and not tabs", "|": 'and not "|"'}
    other = next((f", {words}" for sign, words in signs.items() if sign in names[0]), "")
    return f" The first line of the file is one name: between several stand commas{other}."


def _patterns(like: str, names: Iterable[str]) -> set[str]:
    """Patterns that choose some of these names, with a "*" at the same end: what is fixed ends between words.

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
    return {pattern for pattern in found if not {"[", "?"} & set(pattern)}  # Which are signs of a pattern, too.


def cell_error(path: Path, row: int, column: str, element: int | None = None, *, message: str) -> DataError:
    """The error of a cell, or of an element of the list in it; both are counted from 0, and from 1 in messages.

    >>> str(cell_error(Path("flowers.csv"), 0, "color", message="The cell is empty."))
    'flowers.csv: row 1, column "color": The cell is empty.'
    """
    step = None if element is None else element + 1
    return DataError(message, file=path, row=row + 1, columns=[column], element=step)
