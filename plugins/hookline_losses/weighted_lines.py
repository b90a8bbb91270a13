"""The lines of losses that weight rows or classes: see `LossSpec.weighted` and `weight_of`."""

from typing import TYPE_CHECKING

from hookline.script import BatchNames, Script
from hookline.spec import LossSpec

if TYPE_CHECKING:
    from torch import Tensor

WEIGHTED = '''
def weighted_loss(losses, weights, divisor):
    """Return the sum of the losses of rows times their weights, divided by a number; 0 if all weights are 0."""
    losses = losses.flatten(1).ELEMENTS(dim=1) if losses.dim() > 1 else losses
    return (weights * losses).sum() / divisor.clamp(min=torch.finfo(losses.dtype).tiny)
'''

SUM = '''
def weighted_loss(losses, weights):
    """Return the sum of the losses of rows times their weights."""
    losses = losses.flatten(1).sum(dim=1) if losses.dim() > 1 else losses
    return (weights * losses).sum()
'''


def weighted_lines(loss: LossSpec, script: Script, losses: str, weights: str, divisor: str | None) -> str:
    """Return an expression for the loss of a batch, given those of its losses, their weights and the divisor."""
    if divisor is None:
        return f"{script.define(SUM)}({losses}, {weights})"
    elements = "mean" if loss.divided_by == "rows" else "sum"
    return f"{script.define(WEIGHTED.replace('ELEMENTS', elements))}({losses}, {weights}, {divisor})"


def ejected_weight(batch: BatchNames, ignored: int | None, weight: str | None) -> str:
    """Return what `weight_of` returns as code, given that of the weights of classes; at least one of them is known."""
    counted = [] if weight is None else [f"{weight}[{batch.target}]"]
    counted += [] if ignored is None else [f"({batch.target} != {ignored})"]
    counted += [] if batch.weights is None else [batch.weights]
    return f"{counted[0]}.sum()" if len(counted) == 1 else f"({' * '.join(counted)}).sum()"


def has_zero(weight: "Tensor | None") -> bool:
    """Return whether a class has the weight 0."""
    return weight is not None and bool((weight == 0).any())
