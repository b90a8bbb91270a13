"""A uniform sample of the rows of a stream, whose number need not be known."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from numpy.typing import NDArray

Rows = TypeVar("Rows")

SPARE = 4
"""The rows that are held in addition to the sample are at most the sample divided by this number."""


class UniformSample(Generic[Rows]):
    """At most `most` rows of a stream, all equally likely, in their order. If the stream has fewer, all of them.

    Each row gets a random number, `numpy.random.default_rng(seed).random()`, and the rows with the smallest numbers are
    kept. The sample depends on the seed and on the rows, not on the parts in which they come.

    >>> import numpy
    >>> sample = UniformSample(3, take=lambda rows, places: rows[places], join=numpy.concatenate)
    >>> for part in (numpy.arange(0, 6), numpy.arange(6, 10)):
    ...     sample.add(part, len(part))
    >>> sample.rows().tolist()
    [1, 2, 3]
    """

    def __init__(
        self,
        most: int,
        *,
        take: "Callable[[Rows, NDArray[Any]], Rows]",
        join: Callable[[Sequence[Rows]], Rows],
        seed: int = 0,
    ):
        """Begin without rows. `take` returns rows by their indices, and `join` one part after the other."""
        import numpy

        self._most, self._take, self._join = most, take, join
        self._random = numpy.random.default_rng(seed)
        self._parts: list[Rows] = []
        self._keys: list[NDArray[Any]] = []
        self._held = 0
        self._limit = 1.0

    def add(self, part: Rows, rows: int) -> None:
        """Take more rows of the stream."""
        import numpy

        keys = self._random.random(rows)
        if self._limit < 1:
            places = numpy.flatnonzero(keys < self._limit)
            part, keys = self._take(part, places), keys[places]
        self._parts.append(part)
        self._keys.append(keys)
        self._held += len(keys)
        if self._held > self._most + self._most // SPARE:
            self._shrink()

    def rows(self) -> Rows:
        """Return the sample; at least one part must have been added."""
        if self._held > self._most:
            self._shrink()
        return self._join(self._parts)

    def _shrink(self) -> None:
        """Keep the rows with the smallest keys."""
        import numpy

        keys = numpy.concatenate(self._keys)
        places = numpy.sort(numpy.argpartition(keys, self._most - 1)[: self._most])
        self._parts = [self._take(self._join(self._parts), places)]
        self._keys, self._held = [keys[places]], self._most
        self._limit = float(self._keys[0].max())
