"""The differences between predicted and true numbers."""

from collections.abc import Mapping
from typing import Any

import numpy
from attrs import frozen
from numpy.typing import NDArray

FRACTIONS = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""The quantiles of a summary."""


@frozen(kw_only=True)
class ResidualSummary:
    """A summary of the residuals, which are true minus predicted, in float64. Without rows, the numbers are NaN."""

    rows: int
    """The number of rows."""
    mean: float
    """The mean residual: positive if the predictions are too low on average."""
    mean_absolute: float
    """The mean absolute residual (MAE)."""
    root_mean_square: float
    """The square root of the mean squared residual (RMSE)."""
    deviation: float
    """The standard deviation of the true numbers (divided by N): the RMSE of predicting their mean for each row."""
    quantiles: Mapping[float, float]
    """The residual that a fraction of the rows does not exceed, by the fraction: see `FRACTIONS`."""

    @property
    def r2(self) -> float:
        """The coefficient of determination; NaN if all true numbers are equal."""
        if not self.deviation > 0:
            return numpy.nan
        return 1 - (self.root_mean_square / self.deviation) ** 2


def residual_summary(truth: NDArray[Any], predicted: NDArray[Any]) -> ResidualSummary:
    """Summarize the residuals of a target.

    Args:
        truth: the true numbers, `(N,)`.
        predicted: the predicted numbers, `(N,)`.

    >>> found = residual_summary(numpy.array([1.0, 2.0, 6.0]), numpy.array([1.0, 3.0, 4.0]))
    >>> found.quantiles[0.5], found.mean_absolute, round(found.mean, 4), round(found.root_mean_square, 4)
    (0.0, 1.0, 0.3333, 1.291)

    """
    true = truth.astype(numpy.float64)
    residuals = true - predicted.astype(numpy.float64)
    if not len(residuals):
        nan = numpy.nan
        quantiles = dict.fromkeys(FRACTIONS, nan)
        return ResidualSummary(
            rows=0, mean=nan, mean_absolute=nan, root_mean_square=nan, deviation=nan, quantiles=quantiles
        )
    return ResidualSummary(
        rows=len(residuals),
        mean=float(residuals.mean()),
        mean_absolute=float(numpy.abs(residuals).mean()),
        root_mean_square=float(numpy.sqrt((residuals**2).mean())),
        deviation=float(true.std()),
        quantiles=dict(zip(FRACTIONS, numpy.quantile(residuals, FRACTIONS).tolist(), strict=True)),
    )


@frozen(kw_only=True, eq=False)
class Histogram:
    """The number of values in bins of equal width."""

    edges: NDArray[Any]
    """float64 `(bins + 1,)`."""
    rows: NDArray[Any]
    """int64 `(bins,)`."""


def residual_histogram(truth: NDArray[Any], predicted: NDArray[Any], most: int = 60) -> Histogram:
    """Return the histogram of the finite residuals of a target, with up to `most` bins."""
    residuals = truth.astype(numpy.float64) - predicted.astype(numpy.float64)
    residuals = residuals[numpy.isfinite(residuals)]
    bins = max(1, min(most, round(2 * len(residuals) ** (1 / 3))))  # The Rice rule.
    rows, edges = numpy.histogram(residuals, bins=bins)
    return Histogram(edges=edges, rows=rows)
