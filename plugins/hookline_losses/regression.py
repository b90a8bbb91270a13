"""Losses that compare numbers with numbers.

Outputs and targets are floats of the same shape `(N, k)`, where k is the number of target columns.
"""

from hookline.data import Batch, Data, Outputs
from hookline.spec import option, spec
from hookline_losses.base import TorchLoss
from hookline_losses.checks import check_same_shape


@spec
class RegressionLoss(TorchLoss):
    """The base of regression losses."""

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Require outputs and targets of the same shape."""
        check_same_shape(type(self).__name__, outputs, batch.target, data)


@spec
class MSELoss(RegressionLoss):
    """The mean squared error, (x - y)².

    The usual choice for regression. Large errors dominate it; if there are outliers, use HuberLoss.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html
    """


@spec
class L1Loss(RegressionLoss):
    """The mean absolute error, |x - y|.

    Robust to outliers: it estimates the median, whereas MSELoss estimates the mean.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.L1Loss.html
    """


@spec
class SmoothL1Loss(RegressionLoss):
    """The squared error where it is small, and the absolute error where it is large.

    (x - y)² / (2 beta) if |x - y| < beta, and |x - y| - beta / 2 otherwise.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html
    """

    beta: float = option(default=1.0, minimum=0)
    """The error at which the squared form changes to the absolute form; with 0 the loss is L1Loss."""


@spec
class HuberLoss(RegressionLoss):
    """The squared error where it is small, and the absolute error where it is large; delta times SmoothL1Loss.

    (x - y)² / 2 if |x - y| < delta, and delta (|x - y| - delta / 2) otherwise.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.HuberLoss.html
    """

    delta: float = option(default=1.0, above=0)
    """The error at which the squared form changes to the absolute form."""
