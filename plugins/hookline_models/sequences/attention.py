"""Layers in which the steps of a sequence look at each other."""

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from hookline.errors import MisfitError
from hookline.spec import LayerSpec, option, spec
from hookline.training import build_and_apply
from hookline_models.base import TorchLayer
from hookline_models.sequences.lengths import padding_mask

if TYPE_CHECKING:
    from torch import Tensor, nn


@spec
class Attention(TorchLayer):
    """What layers with attention have in common: `(N, L, features)` to the same shape.

    Where the rows have lengths, no step looks at padding. What comes out at padding means nothing.

    torch's option `batch_first` is left out: rows always come first.
    """

    row = ("steps", "features")

    causal: bool = False
    """Whether a step looks only at itself and those before it."""


@spec
class MultiheadAttention(Attention):
    """Self-attention with several heads: queries, keys and values are all made of the inputs.

    torch's options `kdim` and `vdim` are left out: keys and values have as many features as the inputs that they are
    made of.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html
    """

    follows = {"embed_dim": -1}

    embed_dim: int | None = option(default=None, minimum=1)
    """How many features there are; left out, it follows from the inputs."""
    num_heads: int = option(minimum=1)
    """How many heads there are, among which the features are divided evenly."""
    dropout: float = option(default=0.0, minimum=0, maximum=1)
    """How likely a step does not look at another during training."""
    bias: bool = True
    """Whether there are learned numbers that are added."""
    add_bias_kv: bool = False
    """Whether there is a further key, with a value, both of which are learned."""
    add_zero_attn: bool = False
    """Whether there is a further key, with a value, both of which are 0."""

    def build(self, inputs: "Tensor") -> "nn.Module":
        """A `torch.nn.MultiheadAttention` of the inputs with themselves."""
        options = self.options(inputs)
        causal = options.pop("causal")
        module = _multihead_attention()(**options, batch_first=True)
        module.causal = causal
        return module


@spec
class TransformerEncoderLayer(Attention):
    """Self-attention, and then a network of two layers for each step, each with a way around it and a LayerNorm.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoderLayer.html
    """

    follows = {"d_model": -1}

    d_model: int | None = option(default=None, minimum=1)
    """How many features there are; left out, it follows from the inputs."""
    nhead: int = option(minimum=1)
    """How many heads the attention has, among which the features are divided evenly."""
    dim_feedforward: int = option(default=2048, minimum=1)
    """How many features there are between the two layers of the network."""
    dropout: float = option(default=0.1, minimum=0, maximum=1)
    """How likely a number is set to 0 during training."""
    activation: Literal["relu", "gelu"] = "relu"
    """What stands between the two layers of the network."""
    layer_norm_eps: float = option(default=1e-05, minimum=0)
    """Added to the variance by LayerNorm, so that it is never 0."""
    norm_first: bool = False
    """Whether LayerNorm stands before the attention and before the network, rather than behind them."""
    bias: bool = True
    """Whether there are learned numbers that are added."""

    def build(self, inputs: "Tensor") -> "nn.Module":
        """A `torch.nn.TransformerEncoderLayer` that takes lengths."""
        options = self.options(inputs)
        causal = options.pop("causal")
        module = _encoder("TransformerEncoderLayer")(**options, batch_first=True)
        module.causal = causal
        return module


@spec
class TransformerEncoder(TransformerEncoderLayer):
    """A stack of TransformerEncoderLayers. As torch has it, all of them begin with the same parameters.

    torch's options `enable_nested_tensor` and `mask_check` are left out, and the first is off: it takes another way
    through an evaluation than through training, with what torch calls a prototype.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoder.html
    """

    num_layers: int = option(minimum=1)
    """How many layers there are."""
    norm: LayerSpec | None = None
    """A layer behind the last one, such as LayerNorm if `norm_first` is set; left out, there is none."""

    def build(self, inputs: "Tensor") -> "nn.Module":
        """A `torch.nn.TransformerEncoder` that takes lengths."""
        from torch import nn

        options = self.options(inputs)
        causal, num_layers = options.pop("causal"), options.pop("num_layers")
        del options["norm"]
        layer = nn.TransformerEncoderLayer(**options, batch_first=True)
        try:
            norm = None if self.norm is None else build_and_apply(self.norm, inputs)[0]
        except MisfitError as error:
            raise error.within("norm") from error.__cause__
        module = _encoder("TransformerEncoder")(layer, num_layers, norm, enable_nested_tensor=False)
        module.causal = causal
        return module


def _causal_mask(inputs: "Tensor") -> "Tensor":
    """Which steps `(L, L)` a step does not look at: those behind it."""
    import torch

    steps = inputs.shape[1]
    return torch.ones(steps, steps, dtype=torch.bool, device=inputs.device).triu(1)


@cache
def _multihead_attention() -> Any:
    from torch import nn

    class MultiheadAttention(nn.MultiheadAttention):
        takes_lengths = True
        causal = False

        def forward(self, inputs: "Tensor", lengths: "Tensor | None" = None) -> "Tensor":  # type: ignore[override]
            # torch takes the hint instead of the mask, and then hides the further keys, which it puts last, as well.
            has_further_keys = self.bias_k is not None or self.add_zero_attn
            outputs, _ = super().forward(
                inputs,
                inputs,
                inputs,
                key_padding_mask=None if lengths is None else padding_mask(inputs, lengths),
                need_weights=False,
                attn_mask=_causal_mask(inputs) if self.causal else None,
                is_causal=self.causal and not has_further_keys,
            )
            return outputs

    return MultiheadAttention


@cache
def _encoder(name: str) -> Any:
    """The class of torch with this name, but called with lengths, and causal if its attribute says so."""
    from torch import nn

    base: Any = getattr(nn, name)

    def forward(self: Any, inputs: "Tensor", lengths: "Tensor | None" = None) -> "Tensor":
        # Called by position: what is `src_mask` to one of the classes is `mask` to the other.
        return base.forward(
            self,
            inputs,
            _causal_mask(inputs) if self.causal else None,
            None if lengths is None else padding_mask(inputs, lengths),
            self.causal,
        )

    return type(name, (base,), {"forward": forward, "takes_lengths": True})
