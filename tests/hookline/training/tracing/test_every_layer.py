"""Every layer is traced with the same bits, with each runner."""

import importlib.util
from pathlib import Path

import pytest
import torch
import tracing
from exhaustive import sampled
from torch import nn

from hookline.data import Batch
from hookline.plugins.traced_steps import TracedSteps

LAYERS = Path(__file__).parents[3] / "hookline_models" / "test_torch_layers.py"
"""The test that compares each layer with torch's: it has an example of each."""


def _cases():
    loader = importlib.util.spec_from_file_location("torch_layers", LAYERS)
    module = importlib.util.module_from_spec(loader)
    loader.loader.exec_module(module)
    return [(f"{name} {options}", shape, made) for shape, name, options, made in module.CASES]


def _name(case):
    return case[0]


SEQUENCES = [
    ("LSTM", (4, 6, 3), lambda: First(nn.LSTM(3, 5, 2, batch_first=True, dropout=0.5, bidirectional=True))),
    ("GRU", (4, 6, 3), lambda: First(nn.GRU(3, 5, batch_first=True))),
    ("RNN", (4, 6, 3), lambda: First(nn.RNN(3, 5, batch_first=True, nonlinearity="relu"))),
    ("MultiheadAttention", (4, 6, 8), lambda: Attention()),
    ("TransformerEncoderLayer", (4, 6, 8), lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)),
    (
        "TransformerEncoder",
        (4, 6, 8),
        lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, 0.1, "gelu", batch_first=True), 2),
    ),
    ("Embedding", (4, 6, 8), lambda: Indexed(nn.Embedding(10, 3, padding_idx=0, max_norm=1.0))),
    ("Embedding by frequency", (4, 6, 8), lambda: Indexed(nn.Embedding(10, 3, scale_grad_by_freq=True))),
    ("EmbeddingBag", (4, 8), lambda: Indexed(nn.EmbeddingBag(10, 3))),
    ("Bilinear", (4, 6), lambda: Twice(nn.Bilinear(6, 6, 2))),
    ("CosineSimilarity", (4, 6), lambda: Twice(nn.CosineSimilarity())),
    ("PairwiseDistance", (4, 6), lambda: Twice(nn.PairwiseDistance())),
    ("a shared layer", (4, 6), lambda: Shared()),
    ("weight_norm", (4, 6), lambda: nn.utils.parametrizations.weight_norm(nn.Linear(6, 3))),
    ("spectral_norm", (4, 6), lambda: nn.utils.parametrizations.spectral_norm(nn.Linear(6, 3))),
]
CASES = [*_cases(), *SEQUENCES]
CHOSEN = {name for name, _, _ in SEQUENCES} | {
    *("Linear {'out_features': 5}", "ReLU {'inplace': True}", "BatchNorm2d {}", "LayerNorm {}", "Dropout {}"),
    *("Conv2d {'out_channels': 4, 'kernel_size': 3}", "MaxPool2d {'kernel_size': 2}", "GroupNorm {'num_groups': 2}"),
    *("RReLU {}", "GELU {}", "AlphaDropout {}", "Upsample {'size': 15}", "CircularPad2d {'padding': 2}"),
}
PAIRS = [(*case, runner) for case in CASES for runner in tracing.RUNNERS]


class First(nn.Module):
    """The first result of a layer."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, rows):
        """Apply the layer."""
        return self.layer(rows)[0]


class Attention(nn.Module):
    """Attention of the rows to themselves."""

    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True, dropout=0.1)

    def forward(self, rows):
        """Apply it."""
        return self.attention(rows, rows, rows, need_weights=False)[0]


class Indexed(nn.Module):
    """A layer that takes indices."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, rows):
        """Make indices of the numbers."""
        return self.layer((rows * 5).abs().long().clamp(max=9))


class Twice(nn.Module):
    """A layer that takes two groups of rows."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, rows):
        """Apply the layer to the rows and their squares."""
        return self.layer(rows, rows * rows)


class Shared(nn.Module):
    """A layer that is applied twice, and a parameter that is not used."""

    def __init__(self):
        super().__init__()
        self.layer, self.unused = nn.Linear(6, 6), nn.Parameter(torch.zeros(2))

    def forward(self, rows):
        """Apply it twice."""
        return self.layer(self.layer(rows).relu())


class Scaled(nn.Module):
    """A layer whose inputs are multiplied by a parameter, so that there is a gradient."""

    def __init__(self, shape, layer):
        super().__init__()
        self.scale, self.layer = nn.Parameter(torch.ones(shape[1:])), layer

    def forward(self, rows):
        """Apply the layer."""
        return self.layer(rows * self.scale)


@pytest.mark.parametrize(
    ("name", "shape", "make", "runner"),
    sampled(PAIRS, {name for name in map(_name, PAIRS) if name in CHOSEN}, _name),
    ids=[f"{name} {runner}" for name, _, _, runner in PAIRS],
)
def test_a_layer_is_traced_with_the_same_bits(name, shape, make, runner, monkeypatch):
    tracing.trace_everything(monkeypatch, runner)

    def made():
        torch.manual_seed(3)
        layer = make if isinstance(make, nn.Module) else make()
        model = Scaled(shape, layer)
        torch.manual_seed(4)
        layer.train()
        return model, nn.MSELoss()

    torch.manual_seed(5)
    with torch.no_grad():
        target = made()[0](torch.randn(shape))
    batches = [Batch({"x": torch.randn(shape)}, {"y": torch.randn_like(target)}) for _ in range(4)]
    traced = tracing.both_ways(made, batches)
    assert traced == TracedSteps(traced=3, by_layers=1)
