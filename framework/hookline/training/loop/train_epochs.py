"""The training loop, the built-in answer of `fit`: epochs of batches."""

from collections.abc import Callable, Iterator
from itertools import repeat
from typing import TYPE_CHECKING, Any

from hookline.plugins.stages import Run
from hookline.training.gradients import Closure, gradients_of
from hookline.training.loop.position import Position
from hookline.training.tracing.beginning import steps_at_once

if TYPE_CHECKING:
    from torch import nn, optim

    from hookline.data.batches import Batch
    from hookline.data.data import Data
    from hookline.training.tracing.updates.steps import Steps


def train_epochs(
    run: Run, data: "Data", model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
) -> None:
    """Train all epochs, or until the run is stopped or interrupted, or until `max_steps` or `max_time` ends it."""
    position = Position(run, data, model, criterion, optimizer)
    try:
        _train_epochs(run, data, model, criterion, optimizer, position)
    except KeyboardInterrupt:
        run.interrupt()
        position.save_now()


def _train_epochs(
    run: Run,
    data: "Data",
    model: "nn.Module",
    criterion: "nn.Module",
    optimizer: "optim.Optimizer",
    position: Position,
) -> None:
    stage, state, interruption, objective = run.stages.step, run.state, run.interruption, run.objective
    gradients = gradients_of(run, model, criterion, optimizer)
    at_once = steps_at_once(
        run,
        data.training,
        gradients,
        optimizer,
        position,
    )
    step = stage if at_once is None else at_once.step

    def make_step(batch: "Batch") -> None:
        run.loss = gradients(batch)
        terms = objective.terms(criterion)  # Of the first evaluation: a step may evaluate again.
        if step(run=run, optimizer=optimizer, closure=Closure(gradients, batch, run.loss, optimizer)):
            position.losses.add(run.loss, objective.divisor(criterion, batch), terms)
        else:
            position.skip()
        state.step += 1

    def make_steps(steps: "Steps") -> None:
        assert at_once is not None
        made = at_once.made(steps, make_step)
        if made is None:
            return
        if not made.terms:
            state.step += len(made.losses) - 1  # If the losses are read, it is in the last step.
            position.losses.add_several(made.losses, made.divisors)
            state.step += 1
            return
        for loss, divisor, terms in zip(made.losses, made.divisors or repeat(None), made.terms, strict=False):
            position.losses.add(loss, divisor, terms)
            state.step += 1

    run.raise_if_interrupted()
    for _ in position.epochs():
        if at_once is not None and at_once.is_left:
            at_once, step = None, stage
        if at_once is None:
            batches: Iterator[Any] = position.batches()
            make: Callable[[Any], None] = make_step
        else:
            batches, make = at_once.groups(position.batches, position.made), make_steps
        for following in batches:
            make(following)
            if interruption.number is not None:
                raise KeyboardInterrupt
            if state.ends_now:
                break
        position.end_epoch()
        run.raise_if_interrupted()
