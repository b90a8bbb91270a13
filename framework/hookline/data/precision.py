"""Whether numbers that differ in the source still differ in the floating-point type of the run."""

from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.errors.text import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENOUGH = 2**16
"""How many different values of a column are enough: of more, neighbors that become equal differ by rounding only."""

SHARE = 0.99
"""Which share of the different values of a column must remain different."""


@frozen
class Merged:
    """A column whose different values become equal."""

    column: int
    """Its index."""
    different: int
    """How many different values it has."""
    kept: int
    """How many of them remain different."""

    def sentence(self, name: str, dtype: str, others: int = 0) -> str:
        """What to say of the column, which is called `name`, in a run of this type; what to do follows.

        The same is true of `others` more columns.
        """
        more = f", and so it is with {counted(others, 'other column')}" if others else ""
        return (
            f'"{name}" has {self.different:,} different values in the training split, and only {self.kept:,} as '
            f"{dtype}{more}:"
        )


def merged_columns(before: "NDArray[Any]", after: "NDArray[Any]") -> list[Merged]:
    """The columns of which clearly fewer values are different in `after` than in `before`.

    Both are of shape `(N, columns)`. Each column of `after` is made of that of `before` by a function that never
    decreases, such as a cast, or a standardization and a cast.

    >>> import numpy
    >>> days = numpy.array([[20240102.0], [20240103.0], [20240104.0]])
    >>> merged_columns(days, days.astype(numpy.float32))
    [Merged(column=0, different=3, kept=2)]
    """
    if not len(before):
        return []
    different, kept = _different(before), _different(after)
    pairs = zip(different.tolist(), kept.tolist(), strict=True)
    return [Merged(column, of, left) for column, (of, left) in enumerate(pairs) if left < ENOUGH and left < SHARE * of]


def _different(cells: "NDArray[Any]") -> "NDArray[Any]":
    """How many different numbers each column has."""
    import numpy

    # Each column in one piece: sorting is several times as fast.
    ordered = numpy.sort(cells.T, axis=1)
    return 1 + (ordered[:, 1:] != ordered[:, :-1]).sum(axis=1)
