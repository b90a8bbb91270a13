"""Sums, means and maxima of the embeddings of each row."""

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from hookline.errors import OptionError
from hookline.spec import spec
from hookline.training import exporting_to
from hookline_models.base import ejected_options, ejected_subclass
from hookline_models.sequences.embedding import Lookup
from hookline_models.sequences.lengths import padding_mask

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.script import Script


@spec
class EmbeddingBag(Lookup):
    """The mean, sum or maximum of the learnable vectors for the indices of each row: `(N, L)` to `(N, embedding_dim)`.

    If the rows have lengths, padding is excluded.

    torch's option `include_last_offset` is not supported, since it applies only to flattened rows with offsets.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.EmbeddingBag.html
    """

    row = ("steps",)

    mode: Literal["sum", "mean", "max"] = "mean"
    """How to combine the vectors of a row."""

    def __attrs_post_init__(self) -> None:
        super().__attrs_post_init__()
        if self.mode == "max":
            for name in ("scale_grad_by_freq", "sparse"):
                if getattr(self, name):
                    raise OptionError(name, 'torch supports this only for the modes "mean" and "sum".')

    def module(self, inputs: "Tensor") -> "nn.Module":
        """Return a `torch.nn.EmbeddingBag` that takes lengths."""
        return _embedding_bag()(**self.options(inputs))

    def eject(self, script: "Script", module: "nn.Module") -> str:
        """Return torch's layer, or a subclass of it that takes lengths."""
        if not script.batch.lengths:
            return super().eject(script, module)
        script.use("from torch import nn")
        sized = self._sized_like(module)
        return ejected_subclass(sized, script.define(BAG_WITH_LENGTHS), ejected_options(sized, module))


BAG_WITH_LENGTHS = '''
class EmbeddingBag(nn.EmbeddingBag):
    """The mean, sum or maximum of the vectors of the indices of each row, without its padding."""

    takes_lengths = True

    def forward(self, inputs, lengths):
        is_padding = torch.arange(inputs.shape[1], device=inputs.device) >= lengths.unsqueeze(1)
        return super().forward(inputs[~is_padding], lengths.cumsum(0) - lengths)
'''


@cache
def _embedding_bag() -> "type[nn.EmbeddingBag]":
    from torch import nn

    class EmbeddingBag(nn.EmbeddingBag):
        takes_lengths = True

        def forward(self, inputs: "Tensor", lengths: "Tensor | None" = None) -> "Tensor":  # type: ignore[override]
            if exporting_to() == "onnx":
                return _bags(self, inputs, lengths)
            if lengths is None:
                return super().forward(inputs)
            # Concatenate the rows without padding, and compute where each starts.
            indices, offsets = inputs[~padding_mask(inputs, lengths)], lengths.cumsum(0) - lengths
            return super().forward(indices, offsets.to(indices))

    return EmbeddingBag


def _bags(module: Any, inputs: "Tensor", lengths: "Tensor | None") -> "Tensor":
    """Return what an EmbeddingBag computes, from the vectors of all indices: ONNX has no such operator."""
    import torch

    is_padding = torch.zeros_like(inputs, dtype=torch.bool) if lengths is None else padding_mask(inputs, lengths)
    if module.padding_idx is not None:
        is_padding = is_padding | (inputs == module.padding_idx)
    is_padding = is_padding.unsqueeze(2)
    vectors = torch.nn.functional.embedding(inputs, module.weight)
    if module.mode == "max":
        largest = vectors.masked_fill(is_padding, float("-inf")).amax(dim=1)
        return largest.masked_fill(is_padding.all(dim=1), 0.0)
    total = vectors.masked_fill(is_padding, 0.0).sum(dim=1)
    return total if module.mode == "sum" else total / (~is_padding).sum(dim=1).clamp(min=1)
