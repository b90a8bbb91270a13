"""Find numbers that differ in the source but are equal in the run's floating-point type."""

from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.errors.text import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENOUGH = 2**16
"""The number of remaining distinct values that is enough: beyond it, merged neighbors differ by rounding only."""

PART = 2 * ENOUGH
"""The number of rows that most columns need to have that many."""

SHARE = 0.99
"""The smallest acceptable share of distinct values that remain distinct."""


@frozen
class Merged:
    """A column with distinct values that become equal."""

    column: int
    """The index of the column."""
    different: int
    """The number of distinct values."""
    kept: int
    """The number of values that remain distinct."""

    def sentence(self, name: str, dtype: str, others: int = 0) -> str:
        """Return the message about the column called `name` in a run with this dtype; advice must follow.

        `others` is the number of other such columns.
        """
        more = f" (also {counted(others, 'other column')})" if others else ""
        return (
            f'"{name}" has {self.different:,} different values in the training split, but only {self.kept:,} as '
            f"{dtype}{more}:"
        )


def merged_columns(before: "NDArray[Any]", after: "NDArray[Any]") -> list[Merged]:
    """Return the columns that have clearly fewer distinct values in `after` than in `before`.

    Both have the shape `(N, columns)`. Each column of `after` must be a nondecreasing function of the same column of
    `before`, such as a cast, or a standardization and a cast.

    >>> import numpy
    >>> days = numpy.array([[20240102.0], [20240103.0], [20240104.0]])
    >>> merged_columns(days, days.astype(numpy.float32))
    [Merged(column=0, different=3, kept=2)]
    """
    return merged_in_blocks([(before, after)])


def merged_in_blocks(blocks: "Iterable[tuple[NDArray[Any], NDArray[Any]]]") -> list[Merged]:
    """Return what `merged_columns` returns for the rows of all blocks together, which are pairs of its arguments.

    If the first blocks have enough distinct values, the others are not read.
    """
    import numpy

    remaining = iter(blocks)
    read: list[tuple[NDArray[Any], NDArray[Any]]] = []
    while sum(len(after) for _, after in read) < PART and (block := next(remaining, None)) is not None:
        read.append(block)
    if not any(len(after) for _, after in read):
        return []
    some = numpy.concatenate([after for _, after in read])[:PART]
    few = [column for column, cells in enumerate(some.T) if len(numpy.unique(cells)) < ENOUGH]
    if not few:
        return []
    values: list[tuple[list[NDArray[Any]], list[NDArray[Any]]]] = [([], []) for _ in few]
    for before, after in chain(read, remaining):
        for column, (of_before, of_after) in zip(few, values, strict=True):
            of_before.append(numpy.unique(before[:, column]))
            of_after.append(numpy.unique(after[:, column]))
    found = []
    for column, parts in zip(few, values, strict=True):
        different, kept = (len(numpy.unique(numpy.concatenate(part))) for part in parts)
        if kept < ENOUGH and kept < SHARE * different:
            found.append(Merged(column, different, kept))
    return found
