"""Statistics of numbers that can be merged."""

import math
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray


@frozen(kw_only=True)
class Summary:
    """Statistics of numbers, computed in float64."""

    rows: int
    """How many numbers there are."""
    mean: float
    """Their mean."""
    variance: float
    """Their variance: the mean square of the distances from the mean."""
    least: float
    """The smallest number."""
    greatest: float
    """The greatest number."""

    @classmethod
    def of(cls, numbers: "NDArray[Any]") -> "Summary":
        """Return the statistics of at least one number."""
        return cls(
            rows=len(numbers),
            mean=float(numbers.mean()),
            variance=float(numbers.var()),
            least=float(numbers.min()),
            greatest=float(numbers.max()),
        )

    @classmethod
    def of_equal(cls, number: float, rows: int) -> "Summary":
        """Return the statistics of a number that occurs several times."""
        return cls(rows=rows, mean=number, variance=0.0, least=number, greatest=number)

    @property
    def std(self) -> float:
        """The standard deviation."""
        return math.sqrt(self.variance)

    def merged(self, other: "Summary") -> "Summary":
        """Return the statistics of all numbers together, by the formulas of Chan, Golub and LeVeque (1979).

        >>> import numpy
        >>> parts = Summary.of(numpy.array([1.0, 2.0])).merged(Summary.of(numpy.array([6.0])))
        >>> parts == Summary.of(numpy.array([1.0, 2.0, 6.0]))
        True
        """
        rows = self.rows + other.rows
        away, share = other.mean - self.mean, other.rows / rows
        within = self.variance * (1 - share) + other.variance * share
        return Summary(
            rows=rows,
            mean=self.mean + away * share,
            variance=within + away * away * share * (1 - share),
            least=min(self.least, other.least),
            greatest=max(self.greatest, other.greatest),
        )
