"""Data from a few lines of text."""

import pytest
import torch

import hookline
from hookline import Classes, LossSpec, Numbers, hookimpl, spec


@spec
class ThreeOutputsLoss(LossSpec):
    """Compares three outputs with one another."""

    inputs = ("anchor", "positive", "negative")
    encoding = None

    def build(self, data):
        """The criterion."""
        return torch.nn.TripletMarginLoss()

    def compute(self, criterion, outputs, batch):
        """The criterion of the outputs."""
        return criterion(outputs["anchor"], outputs["positive"], outputs["negative"])


@spec
class TwoTargetsLoss(LossSpec):
    """Takes a class and numbers."""

    def encodings(self, targets):
        """By their names."""
        return {name: Classes() if name == "species" else Numbers() for name in targets}


class Losses:
    """The plugin that brings both."""

    @hookimpl
    def register_specs(self):
        """Both."""
        return (ThreeOutputsLoss, TwoTargetsLoss)


@pytest.fixture
def losses():
    """A plugin with `ThreeOutputsLoss`, which takes no target, and `TwoTargetsLoss`."""
    return Losses()


@pytest.fixture
def prepare(tmp_path):
    """Prepares a CSV file with this text, for this loss; each split is one batch, in the order of the file."""

    def prepare(text, *, loss="MSELoss", seed=0, **options):
        path = tmp_path / "table.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        data = {"type": "CSV", "path": str(path), "targets": "y", "batch_size": 10**6, "shuffle": False, **options}
        if data["targets"] is None:
            del data["targets"]
        return prepared(data, loss, seed)

    return prepare


@pytest.fixture
def prepare_random():
    """Prepares random inputs for these targets, for this loss; they are one batch."""

    def prepare_random(targets, *, loss="MSELoss", seed=0, **options):
        data = {"type": "Random", "targets": targets, "batch_size": 10**6, "shuffle": False, **options}
        return prepared(data, loss, seed)

    return prepare_random


def prepared(data, loss, seed):
    spec = hookline.load(
        {
            "run": {"seed": seed},
            "data": data,
            "model": {"type": "Linear", "out_features": 1},
            "loss": {"type": loss},
            "optimizer": {"type": "SGD"},
        },
        plugins=[Losses()],
    )
    return spec.data.prepare(hookline.Run(spec=spec, stages=None, device=torch.device("cpu")), spec.loss)
