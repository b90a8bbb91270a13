"""Metrics that compare numbers with numbers."""

import math
from typing import TYPE_CHECKING, Literal

from hookline.data import Signs, in_float64
from hookline.spec import LossSpec, MetricSpec, option, spec
from hookline_metrics.state import State

if TYPE_CHECKING:
    from torch import Tensor


@spec
class RegressionMetric(MetricSpec):
    """The base of regression metrics."""

    takes = ("numbers", "labels")
    undefined = "A prediction or a target is NaN or infinite."

    def check(self, loss: LossSpec) -> None:
        """Refuse losses of signs: probabilities cannot be compared with targets of -1 and 1."""
        if isinstance(loss.encoding, Signs):
            name, kind = type(self).__name__, type(loss).__name__
            raise ValueError(f"{name} evaluates numbers, but the targets of {kind} are signs.")


@spec
class MeanAbsoluteError(RegressionMetric):
    """The mean of |prediction - target|.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/mean_absolute_error.html
    """

    higher_is_better = False

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """Return a mean over all numbers."""
        return _MeanError(is_squared=False)


@spec
class MeanSquaredError(RegressionMetric):
    """The mean of (prediction - target)².

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/mean_squared_error.html
    """

    higher_is_better = False

    squared: bool = True
    """Return the mean squared error; with `false`, its square root."""

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """Return a mean over all numbers."""
        return _MeanError(is_squared=True, is_root=not self.squared)


@spec
class R2Score(RegressionMetric):
    """The fraction of the targets' variance that is explained: 1 is all, 0 is no more than by their mean.

    If all targets are equal, it is 1 if they are predicted exactly and otherwise 0, as in scikit-learn.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/r2_score.html
    """

    undefined = "It needs finite predictions, at least 2 rows, and more rows than `adjusted` + 1."

    adjusted: int = option(default=0, minimum=0)
    """The number of independent inputs, for the adjusted score."""
    multioutput: Literal["uniform_average", "variance_weighted"] = "uniform_average"
    """The average over several targets: with equal weights, or with their variances as weights."""

    @property
    def least_rows(self) -> int:
        """The minimum for a variance, and for the adjusted score, which divides by rows - `adjusted` - 1."""
        return self.adjusted + 2

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """Return sums for the variance of each target and for the errors."""
        return _R2(self)


class _MeanError(State):
    """The mean of errors, or of their squares."""

    def __init__(self, *, is_squared: bool, is_root: bool = False):
        self._is_squared, self._is_root = is_squared, is_root
        self._total: Tensor | float = 0.0
        self._numbers = 0

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Add the rows of a batch."""
        errors = _errors(predictions, targets)
        self._total = self._total + (errors.square() if self._is_squared else errors.abs()).sum()
        self._numbers += errors.numel()

    def compute(self) -> float:
        """Return the mean, or its square root."""
        mean = float(self._total) / self._numbers if self._numbers else math.nan
        return math.sqrt(mean) if self._is_root else mean


class _R2(State):
    """The sums of squares of errors, and of the targets about their mean, `(columns,)` each.

    The sums about the mean of each batch are merged, which avoids cancellation if targets are far from 0: Chan, Golub
    and LeVeque, http://i.stanford.edu/pub/cstr/reports/cs/tr/79/773/CS-TR-79-773.pdf.
    """

    def __init__(self, metric: R2Score):
        self._metric = metric
        self._rows = 0
        self._shift: Tensor | None = None

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Add the rows of a batch."""
        rows = len(targets)
        if not rows:
            return
        errors = _errors(predictions, targets).reshape(rows, -1).square().sum(dim=0)
        targets = in_float64(targets).reshape(rows, -1)
        if self._shift is None:
            # Relative to the first row, so that equal targets have no variance due to rounding.
            self._shift = targets[0]
        shifted = targets - self._shift
        mean = shifted.mean(dim=0)
        squares = (shifted - mean).square().sum(dim=0)
        if not self._rows:
            self._errors, self._mean, self._squares = errors, mean, squares
        else:
            step, both = mean - self._mean, self._rows + rows
            self._errors = self._errors + errors
            self._mean = self._mean + step * (rows / both)
            self._squares = self._squares + squares + step.square() * (self._rows * rows / both)
        self._rows += rows

    def compute(self) -> float:
        """Return the score."""
        import torch

        spare = self._rows - self._metric.adjusted - 1
        if spare < 1:
            return math.nan
        errors, squares = self._errors.cpu(), self._squares.cpu()
        constant = torch.where(errors == 0, 1.0, 0.0).double()
        scores = torch.where(squares == 0, constant, 1 - errors / squares)
        scores = torch.where(errors.isfinite() & squares.isfinite(), scores, math.nan)
        is_weighted = self._metric.multioutput == "variance_weighted" and bool(squares.any())
        score = float((scores * squares).sum() / squares.sum() if is_weighted else scores.mean())
        return 1 - (1 - score) * (self._rows - 1) / spare if self._metric.adjusted else score


def _errors(predictions: "Tensor", targets: "Tensor") -> "Tensor":
    """Return the errors in float64."""
    if predictions.shape != targets.shape:
        shapes = tuple(predictions.shape), tuple(targets.shape)
        raise ValueError(f"Predictions and targets must have the same shape, not {shapes[0]} and {shapes[1]}.")
    return in_float64(predictions) - in_float64(targets)
