"""The modules of RealMLP, with the computations of pytabkit for one model."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from hookline_tabular.modules.features import OneHot, joined


class Weight(nn.Module):
    """A linear map in the neural tangent parametrization: the weight is divided by the root of its inputs."""

    def __init__(self, n_in: int, n_out: int):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(n_in, n_out))

    def forward(self, x: Tensor) -> Tensor:
        """Return `(N, n_out)`."""
        return x @ (self.weight / math.sqrt(self.weight.shape[0]))


class Bias(nn.Module):
    """A bias."""

    def __init__(self, n_features: int):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(n_features))

    def forward(self, x: Tensor) -> Tensor:
        """Return the inputs plus the bias."""
        return x + self.bias


class Scale(nn.Module):
    """A factor for each element."""

    def __init__(self, n_features: int):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(n_features))

    def forward(self, x: Tensor) -> Tensor:
        """Return the inputs times the factors."""
        return x * self.scale


class Activation(nn.Module):
    """An activation, or a learnable mixture of it and the identity."""

    def __init__(self, act: str, n_features: int, *, is_parametric: bool):
        super().__init__()
        self.function = getattr(functional, act)
        self.weight = nn.Parameter(torch.ones(n_features)) if is_parametric else None

    def forward(self, x: Tensor) -> Tensor:
        """Return as many elements."""
        return self.function(x) if self.weight is None else x + (self.function(x) - x) * self.weight


class RealMLP(nn.Module):
    """A perceptron for tables."""

    x_median: Tensor
    x_scale: Tensor

    def __init__(
        self,
        numbers: Sequence[int],
        categories: Sequence[int],
        *,
        n_num: int,
        cardinalities: Sequence[int],
        d_out: int | None,
        hidden_sizes: Sequence[int],
        act: str,
        use_parametric_act: bool,
        add_front_scale: bool,
        num_emb_type: str,
        plr_sigma: float,
        plr_hidden_1: int,
        plr_hidden_2: int,
        max_one_hot_cat_size: int,
        embedding_size: int,
        p_drop: float,
    ):
        super().__init__()
        self.numbers, self.categories, self.n_num = tuple(numbers), tuple(categories), n_num
        self.small = [column for column, size in enumerate(cardinalities) if size <= max_one_hot_cat_size]
        self.large = [column for column, size in enumerate(cardinalities) if size > max_one_hot_cat_size]
        # Two categories become one element, -1 or 1; more become one each.
        self.binary = [column for column in self.small if cardinalities[column] == 2]
        self.several = [column for column in self.small if cardinalities[column] != 2]
        self.one_hot = OneHot([cardinalities[column] for column in self.several]) if self.several else None
        scaled = n_num + len(self.binary) + sum(cardinalities[column] for column in self.several)
        self.register_buffer("x_median", torch.zeros(scaled))
        self.register_buffer("x_scale", torch.ones(scaled))
        self.use_pbld = num_emb_type == "pbld" and n_num > 0
        if self.use_pbld:
            first, second = plr_hidden_1, plr_hidden_2 - 1  # The number itself is the last element.
            self.plr_weight_1 = nn.Parameter(plr_sigma * torch.randn(n_num, 1, first))
            self.plr_bias_1 = nn.Parameter(math.pi * (2 * torch.rand(n_num, 1, first) - 1))
            self.plr_weight_2 = nn.Parameter((2 * torch.rand(n_num, first, second) - 1) / math.sqrt(first))
            self.plr_bias_2 = nn.Parameter((2 * torch.rand(n_num, 1, second) - 1) / math.sqrt(first))
        self.cat_emb = nn.ModuleList([nn.Embedding(cardinalities[column], embedding_size) for column in self.large])
        size = scaled + (n_num * (plr_hidden_2 - 1) if self.use_pbld else 0) + len(self.large) * embedding_size
        self.mlp = nn.Sequential()
        if add_front_scale:
            self.mlp.append(Scale(size))
        for hidden in hidden_sizes:
            self.mlp.extend(
                [
                    Weight(size, hidden),
                    Bias(hidden),
                    Activation(act, hidden, is_parametric=use_parametric_act),
                    nn.Dropout(p_drop),
                ]
            )
            size = hidden
        if d_out is not None:
            self.mlp.extend([Weight(size, d_out), Bias(d_out)])

    def encoded(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the numbers and the encodings of columns with few categories, not yet scaled."""
        x_num, x_cat = joined(inputs, self.numbers), joined(inputs, self.categories)
        parts = [] if x_num is None else [x_num]
        if x_cat is not None and self.binary:
            parts.append((2 * x_cat[:, self.binary] - 1).to(self.x_median.dtype))
        if x_cat is not None and self.one_hot is not None:
            parts.append(self.one_hot(x_cat[:, self.several]))
        return torch.cat(parts, dim=1) if parts else self.x_median.expand(inputs[0].shape[0], -1)

    def embedded(self, inputs: Sequence[Tensor]) -> Tensor:
        """Return the inputs of the perceptron."""
        x = (self.encoded(inputs) - self.x_median) * self.x_scale
        x = x / (1 + x.square() / 9).sqrt()  # Clip smoothly to -3 to 3.
        parts = [x]
        if self.use_pbld:
            z = x[:, : self.n_num].T.unsqueeze(-1)  # (columns, N, 1)
            z = torch.cos(2 * torch.pi * z @ self.plr_weight_1 + self.plr_bias_1) @ self.plr_weight_2 + self.plr_bias_2
            parts.insert(0, z.transpose(0, 1).flatten(1))
        x_cat = joined(inputs, self.categories)
        if x_cat is not None:
            parts += [embedding(x_cat[:, column]) for column, embedding in zip(self.large, self.cat_emb, strict=True)]
        return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return `(N, d_out)`."""
        return self.mlp(self.embedded(inputs))

    @torch.no_grad()
    def fit_scaling(self, rows: Sequence[Tensor]) -> None:
        """Set the median and the scale: 1 over the distance of the quartiles, or if it is 0, 2 over the range."""
        import numpy

        x = self.encoded(rows).numpy()
        if not x.shape[1]:
            return
        low, median, high = numpy.quantile(x, [0.25, 0.5, 0.75], axis=0)
        width = high - low
        width = numpy.where(width == 0, 0.5 * (x.max(axis=0) - x.min(axis=0)), width)
        scale = numpy.where(width == 0, 0.0, 1.0 / numpy.where(width == 0, 1.0, width))
        self.x_median.copy_(torch.from_numpy(median))
        self.x_scale.copy_(torch.from_numpy(scale))

    @torch.no_grad()
    def initialize(self, rows: Sequence[Tensor], *, weights: str, biases: str, zero_last: bool) -> None:
        """Initialize each layer in turn from what these rows are in front of it, with dropout as in training."""
        x = self.embedded(rows)
        count = len(self.mlp)
        for index, layer in enumerate(self.mlp):
            is_last = index >= count - 2 and zero_last
            if isinstance(layer, Weight):
                new = torch.randn_like(layer.weight)
                if weights == "std":
                    products = x @ (new / math.sqrt(new.shape[0]))
                    new = new / products.std(dim=0, correction=0, keepdim=True).clamp(min=1e-30)
                layer.weight.copy_(torch.zeros_like(new) if is_last else new)
            elif isinstance(layer, Bias):
                bias = _random_points(x) if biases == "he+5" else torch.randn_like(layer.bias)
                layer.bias.copy_(torch.zeros_like(bias) if is_last else bias)
            x = layer(x)


def fitted(
    module: RealMLP, rows: Sequence[Tensor], *, most_rows: int, weights: str, biases: str, zero_last: bool
) -> RealMLP:
    """Return the module, scaled by all training rows and initialized from some of them."""
    module.fit_scaling(rows)
    chosen = torch.randperm(len(rows[0]))[:most_rows]
    module.initialize([part[chosen] for part in rows], weights=weights, biases=biases, zero_last=zero_last)
    return module


def _random_points(x: Tensor) -> Tensor:
    """Return the negative of a random mean of five rows for each column."""
    rows, columns = x.shape
    chosen = torch.randint(0, rows, (columns, 5))
    shares = torch.empty(columns, 5).exponential_()
    picked = x.T.gather(1, chosen)
    return -(picked * shares / shares.sum(dim=1, keepdim=True)).sum(dim=1)
