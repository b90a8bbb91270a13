"""A few rows of a target from which everything can be learned that encodings learn from all of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hookline.data import Columns
from hookline.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MOST_DIFFERENT = 1_000_000
"""The largest number of different classes."""
MOST_FRACTIONS = 4096
"""The largest number of different numbers with fractions of which rows are kept."""


class Witnesses:
    """Rows of the columns of a target.

    Each class, or each character of sequences, is in one of them. Of numbers, these are rows with the smallest and the
    greatest one.
    """

    def __init__(self, kind: str):
        """Begin without rows; `kind` is that of the encoding."""
        self._kind = kind
        self._seen: dict[str, set[Any]] = {}
        self._limits: dict[str, tuple[float, float]] = {}
        self._widths: dict[str, tuple[int, ...]] = {}
        self._fractions: set[str] = set()
        self._parts: list[Columns] = []
        self._numbers: list[NDArray[Any]] = []

    def add(self, columns: Columns, numbers: "NDArray[Any]") -> None:
        """Take more rows: the cells of each column, `(rows, …)`, and the numbers of the rows in the source.

        Raises:
            DataError: If there are too many classes.

        """
        import numpy

        rows = set[int]()
        for name, cells in columns.items():
            rows |= self._new(name, cells)
        if rows:
            places = numpy.array(sorted(rows))
            self._parts.append({name: cells[places] for name, cells in columns.items()})
            self._numbers.append(numbers[places])

    @property
    def columns(self) -> Columns:
        """The rows, by column. Padded sequences have the length of the longest one; numbers among text become text."""
        names = self._parts[0] if self._parts else ()
        return {name: joined([part[name] for part in self._parts]) for name in names}

    @property
    def numbers(self) -> "NDArray[Any]":
        """The numbers of the rows in the source."""
        import numpy

        return numpy.concatenate(self._numbers)

    def _new(self, name: str, cells: "NDArray[Any]") -> set[int]:
        """Return rows with all cells of a column that have not been seen before, and one of the greatest length."""
        width = cells.shape[1:]
        known = self._widths.get(name)
        self._widths[name] = width if known is None else tuple(map(max, known, width))
        rows = set() if self._widths[name] == known else {0}  # They are padded to the longest one.
        if self._kind == "sequences" and cells.dtype.kind == "U":
            return rows | self._new_letters(name, cells)
        if self._kind == "numbers" or self._has_many_fractions(name, cells):
            return rows | self._new_limits(name, cells)
        return rows | self._new_values(name, cells)

    def _has_many_fractions(self, name: str, cells: "NDArray[Any]") -> bool:
        """Whether a column has numbers with fractions, so that they are not classes, and many of them."""
        if cells.dtype.kind == "f" and bool((cells != cells.round()).any()):
            self._fractions.add(name)
        return name in self._fractions and len(self._seen.get(name, ())) > MOST_FRACTIONS

    def _new_values(self, name: str, cells: "NDArray[Any]") -> set[int]:
        import numpy
        import pyarrow

        seen, flat = self._seen.setdefault(name, set()), cells.reshape(-1)
        encoded = pyarrow.array(flat).dictionary_encode()
        found, first = numpy.unique(encoded.indices.to_numpy(zero_copy_only=False), return_index=True)
        values = encoded.dictionary.take(pyarrow.array(found)).to_pylist()
        new = {value: int(place) for value, place in zip(values, first.tolist(), strict=True) if value not in seen}
        seen.update(new)
        if len(seen) > MOST_DIFFERENT and name not in self._fractions:
            message = f'The target column "{name}" has more than {MOST_DIFFERENT:,} different values.'
            raise DataError(message, columns=[name])
        size = len(flat) // len(cells)
        return {place // size for place in new.values()}

    def _new_limits(self, name: str, cells: "NDArray[Any]") -> set[int]:
        flat = cells.reshape(len(cells), -1)
        least, greatest = flat.min(axis=1), flat.max(axis=1)
        low, high = int(least.argmin()), int(greatest.argmax())
        limits = self._limits.get(name)
        found = {low} if limits is None or least[low] < limits[0] else set()
        found |= {high} if limits is None or greatest[high] > limits[1] else set()
        known = limits or (least[low], greatest[high])
        self._limits[name] = min(known[0], least[low]), max(known[1], greatest[high])
        return found

    def _new_letters(self, name: str, cells: "NDArray[Any]") -> set[int]:
        seen, rows = self._seen.setdefault(name, set()), set()
        texts = cells.tolist()
        for letter in set("".join(texts)) - seen:
            rows.add(next(row for row, text in enumerate(texts) if letter in text))
            seen.add(letter)
        return rows


def joined(parts: "Sequence[NDArray[Any]]") -> "NDArray[Any]":
    """Return arrays one after the other; those with fewer steps are padded with -1."""
    import numpy

    if len({part.shape[1:] for part in parts}) > 1:
        shape = tuple(map(max, zip(*(part.shape[1:] for part in parts), strict=True)))
        parts = [_padded(part, shape) for part in parts]
    return numpy.concatenate(parts)


def _padded(part: "NDArray[Any]", shape: tuple[int, ...]) -> "NDArray[Any]":
    import numpy

    made = numpy.full((len(part), *shape), -1, dtype=part.dtype)
    made[(slice(None), *map(slice, part.shape[1:]))] = part
    return made
