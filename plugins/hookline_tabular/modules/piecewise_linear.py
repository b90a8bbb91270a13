"""Piecewise linear embeddings, with the parameters and buffers of rtdl_num_embeddings."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from hookline_tabular.modules.embeddings import LinearEmbeddings, NLinear


class PiecewiseLinearEncoding(nn.Module):
    """How far each number is through each bin of its column, from 0 to 1; beyond that in the first and last bin.

    The buffers have room for `n_bins` bins, however many a column has, so that they can be loaded into a module whose
    bins are unknown. The last bin of a column is always the last element, and the unused ones before it are 0.
    """

    weight: Tensor
    bias: Tensor
    single_bin_mask: Tensor

    def __init__(self, n_features: int, n_bins: int):
        super().__init__()
        self.register_buffer("weight", torch.zeros(n_features, n_bins))
        self.register_buffer("bias", torch.zeros(n_features, n_bins))
        self.register_buffer("single_bin_mask", torch.zeros(n_features, 1, dtype=torch.bool))

    def set_bins(self, bins: Sequence[Tensor]) -> None:
        """Set the bins from the edges of each column. A column of one value has no bin, and is encoded as zeros."""
        for column, edges in enumerate(bins):
            self.single_bin_mask[column] = len(edges) == 2
            if len(edges) < 2:
                continue
            widths = edges.diff()
            weight, bias = 1.0 / widths, -edges[:-1] / widths
            inner = len(widths) - 1
            self.weight[column, :inner], self.bias[column, :inner] = weight[:-1], bias[:-1]
            self.weight[column, -1], self.bias[column, -1] = weight[-1], bias[-1]

    def forward(self, x: Tensor) -> Tensor:
        """Return `(N, columns, n_bins)`."""
        x = torch.addcmul(self.bias, self.weight, x[..., None])
        first, last = x[..., :1].clamp_max(1.0), x[..., -1:]
        last = torch.where(self.single_bin_mask, last, last.clamp_min(0.0))
        return torch.cat([first, x[..., 1:-1].clamp(0.0, 1.0), last], dim=-1)


class PiecewiseLinearEmbeddings(nn.Module):
    """A linear layer of the encoding of each number, and in version "B" also of the number itself."""

    def __init__(self, n_features: int, n_bins: int, d_embedding: int, *, activation: bool, version: str):
        super().__init__()
        self.linear0 = LinearEmbeddings(n_features, d_embedding) if version == "B" else None
        self.impl = PiecewiseLinearEncoding(n_features, n_bins)
        self.linear = NLinear(n_features, n_bins, d_embedding, bias=version != "B")
        if version == "B":
            nn.init.zeros_(self.linear.weight)
        self.activation = nn.ReLU() if activation else None

    def forward(self, x: Tensor) -> Tensor:
        """Return `(N, columns, d_embedding)`."""
        encoded = self.linear(self.impl(x))
        if self.activation is not None:
            encoded = self.activation(encoded)
        return encoded if self.linear0 is None else self.linear0(x) + encoded
