"""Layers with self-attention."""

from typing import TYPE_CHECKING, Any, Literal

from attrs import asdict

from hookline.errors import MismatchError
from hookline.script import constructor, listed
from hookline.spec import LayerSpec, option, spec
from hookline.training import build_and_apply
from hookline_models.base import TorchLayer, ejected_options, ejected_subclass
from hookline_models.sequences.attention_lines import SAME_ARITHMETIC, masked_class
from hookline_models.sequences.attention_modules import encoder, exact_layer, multihead_attention

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
        module = multihead_attention()(**options, batch_first=True)
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
        module = encoder("TransformerEncoderLayer")(**options, batch_first=True)
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
        layer = exact_layer()(**options, batch_first=True)
        try:
            norm = None if self.norm is None else build_and_apply(self.norm, inputs)[0]
        except MismatchError as error:
            raise error.within("norm") from error.__cause__
        module = encoder("TransformerEncoder")(layer, num_layers, norm, enable_nested_tensor=False)
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
