"""The trainings of specs/iris.toml and specs/breast_cancer.toml, by the best hand-written loops.

They train what Hookline has prepared: the same rows in the same order, from the same weights and with the same random
numbers. Losses are read once per epoch, each metric is computed from all validation rows at once, and the records are
kept in a list.
"""

import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from math import inf

import numpy
import torch
from torch import Tensor, nn

import hookline

ROUNDING = 1e-6
"""The largest difference of a number in float32 that is due to the order of a sum."""


class Prepared:
    """A plugin that copies what a training begins with, and keeps the model that it ends with."""

    @hookline.hookimpl(wrapper=True)
    def fit(self, run, data, model):
        self.data, self.model, self.epochs = data, deepcopy(model), run.spec.run.epochs
        self.random_state = torch.get_rng_state()
        self.trained = yield
        self.history = run.history
        return self.trained


@dataclass
class Parts:
    """The parts of a training besides its rows and its model."""

    optimizer: torch.optim.Optimizer
    criterion: nn.Module
    metrics: Callable[[Tensor, Tensor], dict[str, float]]
    patience: int | None = None
    """The number of epochs without a lower loss after which it ends; then it returns to the best weights."""


def iris(model: nn.Module) -> Parts:
    """The parts of specs/iris.toml."""

    def metrics(outputs: Tensor, true: Tensor) -> dict[str, float]:
        predicted = outputs.argmax(dim=1)
        counts = torch.bincount(3 * true + predicted, minlength=9).view(3, 3)
        hits = counts.diagonal()
        f1 = 2 * hits / (counts.sum(dim=0) + counts.sum(dim=1))
        return {"Accuracy": hits.sum().item() / len(true), "F1Score": f1.mean().item()}

    return Parts(torch.optim.Adam(model.parameters(), lr=0.01, fused=True), nn.CrossEntropyLoss(), metrics)


def breast_cancer(model: nn.Module) -> Parts:
    """The parts of specs/breast_cancer.toml."""

    def metrics(outputs: Tensor, true: Tensor) -> dict[str, float]:
        predicted, is_true = outputs >= 0, true == 1
        hits, of_predicted, of_true = (predicted & is_true).sum(), predicted.sum(), is_true.sum()
        better = outputs[is_true].unsqueeze(1) - outputs[~is_true]
        return {
            "Accuracy": (predicted == is_true).sum().item() / len(true),
            "F1Score": (2 * hits / (of_predicted + of_true)).item(),
            "AUROC": ((better > 0).sum() + 0.5 * (better == 0).sum()).item() / better.numel(),
        }

    optimizer = torch.optim.AdamW(model.parameters(), lr=0.003, fused=True)
    return Parts(optimizer, nn.BCEWithLogitsLoss(), metrics, patience=8)


LOOPS = {"iris": iris, "breast_cancer": breast_cancer}
"""The specs that are also trained by hand."""


def train(prepared: Prepared, make: Callable[[nn.Module], Parts]) -> tuple[nn.Module, list[dict[str, float]], float]:
    """Train; return the model, the records and the CPU time."""
    training, validation = prepared.data.training, prepared.data.validation
    inputs, targets, size = training.all.input, training.all.target, training.batch_size
    of_validation, true = validation.all.input, validation.all.target
    model = deepcopy(prepared.model)
    parts = make(model)
    optimizer, criterion, metrics, patience = parts.optimizer, parts.criterion, parts.metrics, parts.patience
    torch.set_rng_state(prepared.random_state)
    started = time.process_time()
    history: list[dict[str, float]] = []
    best, best_epoch, best_weights = inf, 0, dict[str, Tensor]()
    for epoch in range(1, prepared.epochs + 1):
        order = torch.from_numpy(numpy.random.default_rng((0, epoch)).permutation(len(inputs)))
        losses = []
        for x, y in zip(inputs[order].split(size), targets[order].split(size), strict=True):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach() * len(x))
        record = {"epoch": epoch, "training/loss": torch.stack(losses).sum().item() / len(inputs)}
        model.eval()
        with torch.no_grad():
            outputs = model(of_validation)
            record["validation/loss"] = criterion(outputs, true).item()
            record |= {f"validation/{metric}": number for metric, number in metrics(outputs, true).items()}
        model.train()
        history.append(record)
        if patience is not None:
            if record["validation/loss"] < best:
                best, best_epoch = record["validation/loss"], epoch
                best_weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
            elif epoch - best_epoch >= patience:
                break
    if best_weights:
        model.load_state_dict(best_weights)
    return model, history, time.process_time() - started


def checked(prepared: Prepared, make: Callable[[nn.Module], Parts]) -> float:
    """Train by hand, and return the CPU time.

    Raises:
        AssertionError: if a weight differs from Hookline's, or a number of the records by more than rounding.

    """
    model, history, seconds = train(prepared, make)
    for one, other in zip(model.parameters(), prepared.trained.parameters(), strict=True):
        if not torch.equal(one, other):
            raise AssertionError("A weight by hand differs from Hookline's.")
    for own, others in zip(history, prepared.history, strict=True):
        for name, number in own.items():
            if abs(number - others[name]) > ROUNDING:
                raise AssertionError(f"{name} is {number} by hand, and {others[name]} with Hookline.")
    return seconds
