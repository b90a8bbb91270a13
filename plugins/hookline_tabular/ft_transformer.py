"""A transformer whose tokens are the columns of a table."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from hookline.data import InputGroup
from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_tabular.base import Constructed, TableModel, constructed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn

BY_DEPTH = {
    1: (96, 0.1, 0.0),
    2: (128, 0.15, 0.05),
    3: (192, 0.2, 0.1),
    4: (256, 0.25, 0.15),
    5: (320, 0.3, 0.2),
    6: (384, 0.35, 0.25),
}
"""The defaults of `d_block`, `attention_dropout` and `ffn_dropout` by the number of blocks; beyond 6, those of 6."""


@spec
class FTTransformer(TableModel):
    """The Feature Tokenizer and Transformer: each column becomes a token, and self-attention relates them.

    It takes groups of numbers, of indices of categories, or both. The defaults are those of `get_default_kwargs` of the
    package. Its authors use AdamW with `lr = 1e-4` and `weight_decay = 1e-5`, without weight decay for embeddings,
    normalizations and biases.

    Source: Gorishniy, Rubachev, Khrulkov and Babenko, https://arxiv.org/abs/2106.11959; the package
    rtdl_revisiting_models
    """

    n_blocks: int = option(default=3, minimum=1)
    """The number of blocks of attention and a feedforward network."""
    d_block: int | None = option(default=None, minimum=1)
    """The size of a token. Default: 96, 128, 192, 256, 320 or 384 for 1 to 6 blocks."""
    attention_n_heads: int = option(default=8, minimum=1)
    """The number of attention heads, among which a token is divided evenly."""
    attention_dropout: float | None = option(default=None, minimum=0, maximum=1)
    """The dropout probability of attention weights. Default: from 0.1 for 1 block to 0.35 for 6."""
    ffn_d_hidden: int | None = option(default=None, minimum=1)
    """The hidden size of the feedforward networks. Default: `ffn_d_hidden_multiplier` times `d_block`."""
    ffn_d_hidden_multiplier: float | None = option(default=None, above=0)
    """The hidden size of the feedforward networks, divided by `d_block`. Default: 4 / 3, unless `ffn_d_hidden` is
    set."""
    ffn_dropout: float | None = option(default=None, minimum=0, maximum=1)
    """The dropout probability inside the feedforward networks. Default: from 0 for 1 block to 0.25 for 6."""
    ffn_activation: Literal["ReGLU", "ReLU"] = "ReGLU"
    """The activation of the feedforward networks."""
    residual_dropout: float = option(default=0.0, minimum=0, maximum=1)
    """The dropout probability of what attention and feedforward networks add to a token."""
    linformer_kv_compression_ratio: float | None = option(default=None, above=0, below=1)
    """For tables with very many columns: the number of keys and values to which they are compressed, divided by the
    number of columns. Default: no compression."""
    linformer_kv_compression_sharing: Literal["headwise", "key-value"] | None = option(
        default=None, only_with=("linformer_kv_compression_ratio",)
    )
    """Whether keys and values are compressed separately ("headwise") or alike ("key-value"). Required with
    `linformer_kv_compression_ratio`."""

    def conflicts(self) -> "Iterable[OptionError]":
        """Yield errors for options that contradict or require others."""
        if self.ffn_d_hidden is not None and self.ffn_d_hidden_multiplier is not None:
            message = "`ffn_d_hidden` is set, too: remove one of them."
            yield OptionError("ffn_d_hidden_multiplier", message, against=[("ffn_d_hidden",)])
        if self.linformer_kv_compression_ratio is not None and self.linformer_kv_compression_sharing is None:
            message = 'It requires `linformer_kv_compression_sharing`, "headwise" or "key-value".'
            yield OptionError("linformer_kv_compression_ratio", message)
        if self._size % self.attention_n_heads:
            message = f"A token has {self._size} elements, which {self.attention_n_heads} heads cannot share evenly."
            yield OptionError("attention_n_heads", message, against=[("d_block",)] if self.d_block else [])

    @property
    def _size(self) -> int:
        """The size of a token."""
        return self.d_block or BY_DEPTH[min(self.n_blocks, 6)][0]

    eject = Constructed.eject

    def build(self, *inputs: "Tensor", groups: Sequence[InputGroup] = ()) -> "nn.Module":
        """Return a module that takes all groups of inputs."""
        from hookline_tabular.modules.ft_transformer import FTTransformer

        table = self.table(inputs, groups)
        _, attention_dropout, ffn_dropout = BY_DEPTH[min(self.n_blocks, 6)]
        multiplier = 4 / 3 if self.ffn_d_hidden_multiplier is None else self.ffn_d_hidden_multiplier
        return constructed(
            FTTransformer,
            table.numbers,
            table.categories,
            n_cont_features=table.n_num_features,
            cat_cardinalities=table.cardinalities,
            d_out=self.d_out,
            n_blocks=self.n_blocks,
            d_block=self._size,
            attention_n_heads=self.attention_n_heads,
            attention_dropout=attention_dropout if self.attention_dropout is None else self.attention_dropout,
            ffn_d_hidden=self.ffn_d_hidden or max(1, int(self._size * multiplier)),
            ffn_dropout=ffn_dropout if self.ffn_dropout is None else self.ffn_dropout,
            ffn_activation=self.ffn_activation,
            residual_dropout=self.residual_dropout,
            linformer_kv_compression_ratio=self.linformer_kv_compression_ratio,
            linformer_kv_compression_sharing=self.linformer_kv_compression_sharing,
        )
