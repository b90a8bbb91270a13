"""Embeddings of numbers and categories, with the parameters of rtdl_num_embeddings and rtdl_revisiting_models."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn


def uniform_(tensor: Tensor, size: int) -> None:
    """Initialize a tensor uniformly between -1 / √size and 1 / √size."""
    bound = size**-0.5
    nn.init.uniform_(tensor, -bound, bound)


class LinearEmbeddings(nn.Module):
    """A linear embedding for each column."""

    def __init__(self, n_features: int, d_embedding: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_features, d_embedding))
        self.bias = nn.Parameter(torch.empty(n_features, d_embedding))
        uniform_(self.weight, d_embedding)
        uniform_(self.bias, d_embedding)

    def forward(self, x: Tensor) -> Tensor:
        """Return `(N, columns, d_embedding)`."""
        return torch.addcmul(self.bias, self.weight, x[..., None])


class LinearReLUEmbeddings(nn.Module):
    """A linear embedding for each column, and ReLU."""

    def __init__(self, n_features: int, d_embedding: int):
        super().__init__()
        self.linear = LinearEmbeddings(n_features, d_embedding)
        self.activation = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """Return `(N, columns, d_embedding)`."""
        return self.activation(self.linear(x))


class Periodic(nn.Module):
    """The cosines and sines of each number at several frequencies."""

    def __init__(self, n_features: int, n_frequencies: int, scale: float):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n_features, n_frequencies))
        nn.init.trunc_normal_(self.weight, 0.0, scale, a=-3 * scale, b=3 * scale)

    def forward(self, x: Tensor) -> Tensor:
        """Return `(N, columns, 2 n_frequencies)`."""
        angles = 2 * math.pi * self.weight * x[..., None]
        return torch.cat([torch.cos(angles), torch.sin(angles)], dim=-1)


class NLinear(nn.Module):
    """A separate linear layer for the vector of each column."""

    def __init__(self, n: int, in_features: int, out_features: int, *, bias: bool = True):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(n, in_features, out_features))
        self.bias = nn.Parameter(torch.empty(n, out_features)) if bias else None
        uniform_(self.weight, in_features)
        if self.bias is not None:
            uniform_(self.bias, in_features)

    def forward(self, x: Tensor) -> Tensor:
        """Return `(N, columns, out_features)`."""
        x = (x.transpose(0, 1) @ self.weight).transpose(0, 1)
        return x if self.bias is None else x + self.bias


class PeriodicEmbeddings(nn.Module):
    """Periodic functions of each number, and a linear layer."""

    def __init__(
        self,
        n_features: int,
        d_embedding: int,
        *,
        n_frequencies: int,
        frequency_init_scale: float,
        activation: bool,
        lite: bool,
    ):
        super().__init__()
        self.periodic = Periodic(n_features, n_frequencies, frequency_init_scale)
        self.linear = (
            nn.Linear(2 * n_frequencies, d_embedding) if lite else NLinear(n_features, 2 * n_frequencies, d_embedding)
        )
        self.activation = nn.ReLU() if activation else None

    def forward(self, x: Tensor) -> Tensor:
        """Return `(N, columns, d_embedding)`."""
        x = self.linear(self.periodic(x))
        return x if self.activation is None else self.activation(x)


class CategoricalEmbeddings(nn.Module):
    """An embedding for each column of categories."""

    def __init__(self, cardinalities: Sequence[int], d_embedding: int, *, bias: bool):
        super().__init__()
        self.embeddings = nn.ModuleList([nn.Embedding(cardinality, d_embedding) for cardinality in cardinalities])
        self.bias = nn.Parameter(torch.empty(len(cardinalities), d_embedding)) if bias else None
        for embedding in self.embeddings:
            uniform_(embedding.weight, d_embedding)  # type: ignore[arg-type]
        if self.bias is not None:
            uniform_(self.bias, d_embedding)

    def forward(self, x: Tensor) -> Tensor:
        """Return `(N, columns, d_embedding)`."""
        x = torch.stack([embedding(x[:, column]) for column, embedding in enumerate(self.embeddings)], dim=1)
        return x if self.bias is None else x + self.bias
