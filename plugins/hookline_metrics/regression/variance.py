"""Metrics of variances and linear correlation."""

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from hookline.spec import LossSpec, option, spec
from hookline_metrics.regression.base import RegressionMetric
from hookline_metrics.regression.moments import Moments
from hookline_metrics.state import State

if TYPE_CHECKING:
    from torch import Tensor

Multioutput = Literal["uniform_average", "variance_weighted"]


@spec
class MomentMetric(RegressionMetric):
    """The base of metrics of the moments of each column. By default, the mean over columns."""

    undefined = "It needs at least 2 rows with different targets, and finite predictions."

    @property
    def least_rows(self) -> int:
        """The minimum for a variance."""
        return 2

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """Return the moments."""
        return _Moments(self)

    eject = RegressionMetric.eject
    further_lines = {"formula": ("of_columns", "number")}

    def of_columns(self, moments: Moments) -> "Tensor":
        """Return the number of each column, float64; NaN where it is not defined."""
        raise NotImplementedError

    def number(self, moments: Moments) -> float:
        """Return the metric."""
        return float(self.of_columns(moments).mean())


@spec
class ExplainedMetric(MomentMetric):
    """The base of scores that compare errors with the variance of the targets."""

    undefined = "It needs at least 2 rows, and finite predictions."

    multioutput: Multioutput = "uniform_average"
    """The average over several targets: with equal weights, or with their variances as weights."""

    further_lines = {"formula": ("of_columns", "number"), "ejected_errors": ("errors",)}
    ejected_errors: ClassVar[str] = ""
    """The errors whose squares are not explained, as code."""

    @property
    def formula(self) -> str:  # type: ignore[override]
        """The average of 1 - errors / variance."""
        mean = "scores.mean()"
        if self.multioutput == "variance_weighted":
            mean = "(scores * spread).sum() / spread.sum() if spread.any() else scores.mean()"
        return (
            f"errors = {self.ejected_errors}\n"
            "unexplained, spread = (part.square().sum(dim=0) for part in (errors, true - true.mean(dim=0)))\n"
            f"scores = torch.where(spread > 0, 1 - unexplained / spread, (unexplained == 0).double())\n{mean}"
        )

    def errors(self, moments: Moments) -> "Tensor":
        """Return the sum of squares of each column that is not explained."""
        raise NotImplementedError

    def number(self, moments: Moments) -> float:
        """Return the average of 1 - errors / variance."""
        import torch

        errors, squares = self.errors(moments), moments.of_targets().squares_about_mean
        constant = torch.where(errors == 0, 1.0, 0.0).double()
        scores = torch.where(squares == 0, constant, 1 - errors / squares)
        scores = torch.where(errors.isfinite() & squares.isfinite(), scores, math.nan)
        is_weighted = self.multioutput == "variance_weighted" and bool(squares.any())
        return float((scores * squares).sum() / squares.sum() if is_weighted else scores.mean())


@spec
class R2Score(ExplainedMetric):
    """The fraction of the targets' variance that is explained: 1 is all, 0 is no more than by their mean.

    If all targets are equal, it is 1 if they are predicted exactly and otherwise 0, as in scikit-learn.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/r2_score.html
    """

    undefined = "It needs finite predictions, at least 2 rows, and more rows than `adjusted` + 1."

    adjusted: int = option(default=0, minimum=0)
    """The number of independent inputs, for the adjusted score."""

    @property
    def least_rows(self) -> int:
        """The minimum for a variance, and for the adjusted score, which divides by rows - `adjusted` - 1."""
        return self.adjusted + 2

    ejected_errors = "predicted - true"

    def errors(self, moments: Moments) -> "Tensor":
        """Return the sum of squares of the errors."""
        return moments.of_errors().squares

    @property
    def formula(self) -> str:  # type: ignore[override]
        """The score, adjusted for the number of inputs."""
        score = ExplainedMetric.formula.fget(self)  # type: ignore[attr-defined]
        if not self.adjusted:
            return str(score)
        *lines, last = score.split("\n")
        adjusted = f"1 - (1 - score) * (len(true) - 1) / (len(true) - {self.adjusted + 1})"
        return "\n".join([*lines, f"score = {last}", adjusted])

    def number(self, moments: Moments) -> float:
        """Return the score, adjusted for the number of inputs."""
        score = ExplainedMetric.number(self, moments)
        spare = moments.rows - self.adjusted - 1
        return 1 - (1 - score) * (moments.rows - 1) / spare if self.adjusted else score


@spec
class ExplainedVariance(ExplainedMetric):
    """The fraction of the targets' variance that is explained, where a constant error does not count.

    If all targets are equal, it is 1 if all errors are equal too and otherwise 0, as in scikit-learn.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/explained_variance.html
    """

    ejected_errors = "(predicted - true) - (predicted - true).mean(dim=0)"

    def errors(self, moments: Moments) -> "Tensor":
        """Return the sum of squares of the errors about their mean."""
        return moments.of_errors().squares_about_mean


@spec
class RelativeSquaredError(MomentMetric):
    """The sum of the squares of the errors, divided by that of the targets about their mean: 1 - R2Score.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/rse.html
    """

    higher_is_better = False

    squared: bool = True
    """Return this ratio; with `false`, its square root."""

    @property
    def formula(self) -> str:  # type: ignore[override]
        """The mean of the ratios, or of their square roots."""
        lines = "errors, spread = (part.square().sum(dim=0) for part in (predicted - true, true - true.mean(dim=0)))"
        return f"{lines}\n(errors / spread){'' if self.squared else '.sqrt()'}.mean()"

    def of_columns(self, moments: Moments) -> "Tensor":
        """Return the ratio of each column, or its square root."""
        ratios = moments.of_errors().squares / moments.of_targets().squares_about_mean
        return ratios if self.squared else ratios.sqrt()


@spec
class PearsonCorrCoef(MomentMetric):
    """The linear correlation of predictions and targets, from -1 to 1; for several targets, the mean over them.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/pearson_corr_coef.html
    """

    undefined = "It needs at least 2 rows with different targets and different, finite predictions."

    formula = """\
one, two = predicted - predicted.mean(dim=0), true - true.mean(dim=0)
roots = one.square().sum(dim=0).sqrt() * two.square().sum(dim=0).sqrt()
((one * two).sum(dim=0) / roots).clamp(-1, 1).mean()"""

    def of_columns(self, moments: Moments) -> "Tensor":
        """Return the correlation of each column."""
        roots = [part.squares_about_mean.sqrt() for part in (moments.of_predictions(), moments.of_targets())]
        return (moments.products() / roots[0] / roots[1]).clamp(-1, 1)


@spec
class ConcordanceCorrCoef(MomentMetric):
    """The correlation of predictions and targets about the line where they are equal; for several targets, the mean.

    The difference of their means and of their variances counts as well.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/concordance_corr_coef.html
    """

    formula = """\
one, two = predicted - predicted.mean(dim=0), true - true.mean(dim=0)
spread = one.square().sum(dim=0) + two.square().sum(dim=0)
shift = (predicted - true).mean(dim=0).square() * (len(true) - 1)
(2 * (one * two).sum(dim=0) / (spread + shift)).mean()"""

    def of_columns(self, moments: Moments) -> "Tensor":
        """Return the concordance of each column, from the variances with the divisor rows - 1."""
        spreads = [part.squares_about_mean for part in (moments.of_predictions(), moments.of_targets())]
        step = moments.of_errors().mean.square() * (moments.rows - 1)
        return 2 * moments.products() / (spreads[0] + spreads[1] + step)


class _Moments(State):
    """Moments, of which the metric is a function."""

    def __init__(self, metric: MomentMetric):
        self._metric, self._moments = metric, Moments()

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Add the rows of a batch."""
        self._moments.add(predictions, targets)

    def compute(self) -> float:
        """Return the metric; NaN if there are too few rows."""
        if self._moments.rows < self._metric.least_rows:
            return math.nan
        number = self._metric.number(self._moments)
        return number if math.isfinite(number) else math.nan
