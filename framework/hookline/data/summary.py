"""Statistics of numbers that can be merged."""

from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from numpy.typing import NDArray


@frozen(kw_only=True, eq=False)
class Summary:
    """Statistics of numbers, or of the numbers in each of several columns, computed in float64."""

    rows: int
    """How many numbers there are in a column."""
    mean: Any
    """Their mean: a number, or an array with that of each column."""
    variance: Any
    """Their variance: the mean square of the distances from the mean."""
    minimum: Any
    """The smallest number."""
    maximum: Any
    """The largest number."""

    @classmethod
    def of(cls, numbers: "NDArray[Any]") -> "Summary":
        """Return the statistics of at least one number: `(rows,)`, or `(columns, rows)` for several columns.

        If the rows of a column are contiguous in memory, the statistics do not depend on the other columns.
        """
        import numpy

        with numpy.errstate(over="ignore", invalid="ignore"):  # Of great numbers, only the limits are finite.
            return cls(
                rows=numbers.shape[-1],
                mean=numbers.mean(axis=-1),
                variance=numbers.var(axis=-1),
                minimum=numbers.min(axis=-1),
                maximum=numbers.max(axis=-1),
            )

    @classmethod
    def of_equal(cls, number: float, rows: int) -> "Summary":
        """Return the statistics of a number that occurs several times."""
        return cls(rows=rows, mean=number, variance=0.0, minimum=number, maximum=number)

    @property
    def std(self) -> Any:
        """The standard deviation."""
        import numpy

        return numpy.sqrt(self.variance)

    def merged(self, other: "Summary") -> "Summary":
        """Return the statistics of all numbers together, by the formulas of Chan, Golub and LeVeque (1979).

        >>> import numpy
        >>> parts = Summary.of(numpy.array([1.0, 2.0])).merged(Summary.of(numpy.array([6.0])))
        >>> parts.rows, float(parts.mean), float(parts.maximum)
        (3, 3.0, 6.0)
        """
        import numpy

        rows, share = self.rows + other.rows, other.rows / (self.rows + other.rows)
        with numpy.errstate(over="ignore", invalid="ignore"):
            away = other.mean - self.mean
            within = self.variance * (1 - share) + other.variance * share
            return Summary(
                rows=rows,
                mean=self.mean + away * share,
                variance=within + away * away * share * (1 - share),
                minimum=numpy.minimum(self.minimum, other.minimum),
                maximum=numpy.maximum(self.maximum, other.maximum),
            )
