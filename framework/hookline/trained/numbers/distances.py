"""The distributions of distances: between rows that belong together, and between others."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy
from attrs import frozen
from numpy.typing import NDArray

from hookline.trained.numbers.residuals import FRACTIONS

MOST_BINS = 60
"""The maximum number of bins of a histogram."""


@frozen(kw_only=True)
class DistanceSummary:
    """A summary of distances, in float64. NaN and infinity are left out; without rows, the numbers are NaN."""

    rows: int
    """The number of rows."""
    mean: float
    """Their mean."""
    deviation: float
    """Their standard deviation, divided by N."""
    quantiles: Mapping[float, float]
    """The distance that a fraction of the rows does not exceed, by the fraction."""


def distance_summary(distances: NDArray[Any]) -> DistanceSummary:
    """Summarize distances, `(N,)`.

    >>> found = distance_summary(numpy.array([1.0, 2.0, 6.0]))
    >>> found.rows, found.mean, found.quantiles[0.5]
    (3, 3.0, 2.0)

    """
    finite = _finite(distances)
    if not len(finite):
        quantiles = dict.fromkeys(FRACTIONS, numpy.nan)
        return DistanceSummary(rows=0, mean=numpy.nan, deviation=numpy.nan, quantiles=quantiles)
    return DistanceSummary(
        rows=len(finite),
        mean=float(finite.mean()),
        deviation=float(finite.std()),
        quantiles=dict(zip(FRACTIONS, numpy.quantile(finite, FRACTIONS).tolist(), strict=True)),
    )


def histograms(several: Sequence[NDArray[Any]]) -> tuple[NDArray[Any], list[NDArray[Any]]]:
    """Count several arrays of distances in common bins: the edges, and the rows in each bin for each array.

    >>> edges, counts = histograms([numpy.array([0.0, 2.0, 2.0]), numpy.array([3.0])])
    >>> edges.tolist(), [one.tolist() for one in counts]
    ([0.0, 1.0, 2.0, 3.0], [[1, 0, 2], [0, 0, 1]])

    """
    finite = [_finite(distances) for distances in several]
    joined = numpy.concatenate(finite) if finite else numpy.zeros(0)
    bins = max(1, min(MOST_BINS, round(2 * max(map(len, finite), default=0) ** (1 / 3))))  # The Rice rule.
    edges = numpy.histogram_bin_edges(joined, bins=bins)
    counts = [numpy.histogram(one, bins=edges)[0] for one in finite]
    return edges, counts


def _finite(distances: NDArray[Any]) -> NDArray[Any]:
    wide = distances.astype(numpy.float64)
    return wide[numpy.isfinite(wide)]
