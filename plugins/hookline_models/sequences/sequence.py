"""Layers that combine all steps of a sequence."""

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from hookline.spec import LayerSpec, spec
from hookline_models.sequences.lengths import padding_mask

if TYPE_CHECKING:
    from torch import Tensor, nn


@spec
class SequencePool(LayerSpec):
    """The mean, sum or maximum over the steps of a sequence: `(N, L, …)` to `(N, …)`.

    If the rows have lengths, padding is excluded. It is not in `torch.nn`.
    """

    mode: Literal["sum", "mean", "max"] = "mean"
    """How to combine the steps, with the names of torch's EmbeddingBag."""

    def build(self, inputs: "Tensor") -> "nn.Module":
        """Return a module without parameters that takes lengths."""
        if inputs.dim() < 3:
            raise ValueError("It takes at least 2 dimensions per row: steps, features.")
        return _sequence_pool()(self.mode)


@cache
def _sequence_pool() -> Any:
    from torch import nn

    class SequencePool(nn.Module):
        takes_lengths = True

        def __init__(self, mode: str):
            super().__init__()
            self.mode = mode

        def forward(self, inputs: "Tensor", lengths: "Tensor | None" = None) -> "Tensor":
            if lengths is None:
                pooled: Tensor = getattr(inputs, "amax" if self.mode == "max" else self.mode)(dim=1)
                return pooled
            ones = [1] * (inputs.dim() - 2)  # For the dimensions after that of the steps.
            is_padding = padding_mask(inputs, lengths).view(*inputs.shape[:2], *ones)
            if self.mode == "max":
                return inputs.masked_fill(is_padding, float("-inf")).amax(dim=1)
            total = inputs.masked_fill(is_padding, 0.0).sum(dim=1)
            return total if self.mode == "sum" else total / lengths.to(total).view(-1, *ones)

        def extra_repr(self) -> str:
            return f"mode={self.mode!r}"

    return SequencePool
