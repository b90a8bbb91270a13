"""The loop: epochs of batches, and what is logged of each epoch. It is the built-in answer to the stage `fit`."""

from typing import TYPE_CHECKING, Any

from hookline.errors.exceptions import DataError
from hookline.files import GrowingFile
from hookline.plugins.run import Run
from hookline.runs.directory import LOG
from hookline.spec.dump import to_json
from hookline.training.gradients import Closure, gradients_of
from hookline.training.means import EpochLosses, PartLosses

if TYPE_CHECKING:
    from torch import nn, optim

    from hookline.data.batches import Data


def train_epochs(
    run: Run, data: "Data", model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
) -> None:
    """Train all epochs, or as many as there are before the run is stopped or interrupted."""
    try:
        _train_epochs(run, data, model, criterion, optimizer)
    except KeyboardInterrupt:
        run.interrupt()


def _train_epochs(
    run: Run, data: "Data", model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
) -> None:
    assert run.directory is not None, "It is made before training begins."
    stages = run.stages
    step = stages.step
    parts = PartLosses(run.spec.loss)
    gradients = gradients_of(run, model, criterion, optimizer, parts.noting(stages.loss))
    divisor = run.spec.loss.divisor
    first_gradients = parts.first(gradients)
    interruption = run.interruption
    log = GrowingFile(run.directory / LOG)

    run.raise_if_interrupted()
    for epoch in range(1, run.spec.run.epochs + 1):
        run.epoch = epoch
        losses, steps = EpochLosses(epoch, run.step + 1), run.step
        model.train()
        for batch in data.training.epoch(epoch):
            run.loss = first_gradients(batch)
            if step(run=run, optimizer=optimizer, closure=Closure(gradients, batch, run.loss, optimizer)):
                losses.add(run.loss, divisor(criterion, batch))
            else:
                losses.leave_out()
                parts.leave_out()
            run.step += 1
            if interruption.number is not None:
                raise KeyboardInterrupt
        if run.step == steps:
            message = f"Epoch {epoch} gave no batch to train with, instead of {len(data.training)}."
            raise DataError(message, option=())
        record: dict[str, Any] = {"epoch": epoch, "step": run.step}
        record |= {f"training/{name}": value for name, value in parts.with_total(losses).items()}
        if data.validation is not None:
            judged = stages.evaluate(
                run=run, model=model, criterion=criterion, batches=data.validation, split="validation"
            )
            record |= {f"validation/{name}": value for name, value in judged.items()}
        record = stages.log(run=run, record=record)
        run.history.append(record)
        log.add(f"{to_json(record)}\n")
        run.raise_if_interrupted()
        if run.stopped:
            return
