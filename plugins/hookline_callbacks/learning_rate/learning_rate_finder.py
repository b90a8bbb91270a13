"""A short trial of many learning rates before training."""

import math
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from itertools import count
from typing import TYPE_CHECKING, Any

from hookline import Run, hookimpl
from hookline.data import Batch, Data
from hookline.errors import OptionError
from hookline.files import OptionalFiles
from hookline.spec import CallbackSpec, OptimizerSpec, WrapperSpec, option, spec
from hookline.training import SchedulerSpec, gradients_of
from hookline_callbacks.learning_rate.tried_rates import draw, steepest, write
from hookline_callbacks.weights.freeze import Freeze

if TYPE_CHECKING:
    from torch import nn, optim


@spec
class LearningRateFinder(CallbackSpec):
    """Tries learning rates before training, from small to great, a step with each, and draws the losses.

    Where the loss falls fastest is a good one: it is told, and `learning_rate.csv` and `learning_rate.png` show the
    others beside it. Then model, loss and optimizer are as they were, and training begins, if it is asked for with that
    learning rate. If it is the greatest of all, a greater one may be better: that is told, and training keeps to the
    spec's.

    Gradients are those of training: accumulated, with mixed rows, without what a `Freeze` that is listed before has
    frozen. What is done around the stage `step`, such as clipping or an average of the weights, is left out.

    Source: Smith, https://arxiv.org/abs/1506.01186
    """

    logs = ()
    writes_to = ("learning_rate.csv", "learning_rate.png")
    connects_to = ()
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

    def check(self, optimizer: OptimizerSpec, callbacks: Sequence[WrapperSpec]) -> None:
        """Refuse others that set learning rates, what is frozen too late, and an optimizer that evaluates losses."""
        if optimizer.needs_closure:
            raise ValueError(f"{type(optimizer).__name__} looks for the length of its steps itself.")
        optimizer.refuse_changed_lr("type", "leave LearningRateFinder out")
        schedulers = [callback for callback in callbacks if isinstance(callback, SchedulerSpec)]
        if self.use and schedulers:
            name = type(schedulers[0]).__name__
            raise OptionError("use", f"{name} goes by the learning rate of the spec: find one, and then give it there.")
        is_inside = False
        for place, callback in enumerate(callbacks):
            if isinstance(callback, Freeze) and is_inside:
                message = "Freeze is listed after it, so that what is frozen would be tried, too: list it before."
                raise OptionError("type", message, against=[("callbacks", place)])
            is_inside = is_inside or callback == self

    def doubts(self, run: Run) -> Iterator[OptionError]:
        """The learning rates that are tried are to be those of all parts of the optimizer."""
        yield from run.spec.optimizer.doubt_changed_lr("type")

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

        devices = [run.device] if run.device.type == "cuda" else []
        with _put_back(run, model, criterion, optimizer), torch.random.fork_rng(devices=devices):
            tried = list(self._tried(run, data, model, criterion, optimizer))
        assert run.directory is not None
        found = steepest(tried)
        is_greatest = len(tried) == self._spec.steps and found == tried[-1][0]
        for name, save in (("learning_rate.csv", write), ("learning_rate.png", draw)):
            with OptionalFiles():
                save(run.directory / name, tried, found)
        is_used = self._spec.use and found is not None and not is_greatest
        if is_used:
            for group in optimizer.param_groups:
                group["lr"] = found
        self._tell(run, found, is_greatest=is_greatest, is_used=is_used)
        return (yield)

    def _tell(self, run: Run, found: float | None, *, is_greatest: bool, is_used: bool) -> None:
        if found is None:
            sentence = "The loss falls with none of the learning rates that were tried: learning_rate.png shows it."
        elif is_greatest:
            sentence = f"The loss still falls fastest at the greatest learning rate, {found:.3g}: raise `greatest`."
        else:
            used = ", which is used" if is_used else ""
            sentence = f"The loss falls fastest with the learning rate {found:.3g}{used}: learning_rate.png shows it."
        if self._spec.use and not is_used:
            sentence += " Training keeps to that of the spec."
        run.tell(sentence)

    def _tried(
        self, run: Run, data: Data, model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
    ) -> Iterator[tuple[float, float, float]]:
        """Learning rate, loss and smoothed loss of each step."""
        spec, mean, best = self._spec, 0.0, math.inf
        batches, gradients = _endless(data), gradients_of(run, model, criterion, optimizer)
        model.train()
        criterion.train()
        for index in range(spec.steps):
            run.raise_if_interrupted()
            rate = spec.least * (spec.greatest / spec.least) ** (index / (spec.steps - 1))
            for group in optimizer.param_groups:
                group["lr"] = rate
            number = float(gradients(next(batches)))
            optimizer.step()
            run.step += 1
            mean = spec.smoothing * mean + (1 - spec.smoothing) * number
            smoothed = mean / (1 - spec.smoothing ** (index + 1))
            if not math.isfinite(number) or smoothed > 4 * best:
                return
            best = min(best, smoothed)
            yield rate, number, smoothed


@contextmanager
def _put_back(run: Run, model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer") -> Iterator[None]:
    """Inside anything may be tried; afterwards, whatever has happened, everything is as it was."""
    parts: tuple[Any, ...] = (model, criterion, optimizer)
    before = [deepcopy(part.state_dict()) for part in parts]
    step = run.step
    try:
        yield
    finally:
        for part, state in zip(parts, before, strict=True):
            part.load_state_dict(state)
        optimizer.zero_grad()
        run.step = step


def _endless(data: Data) -> Iterator[Batch]:
    for epoch in count(1):
        yield from data.training.epoch(epoch)
