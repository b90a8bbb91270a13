"""The split of each row, as a function of the row or of its number: no number is kept for each row."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from hookline.errors import DataError
from hookline_data.splitting.fractions import wanted_of, without_rows
from hookline_data.splitting.names import SPLITS, UNUSED
from hookline_data.splitting.values import check_values, part_of_values
from hookline_data.streaming.hashing import uniform_of_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hookline_data.rows.split_file import SplitFile

    Cells = Callable[[str], NDArray[Any]]

WINDOW = 4096
"""How many neighbouring rows are split by fractions together."""
PARTS = (*SPLITS, UNUSED)
"""What a row can belong to; a splitter returns the index."""


class Splitter(Protocol):
    """Says to which split each row belongs."""

    window: int
    """Rows are given in multiples of this number, except for the last ones of all, until their number is known."""
    needs_cells: bool
    """Whether the split of a row follows from the cells of a column."""

    def parts(self, first: int, rows: int, total: int | None, cells: "Cells") -> "NDArray[Any]":
        """Return the index in `PARTS` of each of some rows, as int8.

        Args:
            first: How many rows come before them, without those that are dropped.
            rows: How many rows there are.
            total: The number of all rows; `None` if others follow, and their number is unknown.
            cells: Returns the cells of a column of these rows.

        """

    def check(self, rows: Mapping[str, int]) -> None:
        """Raise a `DataError` if a split has no rows: `rows` has their numbers by split, for all of `PARTS`."""


def splitter_of(source: "SplitFile") -> Splitter:
    """Return what splits the rows of `path` as the options of the source say."""
    splitter = _splitter_of(source)
    return WithoutValidation(splitter) if source.train_on_validation else splitter


def _splitter_of(source: "SplitFile") -> Splitter:
    if source.split_column is not None:
        return ByValue(source.split_column, source.values_of_splits)
    fractions = {"validation": 0.0, "test": 0.0, **source.fractions}
    if source.group_column is not None and source.fractions:
        return ByGroup(source.group_column, fractions["validation"], fractions["test"], source.split_seed)
    if source.fractions:
        return ByFraction(fractions["validation"], fractions["test"], source.split_seed)
    return Alone("training")


class Alone:
    """All rows belong to one split."""

    window = 1
    needs_cells = False

    def __init__(self, split: str):
        """Take the split."""
        self._split = split

    def parts(self, first: int, rows: int, total: int | None, cells: "Cells") -> "NDArray[Any]":
        """Return the same index for each row."""
        import numpy

        return numpy.full(rows, PARTS.index(self._split), dtype=numpy.int8)

    def check(self, rows: Mapping[str, int]) -> None:
        """Raise a `DataError` if there are no rows."""
        if not rows[self._split]:
            raise DataError("There are no rows.")


class WithoutValidation:
    """The splits of another splitter, with the validation rows among the training rows."""

    def __init__(self, splitter: Splitter):
        """Take the splitter."""
        self._splitter = splitter
        self.window, self.needs_cells = splitter.window, splitter.needs_cells
        self._validated = 0

    def parts(self, first: int, rows: int, total: int | None, cells: "Cells") -> "NDArray[Any]":
        """Return the split of each row."""
        parts = self._splitter.parts(first, rows, total, cells)
        is_validation = parts == PARTS.index("validation")
        self._validated += int(is_validation.sum())
        parts[is_validation] = PARTS.index("training")
        return parts

    def check(self, rows: Mapping[str, int]) -> None:
        """Raise a `DataError` if a split has no rows."""
        own = {"training": rows["training"] - self._validated, "validation": self._validated}
        self._splitter.check({**rows, **own})


class ByFraction:
    """Fractions of the rows, in random order within windows of neighbouring rows.

    The first window is split as `by_fraction` splits the rows of a file. The sizes of the splits in the first rows, up
    to the end of each window, are the fractions of them, rounded: so are those in all rows.
    """

    window = WINDOW
    needs_cells = False

    def __init__(self, validation: float, test: float, seed: int):
        """Take the fractions and the seed."""
        self._validation, self._test, self._seed = validation, test, seed
        self._latest: tuple[int, int, NDArray[Any]] | None = None

    def parts(self, first: int, rows: int, total: int | None, cells: "Cells") -> "NDArray[Any]":
        """Return the split of each row."""
        import numpy

        found = numpy.empty(rows, dtype=numpy.int8)
        at = first
        while at < first + rows:
            begin = at - at % WINDOW
            end = begin + WINDOW if total is None else min(begin + WINDOW, total)
            stop = min(end, first + rows)
            found[at - first : stop - first] = self._of_window(begin, end)[at - begin : stop - begin]
            at = stop
        return found

    def _of_window(self, begin: int, end: int) -> "NDArray[Any]":
        """Return the split of each row of a window."""
        import numpy

        if self._latest is None or self._latest[:2] != (begin, end):
            size, number = end - begin, begin // WINDOW
            seed = (self._seed, number) if number else self._seed
            place = numpy.empty(size, dtype=numpy.int64)
            place[numpy.random.default_rng(seed).permutation(size)] = numpy.arange(size)
            tested, validated = (
                round(fraction * end) - round(fraction * begin) for fraction in (self._test, self._validation)
            )
            parts = numpy.full(size, PARTS.index("training"), dtype=numpy.int8)
            parts[place < tested + validated] = PARTS.index("validation")
            parts[place < tested] = PARTS.index("test")
            self._latest = begin, end, parts
        return self._latest[2]

    def check(self, rows: Mapping[str, int]) -> None:
        """Raise a `DataError` if a split has no rows."""
        for split, fraction in wanted_of(self._validation, self._test).items():
            if not rows[split]:
                total = sum(rows.values())
                raise without_rows(split, fraction, total)


class ByGroup:
    """Groups of rows, in random order: the split of a group follows from a hash of its name and the seed."""

    window = 1
    needs_cells = True

    def __init__(self, column: str, validation: float, test: float, seed: int):
        """Take the column, the fractions and the seed."""
        self._column, self._validation, self._test, self._seed = column, validation, test, seed

    def parts(self, first: int, rows: int, total: int | None, cells: "Cells") -> "NDArray[Any]":
        """Return the split of each row."""
        import numpy

        number = uniform_of_text(cells(self._column).astype(str), self._seed)
        parts = numpy.full(rows, PARTS.index("training"), dtype=numpy.int8)
        parts[number < self._test + self._validation] = PARTS.index("validation")
        parts[number < self._test] = PARTS.index("test")
        return parts

    def check(self, rows: Mapping[str, int]) -> None:
        """Raise a `DataError` if a split has no groups."""
        for split in wanted_of(self._validation, self._test):
            if not rows[split]:
                message = f"No group belongs to the {split} split: there are few of them. Choose another `split_seed`."
                raise DataError(message, option=("group_column",))


class ByValue:
    """Splits that a column names."""

    window = 1
    needs_cells = True

    def __init__(self, column: str, values: Mapping[str, tuple[str, ...]] | None):
        """Take the column, and the cells for each split."""
        self._column, self._values = column, values
        self._found: set[str] = set()

    def parts(self, first: int, rows: int, total: int | None, cells: "Cells") -> "NDArray[Any]":
        """Return the split of each row.

        Raises:
            DataError: If a cell stands for no split; its row is counted from the first one of these rows.

        """
        found, parts = part_of_values(cells(self._column), self._column, self._values)
        self._found |= set(found)
        return parts

    def check(self, rows: Mapping[str, int]) -> None:
        """Raise a `DataError` if a split has no rows, and warn of values that do not occur."""
        check_values(self._found, rows, self._column, self._values)
