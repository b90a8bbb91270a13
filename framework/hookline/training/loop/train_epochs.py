"""The training loop, the built-in answer of `fit`: epochs of batches."""

from typing import TYPE_CHECKING

from hookline.plugins.stages import Run
from hookline.training.gradients import Closure, gradients_of
from hookline.training.loop.position import Position

if TYPE_CHECKING:
    from torch import nn, optim

    from hookline.data.batches import Data


def train_epochs(
    run: Run, data: "Data", model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
) -> None:
    """Train all epochs, or until the run is stopped or interrupted, or until `max_steps` or `max_time` ends it."""
    position = Position(run, data, model, criterion, optimizer)
    try:
        _train_epochs(run, model, criterion, optimizer, position)
    except KeyboardInterrupt:
        run.interrupt()
        position.save_now()


def _train_epochs(
    run: Run, model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer", position: Position
) -> None:
    step, state, interruption, objective = run.stages.step, run.state, run.interruption, run.objective
    gradients = gradients_of(run, model, criterion, optimizer)

    run.raise_if_interrupted()
    for _ in position.epochs():
        model.train()
        for batch in position.batches():
            run.loss = gradients(batch)
            terms = objective.terms(criterion)  # Of the first evaluation: a step may evaluate again.
            if step(run=run, optimizer=optimizer, closure=Closure(gradients, batch, run.loss, optimizer)):
                position.losses.add(run.loss, objective.divisor(criterion, batch), terms)
            else:
                position.skip()
            state.step += 1
            if interruption.number is not None:
                raise KeyboardInterrupt
            if state.ends_now:
                break
        position.end_epoch()
        run.raise_if_interrupted()
