"""The base of metrics of numbers, and the sums of which most of them are functions."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from hookline.data import Signs, in_float64
from hookline.spec import LossSpec, MetricSpec, spec
from hookline_metrics.state import State

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.script import PredictionNames, Script


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

    further_lines: ClassVar[Mapping[str, tuple[str, ...]]] = {"formula": ()}
    formula: ClassVar[str] = ""
    """The metric as code, for `predicted` and `true`, two tensors in float64 with all rows. Its last line is an
    expression."""

    def eject(self, script: "Script", loss: LossSpec, predicted: "PredictionNames") -> str:
        """Add a function of predicted and true numbers that returns the formula, and return a call of it."""
        return eject_formula(self, script, predicted, self.formula)


@spec
class SumMetric(RegressionMetric):
    """The base of metrics that are functions of sums over all numbers of all rows. By default, it is a mean."""

    higher_is_better = False

    def terms(self, predictions: "Tensor", targets: "Tensor") -> "tuple[Tensor, ...]":
        """Return the terms of each sum, float64, for predictions and targets in float64."""
        raise NotImplementedError

    def of_sums(self, sums: "list[float]", count: int) -> float:
        """Return the metric, for the sums and the number of terms; NaN where it is not defined."""
        return sums[0] / count

    def build(self, loss: LossSpec, predictions: "Tensor") -> State:
        """Return the sums."""
        return _Sums(self)

    eject = RegressionMetric.eject
    further_lines = {"formula": ("terms", "of_sums")}


def eject_formula(metric: MetricSpec, script: "Script", predicted: "PredictionNames", formula: str) -> str:
    """Add a function of predicted and true numbers that returns a formula, and return a call of it."""
    from hookline_metrics.ejecting.functions import add_function

    *before, last = formula.split("\n")
    lines = ["predicted, true = predicted.double(), true.double()", *before, f"return float({last})"]
    name = add_function(script, metric, lines)
    return f"{name}({predicted.predictions}, {predicted.truth})"


class _Sums(State):
    """The sums over all numbers of all rows."""

    def __init__(self, metric: SumMetric):
        self._metric = metric
        self.reset()

    def reset(self) -> None:
        """Remove all rows."""
        self._sums: Tensor | None = None
        self._count = 0

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Add the rows of a batch."""
        import torch

        terms = self._metric.terms(*both_in_float64(predictions, targets))
        sums = torch.stack([term.sum(dtype=torch.float64) for term in terms])
        self._sums = sums if self._sums is None else self._sums + sums
        self._count += terms[0].numel()

    def compute(self) -> float:
        """Return the metric; NaN if a sum is NaN or infinite."""
        sums = [] if self._sums is None else self._sums.tolist()
        if not self._count or not all(map(math.isfinite, sums)):
            return math.nan
        return self._metric.of_sums(sums, self._count)


def both_in_float64(predictions: "Tensor", targets: "Tensor") -> "tuple[Tensor, Tensor]":
    """Return predictions and targets in float64, or raise a `ValueError` if they have different shapes."""
    if predictions.shape != targets.shape:
        shapes = tuple(predictions.shape), tuple(targets.shape)
        raise ValueError(f"Predictions and targets must have the same shape, not {shapes[0]} and {shapes[1]}.")
    return in_float64(predictions), in_float64(targets)
