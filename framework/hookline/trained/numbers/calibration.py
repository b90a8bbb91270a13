"""The agreement of predicted probabilities with frequencies."""

from typing import Any

import numpy
from attrs import frozen
from numpy.typing import NDArray


@frozen(kw_only=True, eq=False)
class Calibration:
    """The rows in bins of equal width of the predicted probability, from 0 to 1. Empty bins are NaN."""

    edges: NDArray[Any]
    """The edges of the bins, float64 `(bins + 1,)`. A probability at an inner edge is in the lower bin."""
    rows: NDArray[Any]
    """The number of rows in each bin, int64 `(bins,)`."""
    probability: NDArray[Any]
    """The mean predicted probability in each bin, float64 `(bins,)`."""
    frequency: NDArray[Any]
    """The fraction of the rows in each bin for which the prediction is true, float64 `(bins,)`."""

    @property
    def error(self) -> float:
        """The expected calibration error: the mean distance of probability and frequency, weighted by rows."""
        filled = self.rows > 0
        if not filled.any():
            return numpy.nan
        distance = numpy.abs(self.probability[filled] - self.frequency[filled])
        return float((distance * self.rows[filled]).sum() / self.rows.sum())


def calibration(truth: NDArray[Any], probabilities: NDArray[Any], bins: int = 10) -> Calibration:
    """Compare predicted probabilities with frequencies.

    For a label, `truth` is whether it is true. For one of several classes, use the probability of the predicted class,
    and whether the prediction is right.

    Args:
        truth: bool `(N,)`.
        probabilities: from 0 to 1, `(N,)`, without NaN.
        bins: the number of bins.

    >>> found = calibration(numpy.array([False, True, True]), numpy.array([0.25, 0.75, 0.875]), bins=2)
    >>> found.rows.tolist(), found.probability.tolist(), found.frequency.tolist()
    ([1, 2], [0.25, 0.8125], [0.0, 1.0])
    >>> round(found.error, 4)
    0.2083

    """
    edges = numpy.linspace(0, 1, bins + 1)
    place = numpy.searchsorted(edges[1:-1], probabilities)
    rows = numpy.bincount(place, minlength=bins)
    with numpy.errstate(invalid="ignore"):
        probability = numpy.bincount(place, weights=probabilities, minlength=bins) / rows
        frequency = numpy.bincount(place, weights=truth, minlength=bins) / rows
    return Calibration(edges=edges, rows=rows, probability=probability, frequency=frequency)
