"""The ROC and precision-recall curves of a target: of each class or label if they are few, otherwise averages."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy
from attrs import field, frozen
from numpy.typing import NDArray

from hookline.trained.evaluation.evaluation import TargetDetails
from hookline.trained.numbers.rates import MeanCurves, RateCurve, mean_curves, rate_curve

MOST_CURVES = 10
"""The number of classes up to which each has a curve."""
WORST = 5
"""With more classes, the number of classes with the smallest areas that have a curve."""
MOST_POOLED = 2**24
"""The number of scores up to which there is a curve of all classes together."""
POINTS = 1000
"""About the number of points of a curve in a table and a picture."""


@frozen(eq=False)
class Areas:
    """The areas of a class or label."""

    name: str
    rows: int
    """The number of rows of the class."""
    area: float
    """The area under the ROC curve; NaN if the class has no rows, or all."""
    average_precision: float


@frozen(kw_only=True, eq=False)
class ClassCurves:
    """The curves of a target."""

    curves: Sequence[tuple[str, RateCurve]]
    """The curves by the names of classes or labels, thinned."""
    areas: Sequence[Areas]
    """The areas of all classes or labels, from all points, in their order."""
    pooled: Areas | None = None
    """The areas of all classes together, a micro average, if there are at least three classes or two labels."""
    pooled_curve: RateCurve | None = None
    mean: MeanCurves | None = None
    """The macro average, likewise."""
    rows: int = 0
    """The number of rows."""
    left_out: int = field(default=0)
    """The number of rows that are left out because a score is NaN, or because there is no room for their scores."""


def class_curves(details: TargetDetails) -> ClassCurves | None:
    """Compute the curves of a target; `None` if it has no scores."""
    if details.scores is None or details.kind == "numbers":
        return None
    scores, total = details.scores, len(details.truth)
    truth = details.truth[: len(scores)]
    usable = ~numpy.isnan(scores).any(axis=1)
    if not usable.all():
        scores, truth = scores[usable], truth[usable]
    known: dict[str, Any] = {"rows": len(scores), "left_out": total - len(scores)}
    if details.is_binary:
        yes = details.classes[1]
        curve = rate_curve(truth[:, 0], scores[:, 0])
        return ClassCurves(curves=[(yes, curve.thinned(POINTS))], areas=[_areas(yes, curve)], **known)
    names = details.classes if details.kind == "classes" else details.columns
    if len(names) == 2 and details.kind == "classes":
        names, columns = [names[1]], [1]  # The curve of the other class is its mirror image.
    else:
        columns = list(range(len(names)))

    def curve_of(place: int) -> RateCurve:
        return rate_curve(_is_of(details, truth, columns[place]), scores[:, columns[place]])

    found: list[Areas] = []
    kept: dict[str, RateCurve] = {}

    def each() -> Iterator[RateCurve]:
        for place, name in enumerate(names):
            curve = curve_of(place)
            found.append(_areas(name, curve))
            if len(names) <= MOST_CURVES:
                kept[name] = curve.thinned(POINTS)
            yield curve

    mean = mean_curves(each())
    if len(names) > MOST_CURVES:
        order = sorted((index for index, one in enumerate(found) if one.area == one.area), key=_area_in(found))
        kept = {names[index]: curve_of(index).thinned(POINTS) for index in order[:WORST]}
    pooled = _pooled(details, truth, scores) if len(names) > 1 else None
    return ClassCurves(
        curves=list(kept.items()),
        areas=found,
        pooled=None if pooled is None else _areas("micro average", pooled),
        pooled_curve=None if pooled is None else pooled.thinned(POINTS),
        mean=mean if len(names) > 1 else None,
        **known,
    )


def _pooled(details: TargetDetails, truth: NDArray[Any], scores: NDArray[Any]) -> RateCurve | None:
    """Return the curve of all classes or labels together; `None` if there are too many scores."""
    if scores.size > MOST_POOLED:
        return None
    hits = truth if details.kind == "labels" else truth[:, None] == numpy.arange(scores.shape[1])
    return rate_curve(hits.ravel(), scores.ravel())


def _is_of(details: TargetDetails, truth: NDArray[Any], column: int) -> Any:
    return truth == column if details.kind == "classes" else truth[:, column]


def _areas(name: str, curve: RateCurve) -> Areas:
    return Areas(name, curve.positives, curve.area, curve.average_precision)


def _area_in(found: Sequence[Areas]) -> Any:
    return lambda index: found[index].area
