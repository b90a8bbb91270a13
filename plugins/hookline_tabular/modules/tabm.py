"""The modules of TabM, with the parameters of the package tabm."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from hookline_tabular.modules.embeddings import uniform_
from hookline_tabular.modules.features import FlatFeatures


def random_factors(k: int, sizes: Sequence[int], distribution: str) -> Tensor:
    """Return random factors `(k, sum of the sizes)`; those of one column and member are equal."""
    factors = torch.empty(k, len(sizes))
    if distribution == "normal":
        nn.init.normal_(factors)
    else:
        factors.bernoulli_(0.5).mul_(2).sub_(1)
    return factors.repeat_interleave(torch.tensor(sizes, device=factors.device), dim=1)


class LinearEnsemble(nn.Module):
    """A separate linear layer for each member: `(N, k, in_features)` to `(N, k, out_features)`."""

    def __init__(self, in_features: int, out_features: int, k: int):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(k, in_features, out_features))
        self.bias = nn.Parameter(torch.empty(k, out_features))
        uniform_(self.weight, in_features)
        uniform_(self.bias, in_features)

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs of all members."""
        return (x.transpose(0, 1) @ self.weight).transpose(0, 1) + self.bias


class LinearBatchEnsemble(nn.Module):
    """A linear layer whose weight all members share, with factors and a bias of each: BatchEnsemble."""

    def __init__(self, in_features: int, out_features: int, k: int, first_factors: Tensor | None):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(out_features, in_features))
        self.r = nn.Parameter(torch.ones(k, in_features) if first_factors is None else first_factors)
        self.s = nn.Parameter(torch.ones(k, out_features))
        uniform_(self.weight, in_features)
        bias = torch.empty(out_features)
        uniform_(bias, in_features)
        self.bias = nn.Parameter(bias.repeat(k, 1))  # All members begin with the same.

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs of all members."""
        return (x * self.r) @ self.weight.T * self.s + self.bias


class ElementwiseAffine(nn.Module):
    """Factors of each member."""

    def __init__(self, factors: Tensor):
        super().__init__()
        self.weight = nn.Parameter(factors)

    def forward(self, x: Tensor) -> Tensor:
        """Return the scaled inputs."""
        return x * self.weight


class Backbone(nn.Module):
    """Blocks of a linear layer of the ensemble, an activation and Dropout."""

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        k: int,
        n_blocks: int,
        d_block: int,
        dropout: float,
        activation: str,
        arch_type: str,
        start_scaling_init: str,
    ):
        super().__init__()
        factors = None if arch_type == "tabm-packed" else random_factors(k, sizes, start_scaling_init)
        self.affine = ElementwiseAffine(factors) if arch_type == "tabm-mini" and factors is not None else None
        self.blocks = nn.ModuleList()
        for index in range(n_blocks):
            size = d_block if index else sum(sizes)
            linear: nn.Module
            if arch_type == "tabm":
                linear = LinearBatchEnsemble(size, d_block, k, None if index else factors)
            elif arch_type == "tabm-mini":
                linear = nn.Linear(size, d_block)
            else:
                linear = LinearEnsemble(size, d_block, k)
            self.blocks.append(nn.Sequential(linear, getattr(nn, activation)(), nn.Dropout(dropout)))

    def forward(self, x: Tensor) -> Tensor:
        """Return the features of all members, `(N, k, d_block)`."""
        if self.affine is not None:
            x = self.affine(x)
        for block in self.blocks:
            x = block(x)
        return x


class TabM(FlatFeatures):
    """An ensemble of perceptrons."""

    def __init__(self, *features: Any, sizes: Sequence[int], d_out: int | None, k: int, d_block: int, **backbone: Any):
        super().__init__(*features)
        self.k = k
        self.backbone = Backbone(sizes, k=k, d_block=d_block, **backbone)
        self.output = None if d_out is None else LinearEnsemble(d_block, d_out, k)

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return the outputs of all members, `(N, k, d_out)`."""
        x = self.features(inputs).unsqueeze(1).expand(-1, self.k, -1)
        x = self.backbone(x)
        return x if self.output is None else self.output(x)
