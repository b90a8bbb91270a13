"""The modules of FTTransformer, with the parameters of rtdl_revisiting_models."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from hookline_tabular.modules.embeddings import CategoricalEmbeddings, LinearEmbeddings, uniform_
from hookline_tabular.modules.features import joined
from hookline_tabular.modules.perceptrons import named


class MultiheadAttention(nn.Module):
    """Attention of queries to keys and values, which can be compressed to a smaller number (Linformer)."""

    def __init__(
        self,
        d_embedding: int,
        n_heads: int,
        dropout: float,
        n_tokens: int,
        compression_ratio: float | None,
        sharing: str | None,
    ):
        super().__init__()
        self.W_q, self.W_k, self.W_v = (nn.Linear(d_embedding, d_embedding) for _ in range(3))
        self.W_out = nn.Linear(d_embedding, d_embedding) if n_heads > 1 else None
        self.dropout = nn.Dropout(dropout) if dropout else None
        self.n_heads = n_heads
        self.key_compression = self.value_compression = None
        if compression_ratio is not None:
            kept = max(int(n_tokens * compression_ratio), 1)
            self.key_compression = nn.Linear(n_tokens, kept, bias=False)
            if sharing == "headwise":
                self.value_compression = nn.Linear(n_tokens, kept, bias=False)
        for layer in (self.W_q, self.W_k, self.W_v, self.W_out):
            if layer is not None:
                nn.init.zeros_(layer.bias)

    def _heads(self, x: Tensor) -> Tensor:
        """Change `(N, tokens, d)` to `(N × heads, tokens, d / heads)`."""
        rows, tokens, size = x.shape
        size //= self.n_heads
        return x.reshape(rows, tokens, self.n_heads, size).transpose(1, 2).reshape(rows * self.n_heads, tokens, size)

    def forward(self, x_q: Tensor, x_kv: Tensor) -> Tensor:
        """Return a token for each query."""
        q, k, v = self.W_q(x_q), self.W_k(x_kv), self.W_v(x_kv)
        if self.key_compression is not None:
            k = self.key_compression(k.transpose(1, 2)).transpose(1, 2)
            compression = self.key_compression if self.value_compression is None else self.value_compression
            v = compression(v.transpose(1, 2)).transpose(1, 2)
        rows, queries, size = q.shape
        q, k, v = self._heads(q), self._heads(k), self._heads(v)
        weights = (q @ k.transpose(1, 2) / math.sqrt(k.shape[-1])).softmax(dim=-1)
        if self.dropout is not None:
            weights = self.dropout(weights)
        x = (weights @ v).reshape(rows, self.n_heads, queries, -1).transpose(1, 2).reshape(rows, queries, size)
        return x if self.W_out is None else self.W_out(x)


class ReGLU(nn.Module):
    """The first half of the elements, times ReLU of the second half."""

    def forward(self, x: Tensor) -> Tensor:
        """Return half as many elements."""
        one, other = x.chunk(2, dim=-1)
        return one * torch.relu(other)


class CLSEmbedding(nn.Module):
    """The learnable token whose final state is the representation of a row."""

    def __init__(self, d_embedding: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(d_embedding))
        uniform_(self.weight, d_embedding)

    def forward(self, rows: int) -> Tensor:
        """Return `(rows, 1, d_embedding)`."""
        return self.weight.expand(rows, 1, -1)


class FTTransformerBackbone(nn.Module):
    """Blocks of attention and a feedforward network, with normalization before each but the first."""

    def __init__(
        self,
        *,
        d_out: int | None,
        n_blocks: int,
        d_block: int,
        ffn_d_hidden: int,
        ffn_dropout: float,
        ffn_activation: str,
        residual_dropout: float,
        **attention: Any,
    ):
        super().__init__()
        gated = ffn_activation == "ReGLU"
        self.blocks = nn.ModuleList()
        for index in range(n_blocks):
            block = nn.ModuleDict(
                {
                    "attention": MultiheadAttention(d_block, **attention),
                    "attention_residual_dropout": nn.Dropout(residual_dropout),
                    "ffn_normalization": nn.LayerNorm(d_block),
                    "ffn": named(
                        linear1=nn.Linear(d_block, ffn_d_hidden * (2 if gated else 1)),
                        activation=ReGLU() if gated else nn.ReLU(),
                        dropout=nn.Dropout(ffn_dropout),
                        linear2=nn.Linear(ffn_d_hidden, d_block),
                    ),
                    "ffn_residual_dropout": nn.Dropout(residual_dropout),
                }
            )
            if index:
                block["attention_normalization"] = nn.LayerNorm(d_block)
            self.blocks.append(block)
        self.output = (
            None
            if d_out is None
            else named(normalization=nn.LayerNorm(d_block), activation=nn.ReLU(), linear=nn.Linear(d_block, d_out))
        )

    def forward(self, x: Tensor) -> Tensor:
        """Return the representation of the first token, or the outputs."""
        last = len(self.blocks) - 1
        block: Any
        for index, block in enumerate(self.blocks):
            given = block["attention_normalization"](x) if index else x
            # Only the first token is needed of the last block.
            attended = block["attention"](given[:, :1] if index == last else given, given)
            x = x + block["attention_residual_dropout"](attended)
            if index == last:
                x = x[:, :1]
            x = x + block["ffn_residual_dropout"](block["ffn"](block["ffn_normalization"](x)))
        x = x[:, 0]
        return x if self.output is None else self.output(x)


class FTTransformer(nn.Module):
    """A transformer of the columns of a table."""

    def __init__(
        self,
        numbers: Sequence[int],
        categories: Sequence[int],
        *,
        n_cont_features: int,
        cat_cardinalities: Sequence[int],
        d_block: int,
        attention_n_heads: int,
        attention_dropout: float,
        linformer_kv_compression_ratio: float | None,
        linformer_kv_compression_sharing: str | None,
        **backbone: Any,
    ):
        super().__init__()
        self.numbers, self.categories = tuple(numbers), tuple(categories)
        self.cls_embedding = CLSEmbedding(d_block)
        self.cont_embeddings = LinearEmbeddings(n_cont_features, d_block) if n_cont_features else None
        self.cat_embeddings = (
            CategoricalEmbeddings(cat_cardinalities, d_block, bias=True) if cat_cardinalities else None
        )
        self.backbone = FTTransformerBackbone(
            d_block=d_block,
            n_heads=attention_n_heads,
            dropout=attention_dropout,
            n_tokens=1 + n_cont_features + len(cat_cardinalities),
            compression_ratio=linformer_kv_compression_ratio,
            sharing=linformer_kv_compression_sharing,
            **backbone,
        )

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return `(N, d_out)`."""
        tokens = [self.cls_embedding(inputs[0].shape[0])]
        x_num, x_cat = joined(inputs, self.numbers), joined(inputs, self.categories)
        if x_num is not None and self.cont_embeddings is not None:
            tokens.append(self.cont_embeddings(x_num))
        if x_cat is not None and self.cat_embeddings is not None:
            tokens.append(self.cat_embeddings(x_cat))
        return self.backbone(torch.cat(tokens, dim=1))
