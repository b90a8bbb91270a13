"""Losses that compare numbers with numbers.

Outputs and targets are floats of the same shape `(N, k)`, k being the number of target columns.
"""

from hookline.data import Batch, Data, Outputs
from hookline.spec import option, spec
from hookline_losses.base import TorchLoss, check_same_shape


@spec
class RegressionLoss(TorchLoss):
    """The base of this page's losses."""

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Outputs and targets must have the same shape."""
        check_same_shape(type(self).__name__, outputs, batch.target, data)


@spec
class MSELoss(RegressionLoss):
    """The mean squared error, (x - y)².

    The usual choice for regression. A row that is far off counts much: if there are outliers, see HuberLoss.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MSELoss.html
    """


@spec
class L1Loss(RegressionLoss):
    """The mean absolute error, |x - y|.

    Robust against outliers: it leads to the median, where MSELoss leads to the mean.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.L1Loss.html
    """


@spec
class SmoothL1Loss(RegressionLoss):
    """Squared where the error is small, absolute where it is great.

    (x - y)² / (2 beta) if |x - y| < beta, and |x - y| - beta / 2 otherwise.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.SmoothL1Loss.html
    """

    beta: float = option(default=1.0, minimum=0)
    """The error at which the one form goes over into the other; with 0 it is L1Loss."""


@spec
class HuberLoss(RegressionLoss):
    """Squared where the error is small, absolute where it is great; beta times SmoothL1Loss.

    (x - y)² / 2 if |x - y| < delta, and delta (|x - y| - delta / 2) otherwise.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.HuberLoss.html
    """

    delta: float = option(default=1.0, above=0)
    """The error at which the one form goes over into the other."""
