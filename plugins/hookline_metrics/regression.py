"""Metrics that compare numbers with numbers."""

from typing import TYPE_CHECKING, Literal

from hookline import Classes, LossSpec, option, spec
from hookline_metrics.base import TorchMetric

if TYPE_CHECKING:
    from torch import Tensor


@spec
class RegressionMetric(TorchMetric):
    """The base of this page's metrics."""

    def check(self, loss: LossSpec) -> None:
        """Numbers are compared with numbers, and not with the index of a class."""
        if isinstance(loss.encoding, Classes):
            raise ValueError(f"{type(self).__name__} compares numbers, and {type(loss).__name__} tells classes apart.")

    def prepare(self, predictions: "Tensor", targets: "Tensor") -> "tuple[Tensor, Tensor]":
        """Predictions and targets as they are; of one number a row, without the dimension of the columns."""
        if predictions.dim() == 2 and predictions.shape[1] == 1 and targets.shape == predictions.shape:
            return predictions.squeeze(1), targets.squeeze(1)
        return predictions, targets


@spec
class MeanAbsoluteError(RegressionMetric):
    """The mean of |prediction - target|.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/mean_absolute_error.html
    """

    higher_is_better = False


@spec
class MeanSquaredError(RegressionMetric):
    """The mean of (prediction - target)².

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/mean_squared_error.html
    """

    higher_is_better = False

    squared: bool = True
    """Whether it is left squared; with `false` its root is given."""


@spec
class R2Score(RegressionMetric):
    """Which part of the targets' variance is explained: 1 is all, 0 no more than by their mean.

    Source: https://lightning.ai/docs/torchmetrics/stable/regression/r2_score.html
    """

    adjusted: int = option(default=0, minimum=0)
    """How many inputs are independent, for the adjusted score."""
    multioutput: Literal["uniform_average", "variance_weighted"] = "uniform_average"
    """How the scores of several targets are averaged."""
