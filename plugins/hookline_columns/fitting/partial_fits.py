"""Fits of kinds of columns to training rows that come in parts."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.data import Summary
from hookline.errors import DataError

if TYPE_CHECKING:
    import pyarrow
    from numpy.typing import NDArray

MOST_DIFFERENT = 1_000_000
"""The largest number of different categories or tokens that are counted in parts."""


class SummaryFit:
    """The fit of a kind of numbers that needs statistics which can be merged.

    It equals the fit to all rows at once, except for the last bits of the mean and the standard deviation.
    """

    def __init__(
        self,
        fill: float | str | None,
        learn: Callable[[Sequence[Summary]], dict[str, Any]],
        arrays: "Callable[[NDArray[Any]], Sequence[NDArray[Any]]]" = lambda numbers: [numbers],
    ):
        """Begin without rows.

        Args:
            fill: The number for missing cells, "mean", or `None` if no cell is missing.
            learn: Returns what the kind learns, given the summaries of the arrays.
            arrays: Returns the arrays to summarize, given numbers `(rows,)` in float64; the numbers themselves first.

        """
        self._fill, self._learn, self._arrays = fill, learn, arrays
        self._summaries: list[Summary] = []
        self._missing = 0

    def add(self, cells: "pyarrow.Array") -> None:
        """Take the cells of more training rows."""
        import numpy

        self._missing += cells.null_count
        known = cells.drop_null() if cells.null_count else cells
        numbers = known.to_numpy(zero_copy_only=False).astype(numpy.float64, copy=False)
        numbers = numbers[numpy.isfinite(numbers)]  # The caller reports others, with their cells.
        if len(numbers):
            self._merge([Summary.of(array) for array in self._arrays(numbers)])

    def fitted(self) -> dict[str, Any]:
        """Return the number for missing cells, and what the kind learns."""
        import numpy

        fitted = {}
        if self._fill is not None:
            if isinstance(self._fill, str) and not self._summaries:
                raise DataError("All cells of the training rows are missing, so they have no mean.")
            fitted["fill"] = float(self._summaries[0].mean if isinstance(self._fill, str) else self._fill)
            if self._missing:
                arrays = self._arrays(numpy.array([fitted["fill"]]))
                self._merge([Summary.of_equal(float(array[0]), self._missing) for array in arrays])
        if not self._summaries:
            raise DataError("No cell of the training rows is a finite number.")
        return {**fitted, **self._learn(self._summaries)}

    def _merge(self, found: list[Summary]) -> None:
        known = self._summaries
        self._summaries = [one.merged(other) for one, other in zip(known, found, strict=True)] if known else found


class CountedFit:
    """The fit of a kind that needs to know how often each text occurs. It equals the fit to all rows at once."""

    def __init__(
        self,
        texts: "Callable[[pyarrow.Array], pyarrow.Array]",
        learn: Callable[[Mapping[str, int], int], dict[str, Any]],
        what: str,
    ):
        """Begin without rows.

        Args:
            texts: Returns the texts to count.
            learn: Returns what the kind learns, given how often each text occurs, and the number of rows.
            what: What the texts are, for messages, such as "categories".

        """
        self._texts, self._learn, self._what = texts, learn, what
        self._counts: Counter[str] = Counter()
        self._rows = 0

    def add(self, cells: "pyarrow.Array") -> None:
        """Take the cells of more training rows.

        Raises:
            DataError: If there are more than `MOST_DIFFERENT` texts.

        """
        self._rows += len(cells)
        self._counts.update(counts_of(self._texts(cells)))
        if len(self._counts) > MOST_DIFFERENT:
            raise DataError(f"There are more than {MOST_DIFFERENT:,} {self._what}. Use `HashingVectorizer`.")

    def fitted(self) -> dict[str, Any]:
        """Return what the kind learns."""
        return self._learn(self._counts, self._rows)


def counts_of(texts: "pyarrow.Array") -> dict[str, int]:
    """Return how often each text occurs, in the order of their first occurrence."""
    pairs = texts.value_counts()
    return dict(zip(pairs.field("values").to_pylist(), pairs.field("counts").to_pylist(), strict=True))
