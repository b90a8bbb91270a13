"""Errors relative to the size of the targets."""

import math
import sys
from typing import TYPE_CHECKING, Literal

from hookline.data import in_float64
from hookline.spec import LossSpec, spec
from hookline_metrics.regression.base import RegressionMetric, SumMetric, both_in_float64
from hookline_metrics.regression.moments import Moments
from hookline_metrics.state import State

if TYPE_CHECKING:
    from torch import Tensor

LEAST = 1.17e-6
"""The least divisor, as in torchmetrics, so that the quotient is finite where the target is 0."""


@spec
class MeanAbsolutePercentageError(SumMetric):
    """The mean of |prediction - target| / |target|, as a fraction: 0.1 means 10 %. The divisor is at least 1.17e-6.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/mean_absolute_percentage_error.html
    """

    formula = f"((predicted - true).abs() / true.abs().clamp(min={LEAST})).mean()"

    def terms(self, predictions: "Tensor", targets: "Tensor") -> "tuple[Tensor, ...]":
        """Return the relative errors."""
        return ((predictions - targets).abs() / targets.abs().clamp(min=LEAST),)


@spec
class SymmetricMeanAbsolutePercentageError(SumMetric):
    """The mean of 2 |prediction - target| / (|prediction| + |target|), from 0 to 2. The divisor is at least 1.17e-6.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/symmetric_mean_absolute_percentage_error.html
    """

    formula = f"(2 * (predicted - true).abs() / (predicted.abs() + true.abs()).clamp(min={LEAST})).mean()"

    def terms(self, predictions: "Tensor", targets: "Tensor") -> "tuple[Tensor, ...]":
        """Return the relative errors."""
        return (2 * (predictions - targets).abs() / (predictions.abs() + targets.abs()).clamp(min=LEAST),)


@spec
class WeightedMeanAbsolutePercentageError(SumMetric):
    """The sum of |prediction - target| divided by the sum of |target|, which is at least 1.17e-6.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/weighted_mean_absolute_percentage_error.html
    """

    formula = f"(predicted - true).abs().sum() / true.abs().sum().clamp(min={LEAST})"

    def terms(self, predictions: "Tensor", targets: "Tensor") -> "tuple[Tensor, ...]":
        """Return the absolute errors and the sizes of the targets."""
        return (predictions - targets).abs(), targets.abs()

    def of_sums(self, sums: list[float], count: int) -> float:
        """Return the ratio."""
        return sums[0] / max(sums[1], LEAST)


@spec
class NormalizedRootMeanSquaredError(RegressionMetric):
    """The root of the mean squared error, divided by the size of the targets; for several targets, the mean over them.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/normalized_root_mean_squared_error.html
    """

    higher_is_better = False
    undefined = "A prediction is not finite, or the divisor, such as the mean of the targets, is 0."

    normalization: Literal["mean", "range", "std", "l2"] = "mean"
    """The divisor: the mean of the targets, the largest minus the smallest, their standard deviation, or the root of
    the sum of their squares."""

    @property
    def formula(self) -> str:  # type: ignore[override]
        """The mean over columns."""
        divisor = {
            "mean": "true.mean(dim=0)",
            "range": "true.amax(dim=0) - true.amin(dim=0)",
            "std": "true.std(dim=0, correction=0)",
            "l2": "true.square().sum(dim=0).sqrt()",
        }[self.normalization]
        return f"size = {divisor}\n((predicted - true).square().mean(dim=0).sqrt() / size).mean()"

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """Return the moments of the targets and errors, and the extremes of the targets."""
        return _Normalized(self.normalization)

    eject = RegressionMetric.eject


@spec
class CosineSimilarity(RegressionMetric):
    """The sum over rows of the cosine of the angle between predictions and targets; 0 for a row of zeros.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/cosine_similarity.html
    """

    reduction: Literal["sum", "mean"] = "sum"
    """Add the cosines of all rows ("sum"), or average them ("mean")."""

    @property
    def formula(self) -> str:  # type: ignore[override]
        """The sum or the mean over rows."""
        least = sys.float_info.min
        return (
            "predicted, true = (rows.reshape(len(rows), -1) for rows in (predicted, true))\n"
            f"lengths = [rows.norm(dim=1, keepdim=True).clamp(min={least}) for rows in (predicted, true)]\n"
            f"(predicted / lengths[0] * (true / lengths[1])).sum(){' / len(true)' if self.reduction == 'mean' else ''}"
        )

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """Return a sum over rows."""
        return _Cosines(is_mean=self.reduction == "mean")

    eject = RegressionMetric.eject


class _Normalized(State):
    """Moments and extremes of each column."""

    def __init__(self, normalization: str):
        self._normalization, self._moments = normalization, Moments()
        self._most: Tensor | None = None
        self._least: Tensor | None = None

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Add the rows of a batch."""
        import torch

        if not len(targets):
            return
        self._moments.add(predictions, targets)
        columns = in_float64(targets).reshape(len(targets), -1)
        most, least = columns.amax(dim=0), columns.amin(dim=0)
        self._most = most if self._most is None else torch.maximum(self._most, most)
        self._least = least if self._least is None else torch.minimum(self._least, least)

    def compute(self) -> float:
        """Return the mean over columns."""
        if self._most is None or self._least is None:
            return math.nan
        errors, targets = self._moments.of_errors(), self._moments.of_targets()
        if self._normalization == "mean":
            divisors = targets.mean
        elif self._normalization == "range":
            divisors = (self._most - self._least).cpu()
        else:
            divisors = targets.squares_about_mean if self._normalization == "std" else targets.squares
            divisors = (divisors / (self._moments.rows if self._normalization == "std" else 1)).sqrt()
        number = float(((errors.squares / self._moments.rows).sqrt() / divisors).mean())
        return number if math.isfinite(number) else math.nan


class _Cosines(State):
    """The sum of the cosines of all rows."""

    def __init__(self, *, is_mean: bool):
        self._is_mean = is_mean
        self._total: Tensor | float = 0.0
        self._rows = 0

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Add the rows of a batch."""
        one, two = (rows.reshape(len(rows), -1) for rows in both_in_float64(predictions, targets))
        one, two = (rows / rows.norm(dim=1, keepdim=True).clamp(min=sys.float_info.min) for rows in (one, two))
        self._total = self._total + (one * two).sum()
        self._rows += len(one)

    def compute(self) -> float:
        """Return the sum, or the mean."""
        if not self._rows:
            return math.nan
        return float(self._total) / (self._rows if self._is_mean else 1)
