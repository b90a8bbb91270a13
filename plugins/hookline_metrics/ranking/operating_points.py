"""The best value of one rate at the thresholds where another one is high enough."""

import math
from typing import TYPE_CHECKING, ClassVar

from hookline.spec import option, spec
from hookline_metrics.ranking.base import CurveMetric

if TYPE_CHECKING:
    from torch import Tensor


RECALL = "true / true[-1]"
PRECISION = "torch.where(true + false > 0, true / (true + false), 1.0)"
SPECIFICITY = "(false[-1] - false) / false[-1]"


@spec
class OperatingPoint(CurveMetric):
    """The base: torchmetrics returns the threshold as well, which is not part of the metric.

    For several classes or labels, it is the mean of all, each against the rest; a class for which a rate is not defined
    is ignored.
    """

    def of_curve(self, true: "Tensor", false: "Tensor") -> float:
        """Return the largest value; 0 if the other rate is never high enough."""
        value, other, least = self.rates(true, false)
        if value.isnan().any() or other.isnan().any():
            return math.nan
        reached = value[other >= least]
        return float(reached.max()) if len(reached) else 0.0

    further_lines = {"curve_lines": ("of_curve", "of_column"), "rate_lines": ("rates",)}
    rate_lines: ClassVar[tuple[str, str]] = ("", "")
    """The rate to maximize and the other one, as code."""

    @property
    def least(self) -> float:
        """The least value of the other rate."""
        raise NotImplementedError

    @property
    def curve_lines(self) -> str:  # type: ignore[override]
        """The largest value of the one rate where the other one is large enough."""
        value, other = self.rate_lines
        return (
            f"value, other = {value}, {other}\n"
            "if value.isnan().any() or other.isnan().any():\n"
            "    return math.nan\n"
            f"reached = value[other >= {self.least}]\n"
            "float(reached.max()) if len(reached) else 0.0"
        )

    def rates(self, true: "Tensor", false: "Tensor") -> "tuple[Tensor, Tensor, float]":
        """Return the rate to maximize, the other one at the same thresholds, and the least value of the other."""
        raise NotImplementedError


@spec
class RecallAtFixedPrecision(OperatingPoint):
    """The largest recall at any threshold where precision is at least `min_precision`; 0 if there is none.

    For several classes or labels, it is the mean of all, each against the rest; a class without rows is ignored.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/recall_at_fixed_precision.html
    """

    min_precision: float = option(minimum=0, maximum=1)
    """The least precision."""

    rate_lines = (RECALL, PRECISION)

    @property
    def least(self) -> float:
        """The least value of the other rate."""
        return self.min_precision

    def rates(self, true: "Tensor", false: "Tensor") -> "tuple[Tensor, Tensor, float]":
        """Return recall and precision."""
        return _recall(true), _precision(true, false), self.least


@spec
class PrecisionAtFixedRecall(OperatingPoint):
    """The largest precision at any threshold where recall is at least `min_recall`.

    For several classes or labels, it is the mean of all, each against the rest; a class without rows is ignored.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/precision_at_fixed_recall.html
    """

    min_recall: float = option(minimum=0, maximum=1)
    """The least recall."""

    rate_lines = (PRECISION, RECALL)

    @property
    def least(self) -> float:
        """The least value of the other rate."""
        return self.min_recall

    def rates(self, true: "Tensor", false: "Tensor") -> "tuple[Tensor, Tensor, float]":
        """Return precision and recall."""
        return _precision(true, false), _recall(true), self.least


@spec
class SensitivityAtSpecificity(OperatingPoint):
    """The largest sensitivity at any threshold where specificity is at least `min_specificity`.

    Sensitivity, or recall, is the fraction of the rows of the class that are predicted as it, and specificity the
    fraction of the other rows that are not. For several classes or labels, it is the mean of all, each against the
    rest; a class of all rows, or of none, is ignored.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/sensitivity_at_specificity.html
    """

    min_specificity: float = option(minimum=0, maximum=1)
    """The least specificity."""

    rate_lines = (RECALL, SPECIFICITY)

    @property
    def least(self) -> float:
        """The least value of the other rate."""
        return self.min_specificity

    def rates(self, true: "Tensor", false: "Tensor") -> "tuple[Tensor, Tensor, float]":
        """Return sensitivity and specificity."""
        return _recall(true), (false[-1] - false) / false[-1], self.least


@spec
class SpecificityAtSensitivity(OperatingPoint):
    """The largest specificity at any threshold where sensitivity is at least `min_sensitivity`.

    Sensitivity, or recall, is the fraction of the rows of the class that are predicted as it, and specificity the
    fraction of the other rows that are not. For several classes or labels, it is the mean of all, each against the
    rest; a class of all rows, or of none, is ignored.

    Source: https://lightning.ai/docs/torchmetrics/stable/classification/specificity_at_sensitivity.html
    """

    min_sensitivity: float = option(minimum=0, maximum=1)
    """The least sensitivity."""

    rate_lines = (SPECIFICITY, RECALL)

    @property
    def least(self) -> float:
        """The least value of the other rate."""
        return self.min_sensitivity

    def rates(self, true: "Tensor", false: "Tensor") -> "tuple[Tensor, Tensor, float]":
        """Return specificity and sensitivity."""
        return (false[-1] - false) / false[-1], _recall(true), self.least


def _recall(true: "Tensor") -> "Tensor":
    return true / true[-1]


def _precision(true: "Tensor", false: "Tensor") -> "Tensor":
    """Return the precision at each threshold; 1 where no row reaches it."""
    import torch

    rows = true + false
    return torch.where(rows > 0, true / rows, 1.0)
