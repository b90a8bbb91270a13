"""ROC and precision-recall curves."""

from collections.abc import Iterable
from typing import Any

import numpy
from attrs import evolve, frozen
from numpy.typing import NDArray


@frozen(kw_only=True, eq=False)
class RateCurve:
    """The numbers of right and wrong positive predictions at each threshold, from the highest threshold to the lowest.

    At the first point the threshold is infinite and no row is predicted as positive. Then there is one point for each
    distinct score, at which all rows with at least this score are: rows with equal scores are one step.
    """

    thresholds: NDArray[Any]
    """float64 `(points,)`, decreasing."""
    true_positives: NDArray[Any]
    """The number of positive rows that are predicted as positive, int64 `(points,)`."""
    false_positives: NDArray[Any]
    """The number of negative rows that are predicted as positive, int64 `(points,)`."""
    positives: int
    """The number of positive rows."""
    negatives: int
    """The number of negative rows."""

    @property
    def is_defined(self) -> bool:
        """Whether there are positive and negative rows; the areas are NaN otherwise."""
        return self.positives > 0 and self.negatives > 0

    @property
    def recall(self) -> NDArray[Any]:
        """The fraction of the positive rows that are predicted as positive: the true positive rate."""
        return self.true_positives / self.positives if self.positives else self._nan()

    @property
    def false_positive_rate(self) -> NDArray[Any]:
        """The fraction of the negative rows that are predicted as positive."""
        return self.false_positives / self.negatives if self.negatives else self._nan()

    @property
    def precision(self) -> NDArray[Any]:
        """The fraction of the rows predicted as positive that are positive; 1 at the first point, where none are."""
        predicted = self.true_positives + self.false_positives
        return numpy.where(predicted == 0, 1.0, self.true_positives / numpy.maximum(predicted, 1))

    def _nan(self) -> NDArray[Any]:
        return numpy.full(len(self.thresholds), numpy.nan)

    @property
    def area(self) -> float:
        """The area under the ROC curve."""
        return float(numpy.trapezoid(self.recall, self.false_positive_rate)) if self.is_defined else numpy.nan

    @property
    def average_precision(self) -> float:
        """The mean of the precision at each step, weighted by the increase of the recall."""
        return float((numpy.diff(self.recall) * self.precision[1:]).sum()) if self.is_defined else numpy.nan

    def thinned(self, most: int = 1000) -> "RateCurve":
        """Return at most about `most` points, evenly spaced along the curves: enough for a picture or a table."""
        if len(self.thresholds) <= most or not self.is_defined:
            return self
        paths = numpy.stack([self.recall, self.false_positive_rate, self.precision])
        length = numpy.abs(numpy.diff(paths, axis=1)).sum(axis=0).cumsum()
        wanted = numpy.searchsorted(length, numpy.linspace(0, length[-1], most - 1))
        places = numpy.unique(numpy.concatenate([[0], wanted + 1, [len(self.thresholds) - 1]]))
        places = places[places < len(self.thresholds)]
        return evolve(
            self,
            thresholds=self.thresholds[places],
            true_positives=self.true_positives[places],
            false_positives=self.false_positives[places],
        )


def rate_curve(truth: NDArray[Any], scores: NDArray[Any]) -> RateCurve:
    """Return the curve of a class, a label, or of several of them together (a micro average).

    Args:
        truth: which rows are positive, bool `(N,)`.
        scores: any numbers that increase with the probability that a row is positive, `(N,)`, without NaN.

    >>> curve = rate_curve(numpy.array([False, True, True, False]), numpy.array([0.2, 0.2, 0.9, 0.1]))
    >>> curve.thresholds.tolist()
    [inf, 0.9, 0.2, 0.1]
    >>> curve.recall.tolist(), curve.false_positive_rate.tolist()
    ([0.0, 0.5, 1.0, 1.0], [0.0, 0.0, 0.5, 1.0])
    >>> curve.area
    0.875

    """
    order = numpy.argsort(scores, kind="stable")[::-1]
    ordered, hits = scores[order], truth[order].astype(bool)
    # The last row of each group of equal scores.
    last = numpy.append(numpy.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1) if len(ordered) else order
    found = numpy.cumsum(hits)[last]
    return RateCurve(
        thresholds=numpy.concatenate([[numpy.inf], ordered[last].astype(numpy.float64)]),
        true_positives=numpy.concatenate([[0], found]),
        false_positives=numpy.concatenate([[0], last + 1 - found]),
        positives=int(hits.sum()),
        negatives=int(len(hits) - hits.sum()),
    )


@frozen(kw_only=True, eq=False)
class MeanCurves:
    """The mean of several curves, each with the same weight: a macro average. For pictures."""

    curves: int
    """The number of curves."""
    false_positive_rate: NDArray[Any]
    """Evenly spaced from 0 to 1, float64 `(points,)`."""
    true_positive_rate: NDArray[Any]
    """The mean true positive rate at each of these rates, float64 `(points,)`."""
    recall: NDArray[Any]
    """Evenly spaced from 0 to 1, float64 `(points,)`."""
    precision: NDArray[Any]
    """The mean precision at each recall, float64 `(points,)`."""
    area: float
    """The mean area under the ROC curves."""
    average_precision: float
    """The mean average precision."""


def mean_curves(curves: Iterable[RateCurve], points: int = 501) -> MeanCurves | None:
    """Return the mean of the curves that are defined; `None` if none is. Curves are not kept."""
    grid = numpy.linspace(0, 1, points)
    rates, precisions = numpy.zeros(points), numpy.zeros(points)
    areas, average_precisions = list[float](), list[float]()
    for curve in curves:
        if not curve.is_defined:
            continue
        # The last point at each false positive rate: the curve rises there to this height.
        last = numpy.append(numpy.flatnonzero(numpy.diff(curve.false_positives)), len(curve.false_positives) - 1)
        rates += numpy.interp(grid, curve.false_positive_rate[last], curve.recall[last])
        # The precision of a recall is that of the first threshold that reaches it.
        place = numpy.searchsorted(curve.recall, grid - 1e-12)
        precisions += curve.precision[numpy.maximum(place, 1)]
        areas.append(curve.area)
        average_precisions.append(curve.average_precision)
    if not areas:
        return None
    return MeanCurves(
        curves=len(areas),
        false_positive_rate=grid,
        true_positive_rate=rates / len(areas),
        recall=grid,
        precision=precisions / len(areas),
        area=float(numpy.mean(areas)),
        average_precision=float(numpy.mean(average_precisions)),
    )
