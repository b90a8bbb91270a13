"""What all contenders train: rows, network, loss, optimizer, and the order of the rows."""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Sampler, TensorDataset

SPECS = Path(__file__).parents[2] / "specs"


@dataclass
class Work:
    """A training."""

    name: str
    inputs: Tensor
    targets: Tensor
    layers: list[dict[str, Any]]
    """The layers as in a spec."""
    network: Callable[[], nn.Module]
    """Makes the same layers by hand."""
    criterion: type[nn.Module]
    optimizer: str
    options: dict[str, Any]
    batch: int
    epochs: int
    validation: tuple[Tensor, Tensor] | None = None
    """The rows on which loss and accuracy are computed after each epoch."""

    def model(self) -> nn.Module:
        """The network with the weights of seed 0."""
        torch.manual_seed(0)
        return self.network()

    def updates(self, parameters: Any) -> torch.optim.Optimizer:
        """The optimizer, with a fused kernel."""
        return getattr(torch.optim, self.optimizer)(parameters, **self.options, fused=True)

    def loss(self, model: nn.Module) -> float:
        """The loss of a trained network on all rows."""
        model.eval()
        with torch.no_grad():
            return float(self.criterion()(model(self.inputs), self.targets))


class Order(Sampler[int]):
    """The rows of each epoch in the order of Hookline, from its seed 0 and the number of the epoch."""

    def __init__(self, rows: int):
        self.rows, self.epoch = rows, 0

    def __len__(self) -> int:
        return self.rows

    def next(self) -> Tensor:
        """The rows of the next epoch."""
        self.epoch += 1
        return torch.from_numpy(numpy.random.default_rng((0, self.epoch)).permutation(self.rows))

    def __iter__(self) -> Iterator[int]:
        return iter(self.next().tolist())


class Slices:
    """Batches as a careful hand-written loop makes them: one indexing operation per epoch."""

    def __init__(self, work: Work):
        self.work, self.order = work, Order(len(work.inputs))

    def __len__(self) -> int:
        return -(-len(self.work.inputs) // self.work.batch)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        # A generator begins with the first batch: Lightning makes one iterator more than it uses.
        rows = self.order.next()
        inputs, targets = self.work.inputs[rows], self.work.targets[rows]
        yield from zip(inputs.split(self.work.batch), targets.split(self.work.batch), strict=True)


def loader(work: Work) -> "DataLoader[Any]":
    """A DataLoader, as the documentation of the packages recommends. Its own generator leaves that of torch alone."""
    rows = TensorDataset(work.inputs, work.targets)
    return DataLoader(rows, work.batch, sampler=Order(len(rows)), generator=torch.Generator())


MakeBatches = Callable[[Work], Iterable[Any]]
"""`Slices` or `loader`: makes batches that are in the order of the next epoch whenever they are iterated."""


def accuracy(outputs: Tensor, targets: Tensor) -> Tensor:
    """The fraction of rows in which the sign of the logit is right."""
    return ((outputs > 0) == (targets > 0.5)).float().mean()


def works() -> list[Work]:
    """All trainings."""
    return [_sgd(), _adam(), _digits(), _breast_cancer()]


def _linear(*sizes: int) -> list[dict[str, Any]]:
    layers: list[dict[str, Any]] = []
    for size in sizes:
        layers += [{"type": "Linear", "out_features": size}, {"type": "ReLU"}]
    return layers[:-1]


def _drawn(features: int, rows: int = 8192) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(rows, features, generator=generator), torch.randn(rows, 1, generator=generator)


def _sgd() -> Work:
    def network() -> nn.Module:
        return nn.Sequential(nn.Linear(10, 5), nn.ReLU(), nn.Linear(5, 1))

    return Work(
        "10-5-1, SGD", *_drawn(10), _linear(5, 1), network, nn.MSELoss, "SGD", {"lr": 0.01}, batch=32, epochs=10
    )


def _adam() -> Work:
    def network() -> nn.Module:
        return nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1))

    layers = _linear(64, 32, 1)
    return Work(
        "30-64-32-1, Adam", *_drawn(30), layers, network, nn.MSELoss, "Adam", {"lr": 0.001}, batch=32, epochs=10
    )


def _digits() -> Work:
    """The network of specs/digits.toml, on all rows."""
    pixels, digits = _table("digits.csv")
    layers: list[dict[str, Any]] = [
        {"type": "Conv2d", "out_channels": 16, "kernel_size": 3, "padding": 1},
        {"type": "BatchNorm2d"},
        {"type": "ReLU"},
        {"type": "MaxPool2d", "kernel_size": 2},
        {"type": "Conv2d", "out_channels": 32, "kernel_size": 3, "padding": 1},
        {"type": "ReLU"},
        {"type": "MaxPool2d", "kernel_size": 2},
        {"type": "Flatten"},
        {"type": "Linear", "out_features": 10},
    ]

    def network() -> nn.Module:
        return nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
            nn.Linear(128, 10),
        )

    return Work(
        "digits, CNN",
        torch.from_numpy(pixels.astype(numpy.float32).reshape(-1, 1, 8, 8)),
        torch.from_numpy(digits.astype(numpy.int64)),
        layers,
        network,
        nn.CrossEntropyLoss,
        "SGD",
        {"lr": 0.05, "momentum": 0.9},
        batch=64,
        epochs=5,
    )


def _breast_cancer() -> Work:
    """The network of specs/breast_cancer.toml, with loss and accuracy of a fifth of the rows after each epoch."""
    numbers, diagnoses = _table("breast_cancer.csv")
    inputs = torch.from_numpy(((numbers - numbers.mean(axis=0)) / numbers.std(axis=0)).astype(numpy.float32))
    targets = torch.from_numpy((diagnoses == "malignant").astype(numpy.float32)).unsqueeze(1)
    layers = [*_linear(16, 1)[:2], {"type": "Dropout", "p": 0.2}, {"type": "Linear", "out_features": 1}]

    def network() -> nn.Module:
        return nn.Sequential(nn.Linear(30, 16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 1))

    fifth = len(inputs) // 5
    return Work(
        "breast_cancer, validated",
        inputs[fifth:],
        targets[fifth:],
        layers,
        network,
        nn.BCEWithLogitsLoss,
        "AdamW",
        {"lr": 0.003},
        batch=32,
        epochs=40,
        validation=(inputs[:fifth], targets[:fifth]),
    )


def _table(name: str) -> tuple[Any, Any]:
    """The numbers of a file, and its last column."""
    with (SPECS / "data" / name).open(newline="") as file:
        _, *rows = csv.reader(file)
    return numpy.array([row[:-1] for row in rows], dtype=numpy.float64), numpy.array([row[-1] for row in rows])
