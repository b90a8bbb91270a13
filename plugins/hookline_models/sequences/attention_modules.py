"""The modules of attention: those of torch, with masks for padded and later steps."""

from functools import cache
from typing import TYPE_CHECKING, Any

from hookline_models.sequences.lengths import padding_mask

if TYPE_CHECKING:
    from torch import Tensor


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
def multihead_attention() -> Any:
    """Return a subclass of torch's class that attends a sequence to itself, and takes lengths."""
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
def exact_layer() -> Any:
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
def encoder(name: str) -> Any:
    """Return a subclass of torch's class of this name that takes lengths, and is causal if its attribute is set."""
    from torch import nn

    base: Any = exact_layer() if name == "TransformerEncoderLayer" else getattr(nn, name)

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
