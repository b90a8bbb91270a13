"""Whole models equal handwritten ones with the same seed: in parameters, outputs and gradients."""

import pytest
import torch
from same_weights import assert_same_weights
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

import hookline
from hookline import hookimpl
from hookline.data import Batch, Data, Target, TensorBatches
from hookline.training import apply_module, build_and_apply

LENGTHS = torch.tensor([5, 2, 7, 1])
INDICES = torch.randint(1, 9, (4, 7), generator=torch.Generator().manual_seed(4))
IMAGES = torch.randn(4, 1, 8, 8, generator=torch.Generator().manual_seed(4))


def spec(*layers, **sections):
    return hookline.load(
        {
            "data": {"type": "Random", "features": 1, "targets": [0, 1]},
            "model": {"type": "Sequential", "layers": list(layers)},
            "loss": {"type": "MSELoss"},
            "optimizer": {"type": "SGD"},
            **sections,
        }
    )


def linear(size):
    return {"type": "Linear", "out_features": size}


def convolution(channels, **options):
    return {"type": "Conv2d", "out_channels": channels, "bias": False, **options}


RELU, BATCH_NORM = {"type": "ReLU"}, {"type": "BatchNorm2d"}
THREE = {"kernel_size": 3, "padding": 1}
EMBEDDING = {"type": "Embedding", "num_embeddings": 9, "embedding_dim": 6, "padding_idx": 0}

RESIDUAL_NETWORK = [
    convolution(4, **THREE),
    BATCH_NORM,
    RELU,
    {
        "type": "Residual",
        "layers": [convolution(4, **THREE), BATCH_NORM, RELU, convolution(4, **THREE), BATCH_NORM],
    },
    RELU,
    {
        "type": "Residual",
        "layers": [convolution(6, **THREE, stride=2), BATCH_NORM, RELU, convolution(6, **THREE), BATCH_NORM],
        "shortcut": [convolution(6, kernel_size=1, stride=2), BATCH_NORM],
    },
    RELU,
    {"type": "AdaptiveAvgPool2d", "output_size": 1},
    {"type": "Flatten"},
    linear(3),
]


class Block(nn.Module):
    def __init__(self, before, after, stride):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(before, after, 3, stride, 1, bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.Conv2d(after, after, 3, 1, 1, bias=False),
            nn.BatchNorm2d(after),
        )
        if stride > 1:
            self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, inputs):
        return self.layers(inputs) + (self.shortcut(inputs) if hasattr(self, "shortcut") else inputs)


def residual_network():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, bias=False),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        Block(4, 4, 1),
        nn.ReLU(),
        Block(4, 6, 2),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(6, 3),
    )


TRANSFORMER = [
    linear(12),
    {"type": "LearnedPositionalEmbedding"},
    {
        "type": "TransformerEncoder",
        "nhead": 3,
        "dim_feedforward": 10,
        "num_layers": 2,
        "norm_first": True,
        "norm": {"type": "LayerNorm"},
    },
    {"type": "SequencePool", "mode": "max"},
    linear(3),
]


class Transformer(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Linear(8, 12), nn.Embedding(8, 12))
        layer = nn.TransformerEncoderLayer(12, 3, 10, norm_first=True, batch_first=True)
        self.append(nn.TransformerEncoder(layer, 2, nn.LayerNorm(12), enable_nested_tensor=False))
        self.append(nn.Identity())
        self.append(nn.Linear(12, 3))

    def forward(self, images):
        steps = self[0](images.squeeze(1)) + self[1].weight
        return self[4](self[2](steps).amax(dim=1))


LSTM = [
    EMBEDDING,
    {"type": "LSTM", "hidden_size": 5, "num_layers": 2, "dropout": 0.2, "bidirectional": True, "returns": "last"},
    {"type": "Dropout"},
    linear(3),
]


class Reader(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Embedding(9, 6, padding_idx=0),
            nn.LSTM(6, 5, 2, batch_first=True, dropout=0.2, bidirectional=True),
            nn.Dropout(),
            nn.Linear(10, 3),
        )

    def forward(self, indices, lengths):
        packed = pack_padded_sequence(self[0](indices), lengths, batch_first=True, enforce_sorted=False)
        hidden = self[1](packed)[1][0]
        return self[3](self[2](torch.cat([hidden[-2], hidden[-1]], dim=1)))


HEADS = [
    {"type": "Flatten"},
    linear(6),
    RELU,
    {
        "type": "Heads",
        "heads": {"input": linear(2), "var": {"type": "Sequential", "layers": [linear(2), {"type": "Softplus"}]}},
    },
]


class MeanAndVariance(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(64, 6), nn.ReLU(), nn.Module())
        self[3].input = nn.Linear(6, 2)
        self[3].var = nn.Sequential(nn.Linear(6, 2), nn.Softplus())

    def forward(self, images):
        features = self[2](self[1](self[0](images)))
        return {"input": self[3].input(features), "var": self[3].var(features)}


PARALLEL = [
    {
        "type": "Parallel",
        "branches": [
            convolution(2, kernel_size=1),
            {"type": "Sequential", "layers": [convolution(2, kernel_size=1), convolution(3, **THREE)]},
            {"type": "MaxPool2d", "kernel_size": 3, "stride": 1, "padding": 1},
        ],
    },
    RELU,
    {
        "type": "Parallel",
        "branches": [
            convolution(4, kernel_size=1),
            {"type": "Sequential", "layers": [convolution(4, kernel_size=1), {"type": "Sigmoid"}]},
        ],
        "join": "product",
    },
    {"type": "Flatten"},
    linear(3),
]


class Inception(nn.Sequential):
    def __init__(self):
        first = nn.Conv2d(1, 2, 1, bias=False)
        second = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False), nn.Conv2d(2, 3, 3, padding=1, bias=False))
        gated = nn.Conv2d(6, 4, 1, bias=False)
        gate = nn.Sequential(nn.Conv2d(6, 4, 1, bias=False), nn.Sigmoid())
        super().__init__(
            nn.ModuleList([first, second, nn.MaxPool2d(3, 1, 1)]),
            nn.ReLU(),
            nn.ModuleList([gated, gate]),
            nn.Flatten(),
            nn.Linear(256, 3),
        )

    def forward(self, images):
        features = self[1](torch.cat([branch(images) for branch in self[0]], dim=1))
        return self[4](self[3](self[2][0](features) * self[2][1](features)))


def gradients(model, outputs):
    tensors = list(outputs.values()) if isinstance(outputs, dict) else [outputs]
    return torch.autograd.grad(sum(tensor.square().sum() for tensor in tensors), list(model.parameters()))


def results(model, inputs, options, *, training):
    """Return the outputs for two batches, to test running statistics, and the gradients."""
    model.train(training)
    torch.manual_seed(2)
    model(inputs.flip(0), **options)
    outputs = model(inputs, **options)
    named = list(outputs.values()) if isinstance(outputs, dict) else [outputs]
    return [*named, *gradients(model, outputs)]


@pytest.mark.parametrize(
    ("layers", "by_hand", "inputs", "options"),
    [
        pytest.param(RESIDUAL_NETWORK, residual_network, IMAGES, {}, id="residual network"),
        pytest.param(TRANSFORMER, Transformer, IMAGES.squeeze(1), {}, id="transformer"),
        pytest.param(LSTM, Reader, INDICES, {"lengths": LENGTHS}, id="LSTM with lengths"),
        pytest.param(HEADS, MeanAndVariance, IMAGES, {}, id="heads"),
        pytest.param(PARALLEL, Inception, IMAGES, {}, id="parallel branches"),
    ],
)
def test_a_model_equals_a_handwritten_one(layers, by_hand, inputs, options):
    torch.manual_seed(1)
    model, _ = build_and_apply(spec(*layers).model, inputs[:1])
    torch.manual_seed(1)
    expected = by_hand()
    weights, expected_weights = model.state_dict(), expected.state_dict()
    assert list(weights) == list(expected_weights)
    assert all(torch.equal(weights[key], expected_weights[key]) for key in weights)
    for training in (True, False):
        mine, theirs = (results(made, inputs, options, training=training) for made in (model, expected))
        assert all(torch.equal(one, other) for one, other in zip(mine, theirs, strict=True))


def test_a_model_without_lengths_treats_all_rows_as_full():
    model, _ = build_and_apply(spec(*LSTM).model, INDICES[:1])
    model.eval()
    assert torch.equal(apply_module(model, INDICES), apply_module(model, INDICES, lengths=torch.full((4,), 7)))


class Rows:
    """A plugin with these tensors as data, in batches of two."""

    def __init__(self, inputs, lengths=None):
        self.batch = Batch(inputs, {"score": SCORES}, lengths or {})

    @hookimpl
    def prepare_data(self, run):
        batch = self.batch
        return Data(
            training=TensorBatches(batch.inputs, batch.targets, batch.lengths, batch_size=2),
            # The last rows, to detect access before the training.
            example=batch.slice(2, 4),
            targets={"score": Target(columns=("score",))},
        )


SCORES = torch.randn(4, 1, generator=torch.Generator().manual_seed(5))
OPTIMIZER = {"type": "SGD", "lr": 0.1, "weight_decay": 0.1, "momentum": 0.5}


def trained(layers, rows, tmp_path):
    made = spec(*layers, run={"epochs": 3, "evaluate_training": False}, optimizer=OPTIMIZER)
    return hookline.train(made, plugins=[rows], out=tmp_path / "run").model


def trained_by_hand(model, *inputs, **options):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, weight_decay=0.1, momentum=0.5)
    for _ in range(3):
        for part in (slice(0, 2), slice(2, 4)):
            optimizer.zero_grad()
            outputs = model(*(rows[part] for rows in inputs), **{name: rows[part] for name, rows in options.items()})
            nn.functional.mse_loss(outputs, SCORES[part]).backward()
            optimizer.step()
    return model


def test_a_model_with_max_norm_embeddings_trains_like_a_handwritten_loop(tmp_path):
    # Looking up a vector may rescale it, so there must be no lookup before the training.
    layers = [{**EMBEDDING, "max_norm": 0.5}, {"type": "Flatten"}, linear(1)]
    model = trained(layers, Rows({"words": INDICES}), tmp_path)
    torch.manual_seed(0)
    by_hand = nn.Sequential(nn.Embedding(9, 6, 0, max_norm=0.5), nn.Flatten(), nn.Linear(42, 1))
    assert_same_weights(model, trained_by_hand(by_hand, INDICES))


def test_a_model_of_sequences_with_lengths_trains_like_a_handwritten_loop(tmp_path):
    model = trained([*LSTM, linear(1)], Rows({"words": INDICES}, {"words": LENGTHS}), tmp_path)

    class Scorer(Reader):
        def forward(self, indices, lengths):
            return self[4](super().forward(indices, lengths))

    torch.manual_seed(0)
    by_hand = Scorer()
    by_hand.append(nn.Linear(3, 1))
    assert_same_weights(model, trained_by_hand(by_hand, INDICES, lengths=LENGTHS))


def test_a_model_of_two_inputs_trains_like_a_handwritten_loop(tmp_path):
    left, right = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(6))
    rows = Rows({"left": left, "right": right})
    model = trained([{"type": "Bilinear", "out_features": 5}, RELU, linear(1)], rows, tmp_path)

    class Pair(nn.Sequential):
        def forward(self, left, right):
            return self[2](self[1](self[0](left, right)))

    torch.manual_seed(0)
    by_hand = Pair(nn.Bilinear(3, 3, 5), nn.ReLU(), nn.Linear(5, 1))
    assert_same_weights(model, trained_by_hand(by_hand, left, right))


def test_invalid_lengths_are_reported_before_anything_is_written(tmp_path):
    layers = [EMBEDDING, {"type": "Flatten"}, {"type": "Unflatten", "dim": 1, "unflattened_size": [3, 14]}]
    layers.append({"type": "SequencePool"})
    rows = Rows({"words": INDICES}, {"words": LENGTHS})
    with pytest.raises(
        hookline.errors.MismatchError,
        match="lengths of up to 7 steps, but a layer before SequencePool has changed their number to 3",
    ):
        trained([*layers, linear(1)], rows, tmp_path)
    assert not (tmp_path / "run").exists()
