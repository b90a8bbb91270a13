"""Layers with self-attention."""

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from attrs import asdict

from hookline.errors import MismatchError
from hookline.script import constructor, listed
from hookline.spec import LayerSpec, option, spec
from hookline.training import build_and_apply
from hookline_models.base import TorchLayer, ejected_options, ejected_subclass
from hookline_models.sequences.attention_lines import SAME_ARITHMETIC, masked_class
from hookline_models.sequences.lengths import padding_mask

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.script import Script


@spec
class Attention(TorchLayer):
    """The base class of layers with attention: `(N, L, features)` to the same shape.

    If the rows have lengths, padding is masked. The outputs at padded steps are meaningless. An evaluation computes
    what training does, without dropout: torch's own code for inference, which differs in the last bits, is not used.

    torch's option `batch_first` is not supported: the batch dimension always comes first.
    """

    row = ("steps", "features")

    causal: bool = False
    """Let each step attend only to itself and to earlier steps."""

    def ejected_class(self, script: "Script", kind: str, *, is_hinted: bool = True) -> str:
        """Return torch's class of this name, or one of the script that masks steps; both evaluate as they train."""
        script.use("from torch import nn")
        if SAME_ARITHMETIC not in script.beginning:
            script.beginning.append(SAME_ARITHMETIC)
        return masked_class(
            script, kind, is_causal=self.causal, has_lengths=bool(script.batch.lengths), is_hinted=is_hinted
        )


@spec
class MultiheadAttention(Attention):
    """Multi-head self-attention: queries, keys and values are all computed from the inputs.

    torch's options `kdim` and `vdim` are not supported: keys and values have as many features as the inputs.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MultiheadAttention.html
    """

    follows = {"embed_dim": -1}

    embed_dim: int | None = option(default=None, minimum=1)
    """The number of features. Default: inferred from the inputs."""
    num_heads: int = option(minimum=1)
    """The number of heads, among which the features are divided evenly."""
    dropout: float = option(default=0.0, minimum=0, maximum=1)
    """The dropout probability of attention weights."""
    bias: bool = True
    """Use learnable biases."""
    add_bias_kv: bool = False
    """Add a learnable key and value."""
    add_zero_attn: bool = False
    """Add a key and value of zeros."""

    def build(self, inputs: "Tensor") -> "nn.Module":
        """Return a `torch.nn.MultiheadAttention` of the inputs with themselves."""
        options = self.options(inputs)
        causal = options.pop("causal")
        module = _multihead_attention()(**options, batch_first=True)
        module.causal = causal
        return module

    def eject(self, script: "Script", module: "nn.Module") -> str:
        """Return the options, as arguments of a subclass of torch's class with one input."""
        options = ejected_options(self, module)
        del options["causal"]
        has_further_keys = self.add_bias_kv or self.add_zero_attn
        name = self.ejected_class(script, "MultiheadAttention", is_hinted=not has_further_keys)
        return ejected_subclass(self, name, {**options, "batch_first": True})


@spec
class TransformerEncoderLayer(Attention):
    """Self-attention and a feedforward network, each with a residual connection and a LayerNorm.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoderLayer.html
    """

    follows = {"d_model": -1}

    d_model: int | None = option(default=None, minimum=1)
    """The number of features. Default: inferred from the inputs."""
    nhead: int = option(minimum=1)
    """The number of attention heads, among which the features are divided evenly."""
    dim_feedforward: int = option(default=2048, minimum=1)
    """The hidden size of the feedforward network."""
    dropout: float = option(default=0.1, minimum=0, maximum=1)
    """The probability of setting an element to 0 during training."""
    activation: Literal["relu", "gelu"] = "relu"
    """The activation function of the feedforward network."""
    layer_norm_eps: float = option(default=1e-05, minimum=0)
    """A constant added to the variance by LayerNorm for numerical stability."""
    norm_first: bool = False
    """Apply LayerNorm before attention and feedforward network instead of after them."""
    bias: bool = True
    """Use learnable biases."""

    def build(self, inputs: "Tensor") -> "nn.Module":
        """Return a `torch.nn.TransformerEncoderLayer` that takes lengths."""
        options = self.options(inputs)
        causal = options.pop("causal")
        module = _encoder("TransformerEncoderLayer")(**options, batch_first=True)
        module.causal = causal
        return module

    def eject(self, script: "Script", module: "nn.Module") -> str:
        """Return `nn.TransformerEncoderLayer(…)`."""
        name = self.ejected_class(script, "TransformerEncoderLayer")
        return self._ejected_layer(name, module)

    def _ejected_layer(self, name: str, module: Any) -> str:
        """Return a layer of this class."""
        from torch import nn

        options = {
            name: value
            for name, value in asdict(self, recurse=False).items()
            if name not in ("causal", "num_layers", "norm")
        }
        options |= {"d_model": module.norm1.normalized_shape[0], "batch_first": True}
        return constructor(name, nn.TransformerEncoderLayer, options)


@spec
class TransformerEncoder(TransformerEncoderLayer):
    """A stack of TransformerEncoderLayers. As in torch, all of them start with the same parameters.

    torch's options `enable_nested_tensor` and `mask_check` are not supported. The first is off, because it makes
    evaluation use other code than training.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.TransformerEncoder.html
    """

    num_layers: int = option(minimum=1)
    """The number of layers."""
    norm: LayerSpec | None = None
    """A layer after the last one, such as LayerNorm if `norm_first` is set. Default: none."""

    def build(self, inputs: "Tensor") -> "nn.Module":
        """Return a `torch.nn.TransformerEncoder` that takes lengths."""
        options = self.options(inputs)
        causal, num_layers = options.pop("causal"), options.pop("num_layers")
        del options["norm"]
        layer = _exact_layer()(**options, batch_first=True)
        try:
            norm = None if self.norm is None else build_and_apply(self.norm, inputs)[0]
        except MismatchError as error:
            raise error.within("norm") from error.__cause__
        module = _encoder("TransformerEncoder")(layer, num_layers, norm, enable_nested_tensor=False)
        module.causal = causal
        return module

    def eject(self, script: "Script", module: Any) -> str:
        """Return `nn.TransformerEncoder(…)` of an `nn.TransformerEncoderLayer(…)`."""
        name = self.ejected_class(script, "TransformerEncoder")
        layer = self._ejected_layer("nn.TransformerEncoderLayer", module.layers[0])
        parts = [layer, f"num_layers={self.num_layers}"]
        if self.norm is not None:
            parts.append(f"norm={script.layer(self.norm, module.norm, 'norm')}")
        return listed(name, [*parts, "enable_nested_tensor=False"])


def _causal_mask(inputs: "Tensor") -> "Tensor":
    """Return the mask `(L, L)` of the steps that a step does not attend to: later ones."""
    import torch

    steps = inputs.shape[1]
    return torch.ones(steps, steps, dtype=torch.bool, device=inputs.device).triu(1)


def _attended(
    module: Any, inputs: "Tensor", key_padding_mask: "Tensor | None", attn_mask: "Tensor | None", *, is_causal: bool
) -> "Tensor":
    """Return what a `torch.nn.MultiheadAttention` computes in training, of inputs with themselves, `(N, L, E)`.

    In an evaluation without gradients, torch's own `forward` uses other code, whose results differ in the last bits.
    """
    from torch.nn.functional import multi_head_attention_forward

    steps_first = inputs.transpose(0, 1)
    outputs, _ = multi_head_attention_forward(
        *(steps_first, steps_first, steps_first, module.embed_dim, module.num_heads),
        *(module.in_proj_weight, module.in_proj_bias, module.bias_k, module.bias_v),
        *(module.add_zero_attn, module.dropout, module.out_proj.weight, module.out_proj.bias),
        training=module.training,
        key_padding_mask=key_padding_mask,
        need_weights=False,
        attn_mask=attn_mask,
        is_causal=is_causal,
    )
    return outputs.transpose(0, 1)


@cache
def _multihead_attention() -> Any:
    from torch import nn

    class MultiheadAttention(nn.MultiheadAttention):
        takes_lengths = True
        causal = False

        def forward(self, inputs: "Tensor", lengths: "Tensor | None" = None) -> "Tensor":  # type: ignore[override]
            # With the hint torch ignores the mask, and then also hides the additional keys, which come last.
            has_further_keys = self.bias_k is not None or self.add_zero_attn
            return _attended(
                self,
                inputs,
                None if lengths is None else padding_mask(inputs, lengths),
                _causal_mask(inputs) if self.causal else None,
                is_causal=self.causal and not has_further_keys,
            )

    return MultiheadAttention


@cache
def _exact_layer() -> Any:
    """Return a subclass of `torch.nn.TransformerEncoderLayer` that computes in evaluation what it does in training."""
    from torch import nn

    class TransformerEncoderLayer(nn.TransformerEncoderLayer):
        def __init__(self, *arguments: Any, **options: Any):
            super().__init__(*arguments, **options)
            self.activation_relu_or_gelu = 0  # torch then does not use its code for inference.

        def _sa_block(
            self,
            x: "Tensor",
            attn_mask: "Tensor | None",
            key_padding_mask: "Tensor | None",
            is_causal: bool = False,  # noqa: FBT001, FBT002 - torch's signature.
        ) -> "Tensor":
            return self.dropout1(_attended(self.self_attn, x, key_padding_mask, attn_mask, is_causal=is_causal))

    return TransformerEncoderLayer


@cache
def _encoder(name: str) -> Any:
    """Return a subclass of torch's class of this name that takes lengths, and is causal if its attribute is set."""
    from torch import nn

    base: Any = _exact_layer() if name == "TransformerEncoderLayer" else getattr(nn, name)

    def forward(self: Any, inputs: "Tensor", lengths: "Tensor | None" = None) -> "Tensor":
        # Positional, because the classes call the argument `src_mask` and `mask`.
        return base.forward(
            self,
            inputs,
            _causal_mask(inputs) if self.causal else None,
            None if lengths is None else padding_mask(inputs, lengths),
            self.causal,
        )

    return type(name, (base,), {"forward": forward, "takes_lengths": True})
