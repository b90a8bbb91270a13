"""Areas under curves, and the point of a curve where both kinds of errors are equally frequent."""

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_metrics.ranking.base import CurveMetric
from hookline_metrics.tasks import Task

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor


@spec
class AUROC(CurveMetric):
    """The area under the receiver operating characteristic curve, which measures how well the rows are ranked.

    It is the fraction of all pairs of a row of the class and another row in which the former has the larger score. For
    several classes or labels, it is the mean of their areas, each against the rest; a class of all rows, or of none, is
    ignored. Rows are ranked by the scores of the model, which distinguish probabilities that round to 0 or 1.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/auroc.html
    """

    only_for: ClassVar[Mapping[str, tuple[Task, ...]]] = {**CurveMetric.only_for, "max_fpr": ("binary",)}

    average: Literal["macro", "weighted"] = "macro"
    """The average over classes: with equal weights ("macro"), or with their number of rows as weights ("weighted")."""
    max_fpr: float | None = option(default=None, above=0, maximum=1)
    """The false positive rate up to which to compute the area, for binary tasks. Default: 1."""

    def of_curve(self, true: "Tensor", false: "Tensor") -> float:
        """Return the area by the trapezoidal rule."""
        return area(false / false[-1], true / true[-1], self.max_fpr)

    @property
    def curve_lines(self) -> str:  # type: ignore[override]
        """The area by the trapezoidal rule; empty if it follows from the ranks."""
        if self.max_fpr is None and self.thresholds is None:
            return ""
        if self.max_fpr is None or self.max_fpr == 1:
            return "float(torch.trapezoid(true / true[-1], false / false[-1]))"
        most, least = self.max_fpr, self.max_fpr**2 / 2
        return (
            "false, true = false / false[-1], true / true[-1]\n"
            "if false.isnan().any() or true.isnan().any():\n"
            "    return math.nan\n"
            f"inside = false <= {most}\n"
            f"heights = torch.cat([true[inside], true.new_tensor([interpolated({most}, false, true)])])\n"
            f"part = float(torch.trapezoid(heights, torch.cat([false[inside], false.new_tensor([{most}])])))\n"
            f"(1 + (part - {least}) / {most - least}) / 2"
        )

    def of_column(self, scores: "NDArray[Any]", positive: "NDArray[Any]") -> float:
        """Return the area by ranks, unless it is partial."""
        return ranked(scores, positive) if self.max_fpr is None else CurveMetric.of_column(self, scores, positive)


@spec
class AveragePrecision(CurveMetric):
    """The mean of the precisions at each threshold, weighted by the increase of recall: the area under their curve.

    For several classes or labels, it is the mean of all, each against the rest; a class without rows is ignored.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/average_precision.html
    """

    average: Literal["macro", "weighted"] = "macro"
    """The average over classes: with equal weights ("macro"), or with their number of rows as weights ("weighted")."""

    curve_lines = """\
if not true[-1]:
    return math.nan
precision = true[1:] / (true[1:] + false[1:]).clamp(min=1)
float((true.diff() * precision).sum() / true[-1])"""

    def of_curve(self, true: "Tensor", false: "Tensor") -> float:
        """Return the sum over all steps; NaN if no row is positive."""
        if not true[-1]:
            return math.nan
        precision = true[1:] / (true[1:] + false[1:]).clamp(min=1)
        return float((true.diff() * precision).sum() / true[-1])


@spec
class EER(CurveMetric):
    """The equal error rate: the rate of false positives at the threshold where it equals that of false negatives.

    It is the mean of the two rates at the threshold where they are nearest. For several classes or labels, see
    `average`; a class of all rows, or of none, is ignored.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/eer.html
    """

    higher_is_better = False

    average: Literal["micro", "macro"] = "macro"
    """The mean over classes, each against the rest ("macro"), or one curve for all classes together ("micro")."""

    curve_lines = """\
missed, accepted = 1 - true / true[-1], false / false[-1]
nearest = int((missed - accepted).abs().argmin())
float(missed[nearest] + accepted[nearest]) / 2"""

    def of_curve(self, true: "Tensor", false: "Tensor") -> float:
        """Return the mean of both rates at the threshold where they are nearest."""
        missed, accepted = 1 - true / true[-1], false / false[-1]
        nearest = int((missed - accepted).abs().argmin())
        return float(missed[nearest] + accepted[nearest]) / 2


@spec
class LogAUC(CurveMetric):
    """The area under the receiver operating characteristic curve over the logarithm of the false positive rate.

    It is divided by the width of the range, so that 1 is perfect. For several classes or labels, it is the mean of all,
    each against the rest; a class of all rows, or of none, is ignored.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/logauc.html
    """

    fpr_range: tuple[float, float] = option(default=(0.001, 0.1), above=0, maximum=1)
    """The range of false positive rates."""

    def conflicts(self) -> Iterator[OptionError]:
        """Yield errors about thresholds, and about an empty range."""
        yield from CurveMetric.conflicts(self)
        if self.fpr_range[0] >= self.fpr_range[1]:
            yield OptionError("fpr_range", "The first rate must be less than the second.")

    @property
    def curve_lines(self) -> str:  # type: ignore[override]
        """The area by the trapezoidal rule, with interpolated ends."""
        low, high = self.fpr_range
        return (
            "if not true[-1] or not false[-1]:\n"
            "    return math.nan\n"
            "rates, heights = false / false[-1], true / true[-1]\n"
            f"inside = (rates > {low}) & (rates < {high})\n"
            f"first, last = (true.new_tensor([interpolated(bound, rates, heights)]) for bound in ({low}, {high}))\n"
            "heights = torch.cat([first, heights[inside], last])\n"
            f"rates = torch.cat([rates.new_tensor([{low}]), rates[inside], rates.new_tensor([{high}])])\n"
            f"float(torch.trapezoid(heights, rates.log())) / math.log({high} / {low})"
        )

    def of_curve(self, true: "Tensor", false: "Tensor") -> float:
        """Return the area by the trapezoidal rule, with interpolated ends."""
        import torch

        if not true[-1] or not false[-1]:
            return math.nan
        rates, (low, high) = false / false[-1], self.fpr_range
        is_inside = (rates > low) & (rates < high)
        ends = [_interpolated(bound, rates, true / true[-1]) for bound in (low, high)]
        heights = torch.cat([true.new_tensor(ends[:1]), (true / true[-1])[is_inside], true.new_tensor(ends[1:])])
        logarithms = torch.cat([true.new_tensor([low]), rates[is_inside], true.new_tensor([high])]).log()
        return float(torch.trapezoid(heights, logarithms)) / math.log(high / low)


def _interpolated(bound: float, rates: "Tensor", heights: "Tensor") -> float:
    """Return the height of the curve at a rate; the upper one, if the curve rises there."""
    import torch

    stop = int(torch.searchsorted(rates, torch.tensor(bound, dtype=torch.float64), right=True))
    if stop == len(rates):
        return float(heights[-1])
    share = (bound - rates[stop - 1]) / (rates[stop] - rates[stop - 1])
    return float(heights[stop - 1] + share * (heights[stop] - heights[stop - 1]))


def ranked(scores: "NDArray[Any]", positive: "NDArray[Any]") -> float:
    """Return the area by the Mann-Whitney statistic, in which equal scores count half.

    It is NaN if all rows are positive, or none.
    """
    import numpy

    order = scores.argsort()
    ordered, is_one, rows = scores[order], positive[order], len(scores)
    begins = ordered[1:] != ordered[:-1]
    if numpy.count_nonzero(begins) == rows - 1:  # No two scores are equal.
        places = is_one.nonzero()[0]  # A rank is a place + 1.
        ones = len(places)
        total = 2 * (int(places.sum()) + ones)
    else:
        # Where groups of equal scores begin and end.
        ends = numpy.concatenate(([0], 1 + begins.nonzero()[0], [rows]))
        of_groups = numpy.add.reduceat(is_one, ends[:-1], dtype=numpy.int64)
        twice_ranks = ends[:-1] + ends[1:] + 1  # The mean of the ranks of a group, counted from 1, times 2.
        ones, total = int(of_groups.sum()), int((twice_ranks * of_groups).sum())
    pairs = ones * (rows - ones)
    won = total - ones * (ones + 1)
    return won / (2 * pairs) if pairs else math.nan


def area(false: "Tensor", true: "Tensor", max_fpr: float | None) -> float:
    """Return the area under a curve by the trapezoidal rule. A partial area is rescaled so that chance is 0.5.

    Source: McClish, https://doi.org/10.1177/0272989X8900900307
    """
    import torch

    if false.isnan().any() or true.isnan().any():
        return math.nan
    if max_fpr is None or max_fpr == 1:
        return float(torch.trapezoid(true, false))
    stop = int(torch.searchsorted(false, torch.tensor(max_fpr, dtype=torch.float64), right=True))
    end = _interpolated(max_fpr, false, true)
    points = torch.cat([true[:stop], true.new_tensor([end])]), torch.cat([false[:stop], false.new_tensor([max_fpr])])
    part = float(torch.trapezoid(*points))
    least = max_fpr**2 / 2
    return (1 + (part - least) / (max_fpr - least)) / 2
