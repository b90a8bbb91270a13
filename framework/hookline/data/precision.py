"""Find numbers that differ in the source but are equal in the run's floating-point type."""

from collections.abc import Iterable
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
    read, rows = [], 0
    while rows < PART and (block := next(remaining, None)) is not None:
        read.append(block)
        rows += len(block[0])
    if not rows:
        return []
    few = (_different(numpy.concatenate([after for _, after in read])[:PART]) < ENOUGH).nonzero()[0].tolist()
    if not few:
        return []
    before, after = (numpy.concatenate(parts) for parts in zip(*read, *remaining, strict=True))
    found = []
    for column in few:
        own = slice(column, column + 1)
        if before.dtype.kind == "f" and (after[:, own] == before[:, own]).all():
            continue  # A cast that changes no number.
        [kept] = _different(after[:, own]).tolist()
        if kept < ENOUGH and kept < SHARE * (different := int(_different(before[:, own])[0])):
            found.append(Merged(column, different, kept))
    return found


def _different(cells: "NDArray[Any]") -> "NDArray[Any]":
    """Return the number of distinct values of each column."""
    import numpy

    # Sorting contiguous columns is several times as fast.
    ordered = numpy.sort(cells.T, axis=1)
    return 1 + (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1)
