"""A network with BatchNorm for small images, and a hand-written training loop for it."""

import math
from pathlib import Path

import numpy
import torch
from torch import nn

import hookline

EPOCHS, ROWS, BATCH, SEED = 6, 20, 8, 3
TABLE = Path(__file__).parents[2] / "specs/data/diabetes.csv"
IMAGES = torch.randn(ROWS, 1, 4, 4, generator=torch.Generator().manual_seed(0))
TARGETS = torch.arange(float(ROWS)).unsqueeze(1) / ROWS


class NotInMemory:
    """Batches that are not compared with those of training, whose rows they repeat."""

    def __init__(self, batches):
        self.rows, self.epoch, self._size = batches.rows, batches.epoch, len(batches)

    def __len__(self):
        return self._size


class Images:
    """A plugin that provides the images."""

    @hookline.hookimpl
    def prepare_data(self, run):
        training = hookline.data.TensorBatches({"input": IMAGES}, {"target": TARGETS}, batch_size=BATCH, seed=SEED)
        validation = hookline.data.TensorBatches({"input": IMAGES}, {"target": TARGETS}, batch_size=BATCH)
        example = hookline.data.Batch({"input": IMAGES[:2]}, {"target": TARGETS[:2]})
        known = {"target": hookline.data.Target(columns=("y",))}
        return hookline.data.Data(training=training, validation=NotInMemory(validation), example=example, targets=known)


def trained(path, *callbacks, plugins=(), optimizer=None, **run):
    made = hookline.load(
        {
            "run": {"epochs": EPOCHS, "seed": SEED, "device": "cpu", **run},
            "data": {"type": "CSV", "path": str(TABLE), "targets": "progression", "validation": 0.2},  # Not read.
            "model": {
                "type": "Sequential",
                "layers": [
                    {"type": "Flatten"},
                    {"type": "Linear", "out_features": 6},
                    {"type": "BatchNorm1d"},
                    {"type": "ReLU"},
                    {"type": "Linear", "out_features": 1},
                ],
            },
            "loss": {"type": "MSELoss"},
            "optimizer": optimizer or {"type": "SGD", "lr": 0.05, "momentum": 0.5},
            "callbacks": list(callbacks),
        },
        plugins=plugins,
    )
    return hookline.train(made, plugins=[Images(), *plugins], out=path / f"run-{len(list(path.iterdir()))}")


def network(*, fused=True):
    torch.manual_seed(SEED)
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 1))
    return model, torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.5, fused=fused)


def batches(epoch):
    for rows in torch.from_numpy(numpy.random.default_rng((SEED, epoch)).permutation(ROWS)).split(BATCH):
        yield IMAGES[rows], TARGETS[rows]


def step(model, optimizer, x, y):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.detach()


def validation_loss(model):
    model.eval()
    with torch.no_grad():
        losses = [
            (nn.functional.mse_loss(model(x), y).double() * len(x))
            for x, y in zip(IMAGES.split(BATCH), TARGETS.split(BATCH), strict=True)
        ]
    model.train()
    return float(torch.stack(losses).sum()) / ROWS


def same(model, other):
    states = model.state_dict(), other.state_dict()
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])


class Spoiled:
    """A plugin that makes the loss of some steps of training NaN."""

    def __init__(self, *steps):
        self.steps = steps

    @hookline.hookimpl(wrapper=True)
    def loss(self, run, outputs):
        loss = yield
        return loss * math.nan if run.step in self.steps and outputs.requires_grad else loss


def mixed_up(x, generator, kind, alpha):
    share = float(generator.beta(alpha, alpha))
    order = torch.from_numpy(generator.permutation(len(x)))
    if kind == "Mixup":
        return x.clone().mul_(share).add_(x[order], alpha=1 - share), order, share
    middle = int(generator.integers(4)), int(generator.integers(4))
    half = int(0.5 * math.sqrt(1 - share) * 4)
    (top, bottom), (left, right) = ((max(0, place - half), min(4, place + half)) for place in middle)
    mixed = x.clone()
    mixed[:, :, top:bottom, left:right] = x[order][:, :, top:bottom, left:right]
    return mixed, order, 1 - (bottom - top) * (right - left) / 16


def squared(outputs, y):
    return nn.functional.mse_loss(outputs, y)


def mixed_loss(model, x, y, number, kind, alpha, *, probability=1.0, loss=squared):
    """The loss of a batch or a part of one in this step, and whether it was mixed."""
    generator = numpy.random.default_rng((SEED, number, 2))
    if generator.random() >= probability:
        return loss(model(x), y), False
    x, order, share = mixed_up(x, generator, kind, alpha)
    outputs = model(x)
    return share * loss(outputs, y) + (1 - share) * loss(outputs, y[order]), True
