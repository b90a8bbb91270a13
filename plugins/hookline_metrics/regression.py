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
    """The base of this page's metrics."""

    takes = ("numbers", "labels")
    undefined = "A prediction or a target is NaN or infinite."

    def check(self, loss: LossSpec) -> None:
        """Probabilities of labels cannot be compared with targets of -1 and 1."""
        if isinstance(loss.encoding, Signs):
            name, kind = type(self).__name__, type(loss).__name__
            raise ValueError(f"{name} judges numbers, and the targets of {kind} are signs.")


@spec
class MeanAbsoluteError(RegressionMetric):
    """The mean of |prediction - target|.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/mean_absolute_error.html
    """

    higher_is_better = False

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """A mean of all numbers."""
        return _MeanError(is_squared=False)


@spec
class MeanSquaredError(RegressionMetric):
    """The mean of (prediction - target)².

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/mean_squared_error.html
    """

    higher_is_better = False

    squared: bool = True
    """Whether it is left squared; with `false` its root is given."""

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """A mean of all numbers."""
        return _MeanError(is_squared=True, is_root=not self.squared)


@spec
class R2Score(RegressionMetric):
    """Which part of the targets' variance is explained: 1 is all, 0 no more than by their mean.

    Of targets that are all the same it is 1 if they are predicted exactly, and otherwise 0, as in scikit-learn.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/r2_score.html
    """

    undefined = "It needs two rows at least, more than `adjusted` + 1, and finite predictions."

    adjusted: int = option(default=0, minimum=0)
    """How many inputs are independent, for the adjusted score."""
    multioutput: Literal["uniform_average", "variance_weighted"] = "uniform_average"
    """How the scores of several targets are averaged."""

    @property
    def least_rows(self) -> int:
        """Of one row there is no variance; and the adjusted score divides by rows - `adjusted` - 1."""
        return self.adjusted + 2

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """The variance of each target, and the errors."""
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
        """The mean, or its root."""
        mean = float(self._total) / self._numbers if self._numbers else math.nan
        return math.sqrt(mean) if self._is_root else mean


class _R2(State):
    """The sums of squares of errors, and of the targets about their mean, `(columns,)` each.

    The sums about the mean of a batch are merged with those before, so that nothing cancels however far the targets are
    from 0: Chan, Golub and LeVeque, http://i.stanford.edu/pub/cstr/reports/cs/tr/79/773/CS-TR-79-773.pdf.
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
            # About the first row, so that targets that are all the same have no variance by rounding.
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
        """The score."""
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
    """The errors in float64."""
    if predictions.shape != targets.shape:
        shapes = tuple(predictions.shape), tuple(targets.shape)
        raise ValueError(f"Predictions and targets must have one shape, and theirs are {shapes[0]} and {shapes[1]}.")
    return in_float64(predictions) - in_float64(targets)
