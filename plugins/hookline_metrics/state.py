"""The base of objects that accumulate a metric over the batches of a split."""

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class State:
    """A metric of the rows so far: `update` is called for each batch, and then `compute` once.

    Sums stay on the device of the batches, which avoids synchronization.
    """

    def to(self, device: "torch.device") -> Self:
        """Return the object. Sums are created on the device of the first batch."""
        return self

    def reset(self) -> None:
        """Remove all rows, to begin another evaluation, if the metric `resets` its object."""
        raise NotImplementedError

    def update(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Add the rows of a batch."""
        raise NotImplementedError

    def compute(self) -> float:
        """Return the metric of all rows; NaN where it is not defined."""
        raise NotImplementedError
