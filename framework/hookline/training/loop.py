"""The training loop, the built-in answer of `fit`: epochs of batches, an evaluation and a log record after each."""

from typing import TYPE_CHECKING, Any

from hookline.data.batches import length_of
from hookline.errors.exceptions import DataError
from hookline.files import GrowingFile
from hookline.plugins.stages import Run
from hookline.runs.directory import LOG
from hookline.spec.dump import to_json
from hookline.training.gradients import Closure, gradients_of
from hookline.training.means import EpochLosses, MeanLosses

if TYPE_CHECKING:
    from torch import nn, optim

    from hookline.data.batches import Data


def train_epochs(
    run: Run, data: "Data", model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
) -> None:
    """Train all epochs, or until the run is stopped or interrupted."""
    try:
        _train_epochs(run, data, model, criterion, optimizer)
    except KeyboardInterrupt:
        run.interrupt()


def _train_epochs(
    run: Run, data: "Data", model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
) -> None:
    assert run.directory is not None, "The directory is created before training begins."
    stages, state = run.stages, run.state
    step = stages.step
    objective = run.objective
    gradients = gradients_of(run, model, criterion, optimizer)
    interruption = run.interruption
    log = GrowingFile(run.directory / LOG)

    run.raise_if_interrupted()
    for epoch in range(1, run.spec.run.epochs + 1):
        state.epoch = epoch
        total, steps = EpochLosses(epoch, state.step + 1), state.step
        losses = MeanLosses(objective, total)
        model.train()
        for batch in data.training.epoch(epoch):
            run.loss = gradients(batch)
            terms = objective.terms(criterion)  # Of the first evaluation: a step may evaluate again.
            if step(run=run, optimizer=optimizer, closure=Closure(gradients, batch, run.loss, optimizer)):
                losses.add(run.loss, objective.divisor(criterion, batch), terms)
            else:
                total.skip()
            state.step += 1
            if interruption.number is not None:
                raise KeyboardInterrupt
        if state.step == steps:
            length = length_of(data.training)
            expected = "" if length is None else f"; {length} were expected"
            raise DataError(f"Epoch {epoch} yielded no training batch{expected}.", option=())
        record: dict[str, Any] = {"epoch": epoch, "step": state.step}
        record |= {f"training/{name}": value for name, value in losses.values().items()}
        if data.validation is not None:
            results = stages.evaluate(
                run=run, model=model, criterion=criterion, batches=data.validation, split="validation"
            )
            record |= {f"validation/{name}": value for name, value in results.items()}
        record = dict(stages.log(run=run, record=record))
        state.history.append(record)
        log.add(f"{to_json(record)}\n")
        run.raise_if_interrupted()
        if state.stopped:
            return
