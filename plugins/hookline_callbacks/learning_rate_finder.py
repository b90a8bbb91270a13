"""A short trial of many learning rates before training."""

import csv
import math
from collections.abc import Generator, Iterator, Sequence
from copy import deepcopy
from itertools import count, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline import (
    Batch,
    CallbackSpec,
    Data,
    OptionError,
    Run,
    SchedulerSpec,
    TrainingSpec,
    hookimpl,
    new_figure,
    option,
    spec,
    write_picture,
)

if TYPE_CHECKING:
    from torch import nn, optim


@spec
class LearningRateFinder(CallbackSpec):
    """Tries learning rates before training, from small to great, a step with each, and draws the losses.

    Where the loss falls fastest is a good one: it is told, and `learning_rate.csv` and `learning_rate.png` show the
    others beside it. Then model, loss and optimizer are as they were, and training begins, if it is asked for with that
    learning rate.

    Source: Smith, https://arxiv.org/abs/1506.01186
    """

    logs = ()
    unlimited = "It has done its work before the first step."

    least: float = option(default=1e-06, above=0)
    """The first learning rate."""
    greatest: float = option(default=1.0, above=0)
    """The last learning rate; between them they grow by one factor."""
    steps: int = option(default=100, minimum=10)
    """How many are tried, unless the loss has become four times the best one before."""
    smoothing: float = option(default=0.9, minimum=0, below=1)
    """How much of the losses before is kept in the smoothed loss."""
    use: bool = False
    """Whether training is done with the learning rate that was found, in every parameter group."""

    def __attrs_post_init__(self) -> None:
        if self.least >= self.greatest:
            raise OptionError("least", "The first learning rate must be less than the last.", against=[("greatest",)])

    def check(self, spec: TrainingSpec) -> None:
        """Refuse what sets learning rates of its own, and an optimizer that evaluates losses in its step."""
        if spec.optimizer.needs_closure:
            raise ValueError(f"{type(spec.optimizer).__name__} looks for the length of its steps itself.")
        schedulers = [callback for callback in spec.callbacks if isinstance(callback, SchedulerSpec)]
        if self.use and schedulers:
            name = type(schedulers[0]).__name__
            raise OptionError("use", f"{name} goes by the learning rate of the spec: find one, and then give it there.")

    def build(self) -> object:
        """The callback."""
        return _LearningRateFinder(self)


class _LearningRateFinder:
    def __init__(self, spec: LearningRateFinder):
        self._spec = spec

    @hookimpl(wrapper=True)
    def fit(
        self, run: Run, data: Data, model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
    ) -> "Generator[None, nn.Module, nn.Module]":
        """Try the learning rates, put everything back, and train."""
        import torch

        parts: tuple[Any, ...] = (model, criterion, optimizer)
        before = [deepcopy(part.state_dict()) for part in parts]
        devices = [run.device] if run.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            tried = list(self._tried(run, data, model, criterion, optimizer))
        for part, state in zip(parts, before, strict=True):
            part.load_state_dict(state)
        optimizer.zero_grad()
        assert run.directory is not None
        found = steepest(tried)
        _write(run.directory / "learning_rate.csv", tried, found)
        _draw(run.directory / "learning_rate.png", tried, found)
        self._tell(run, found)
        if self._spec.use and found is not None:
            for group in optimizer.param_groups:
                group["lr"] = found
        return (yield)

    def _tell(self, run: Run, found: float | None) -> None:
        if found is None:
            run.tell("The loss falls with none of the learning rates that were tried: learning_rate.png shows it.")
            return
        used = ", which is used" if self._spec.use else ""
        run.tell(f"The loss falls fastest with the learning rate {found:.3g}{used}: learning_rate.png shows it.")

    def _tried(
        self, run: Run, data: Data, model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
    ) -> Iterator[tuple[float, float, float]]:
        """Learning rate, loss and smoothed loss of each step."""
        spec, mean, best = self._spec, 0.0, math.inf
        batches = _endless(data)
        model.train()
        criterion.train()
        for index in range(spec.steps):
            rate = spec.least * (spec.greatest / spec.least) ** (index / (spec.steps - 1))
            for group in optimizer.param_groups:
                group["lr"] = rate
            batch = next(batches)
            optimizer.zero_grad()
            outputs = run.stages.forward(run=run, model=model, batch=batch)
            loss = run.stages.loss(run=run, criterion=criterion, outputs=outputs, batch=batch)
            number = float(run.stages.backward(run=run, loss=loss))
            optimizer.step()
            mean = spec.smoothing * mean + (1 - spec.smoothing) * number
            smoothed = mean / (1 - spec.smoothing ** (index + 1))
            if not math.isfinite(number) or smoothed > 4 * best:
                return
            best = min(best, smoothed)
            yield rate, number, smoothed


def _endless(data: Data) -> Iterator[Batch]:
    for epoch in count(1):
        yield from data.training.epoch(epoch)


def steepest(tried: Sequence[tuple[float, float, float]]) -> float | None:
    """The learning rate at which the smoothed loss falls fastest, by its logarithm; `None` if it never falls.

    >>> steepest([(0.001, 1.0, 1.0), (0.01, 0.9, 0.9), (0.1, 0.2, 0.4), (1.0, 0.9, 0.5)])
    0.1
    """
    falls = [
        ((after - before) / math.log(rate / last), rate) for (last, _, before), (rate, _, after) in pairwise(tried)
    ]
    slope, rate = min(falls, default=(0.0, 0.0))
    return rate if slope < 0 else None


def _write(path: Path, tried: Sequence[tuple[float, float, float]], found: float | None) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("lr", "loss", "smoothed", "is_steepest"))
        writer.writerows((*row, str(row[0] == found).lower()) for row in tried)


def _draw(path: Path, tried: Sequence[tuple[float, float, float]], found: float | None) -> None:
    figure = new_figure()
    axes = figure.add_subplot()
    rates, losses, smoothed = zip(*tried, strict=True) if tried else ((), (), ())
    axes.plot(rates, losses, color="#b8c7d9", linewidth=1, label="loss of a step")
    axes.plot(rates, smoothed, color="#2a6fbb", linewidth=1.8, label="smoothed")
    if found is not None:
        axes.axvline(found, color="#d1682d", linestyle="--", linewidth=1.2, label=f"falls fastest at {found:.2g}")
    axes.set(xlabel="learning rate", ylabel="loss", xscale="log")
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    write_picture(figure, path)
