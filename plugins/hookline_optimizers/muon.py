"""Muon."""

from collections.abc import Sequence
from typing import Literal

from hookline.errors import MisfitError
from hookline.spec import NamedParameter, option, spec
from hookline_optimizers.base import TorchOptimizer


@spec
class Muon(TorchOptimizer):
    """Momentum whose update of each weight matrix is made orthogonal. For matrices only, not for biases.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Muon.html; Jordan,
    https://kellerjordan.github.io/posts/muon
    """

    lr: float = option(default=0.001, minimum=0)
    """The learning rate."""
    weight_decay: float = option(default=0.1, minimum=0)
    """Which part of a parameter, times the learning rate, is taken away at each step."""
    momentum: float = option(default=0.95, minimum=0)
    """How much of the last update is kept in the next."""
    nesterov: bool = True
    """Whether the gradient is taken where the momentum leads."""
    ns_coefficients: tuple[float, float, float] = option(default=(3.4445, -4.775, 2.0315), unbounded=True)
    """The coefficients of the Newton-Schulz iteration that makes an update orthogonal."""
    eps: float = option(default=1e-07, minimum=0)
    """The least norm by which an update is divided before the iteration."""
    ns_steps: int = option(default=5, minimum=1, below=100)
    """How many times the iteration is made."""
    adjust_lr_fn: Literal["original", "match_rms_adamw"] | None = None
    """How the learning rate follows from a matrix's shape; left out, as in "original"."""

    def check(self, parameters: Sequence[NamedParameter]) -> None:
        """Only matrices can be made orthogonal."""
        TorchOptimizer.check(self, parameters)
        for parameter in parameters:
            if parameter.tensor.dim() != 2:
                shape = tuple(parameter.tensor.shape)
                raise MisfitError(
                    f"Muon trains matrices, and {parameter.name} has the shape {shape}: give the others to another "
                    f"optimizer, such as AdamW, in a Partition."
                )
