"""What the metrics have in common while they go through the batches of a split."""

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class State:
    """A metric of the rows seen so far: `update` is called for each batch, and then `compute` once.

    Sums are kept on the device of the batches, so that no batch waits for it.
    """

    def to(self, device: "torch.device") -> Self:
        """Sums begin on the device of the first batch."""
        return self

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Add the rows of a batch."""
        raise NotImplementedError

    def compute(self) -> float:
        """The metric of all rows, NaN where it is not defined."""
        raise NotImplementedError
