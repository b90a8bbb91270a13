"""The focal loss, as somebody else's distribution brings it."""

from typing import TYPE_CHECKING

from hookline import hookimpl
from hookline.data import Batch, Classes, Data, Encoding, Outputs
from hookline.spec import LossSpec, option, spec

if TYPE_CHECKING:
    from torch import nn


@hookimpl
def register_specs() -> list[type[LossSpec]]:
    """The loss."""
    return [FocalLoss]


@spec
class FocalLoss(LossSpec):
    """Cross-entropy that gives little weight to rows that are already classified well.

    Outputs: float `(N, C)`, raw scores. Targets: int64 `(N,)`, classes.

    Source: Lin, Goyal, Girshick, He and Dollár, https://arxiv.org/abs/1708.02002
    """

    gamma: float = option(default=2.0, minimum=0)
    """How fast the weight of a row falls with its probability."""

    activation = "softmax"

    @property
    def encoding(self) -> Encoding:
        """One class among several."""
        return Classes()

    def build(self, data: Data) -> "nn.Module":
        """The criterion."""
        import torch
        from torch import nn

        gamma = self.gamma

        class Criterion(nn.Module):
            def forward(self, outputs: "torch.Tensor", target: "torch.Tensor") -> "torch.Tensor":
                cross_entropy = nn.functional.cross_entropy(outputs, target, reduction="none")
                return ((1 - torch.exp(-cross_entropy)) ** gamma * cross_entropy).mean()

        return Criterion()

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """There must be an output for each class."""
        if tuple(outputs.shape) != (batch.rows, len(data.target.classes)):
            raise ValueError(f"FocalLoss takes an output for each of {len(data.target.classes)} classes.")
