"""Layers that combine all steps of a sequence."""

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from hookline.spec import LayerSpec, spec
from hookline_models.sequences.lengths import padding_mask

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.script import Script


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

    def eject(self, script: "Script", module: "nn.Module") -> str:
        """Return a class without options that pools the steps."""
        script.use("from torch import nn")
        what = {"mean": "The mean", "sum": "The sum", "max": "The maximum"}[self.mode]
        if not script.batch.lengths:
            method = "amax" if self.mode == "max" else self.mode
            return f"{script.define(POOL.replace('WHAT', what).replace('METHOD', method))}()"
        fill = 'float("-inf")' if self.mode == "max" else "0.0"
        pooled = "inputs.amax(dim=1)" if self.mode == "max" else "inputs.sum(dim=1)"
        if self.mode == "mean":
            pooled += " / lengths.to(inputs).view(-1, *ones)"
        source = WITH_LENGTHS.replace("WHAT", what).replace("FILL", fill).replace("POOLED", pooled)
        return f"{script.define(source)}()"


POOL = '''
class SequencePool(nn.Module):
    """WHAT over the steps of a sequence."""

    def forward(self, inputs):
        return inputs.METHOD(dim=1)
'''

WITH_LENGTHS = '''
class SequencePool(nn.Module):
    """WHAT over the steps of a sequence, without its padding."""

    takes_lengths = True

    def forward(self, inputs, lengths):
        ones = [1] * (inputs.dim() - 2)
        is_padding = torch.arange(inputs.shape[1], device=inputs.device) >= lengths.unsqueeze(1)
        inputs = inputs.masked_fill(is_padding.view(*inputs.shape[:2], *ones), FILL)
        return POOLED
'''


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
