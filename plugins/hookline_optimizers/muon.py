"""Muon."""

from collections.abc import Sequence
from typing import Literal

from hookline.errors import MismatchError
from hookline.spec import NamedParameter, option, spec
from hookline_optimizers.base import TorchOptimizer


@spec
class Muon(TorchOptimizer):
    """Momentum with orthogonalized updates of weight matrices. Only for matrices, not for biases.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Muon.html; Jordan,
    https://kellerjordan.github.io/posts/muon
    """

    lr: float = option(default=0.001, minimum=0)
    """The learning rate."""
    weight_decay: float = option(default=0.1, minimum=0)
    """The decoupled weight decay: the fraction of a parameter, times the learning rate, subtracted in each step."""
    momentum: float = option(default=0.95, minimum=0)
    """The momentum factor."""
    nesterov: bool = True
    """Use Nesterov momentum."""
    ns_coefficients: tuple[float, float, float] = option(default=(3.4445, -4.775, 2.0315), unbounded=True)
    """The coefficients of the Newton-Schulz iteration, which orthogonalizes an update."""
    eps: float = option(default=1e-07, minimum=0)
    """The smallest norm by which to divide an update before the iteration."""
    ns_steps: int = option(default=5, minimum=1, below=100)
    """The number of iterations."""
    adjust_lr_fn: Literal["original", "match_rms_adamw"] | None = None
    """How to adjust the learning rate to the shape of a matrix. Default: as in "original"."""

    def check(self, parameters: Sequence[NamedParameter]) -> None:
        """Refuse parameters that are not matrices."""
        TorchOptimizer.check(self, parameters)
        for parameter in parameters:
            if parameter.tensor.dim() != 2:
                shape = tuple(parameter.tensor.shape)
                raise MismatchError(
                    f"Muon trains matrices, but {parameter.name} has the shape {shape}: train the others with another "
                    f"optimizer, such as AdamW, in a Partition."
                )
