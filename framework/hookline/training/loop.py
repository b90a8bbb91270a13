"""The training loop, the built-in answer of `fit`: epochs of batches, an evaluation and a log record after each."""

from typing import TYPE_CHECKING, Any

from hookline.data.batches import length_of
from hookline.errors.exceptions import DataError
from hookline.files import GrowingFile
from hookline.plugins.stages import Run
from hookline.runs.directory import LOG
from hookline.spec.dump import to_json
from hookline.training.checkpoints.position import Position
from hookline.training.gradients import Closure, gradients_of

if TYPE_CHECKING:
    from torch import nn, optim

    from hookline.data.batches import Data


def train_epochs(
    run: Run, data: "Data", model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
) -> None:
    """Train all epochs, or until the run is stopped or interrupted."""
    is_resumed = run.resumes_from is not None
    position = Position(run, model, criterion, optimizer)
    assert run.directory is not None, "The directory is created before training begins."
    log = GrowingFile(run.directory / LOG)
    if is_resumed:  # A process that was killed may have written less, or more.
        log.replace("".join(f"{to_json(record)}\n" for record in run.history))
    try:
        _train_epochs(run, data, model, criterion, optimizer, position, log)
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
    log: GrowingFile,
) -> None:
    stages, state = run.stages, run.state
    step = stages.step
    objective = run.objective
    gradients = gradients_of(run, model, criterion, optimizer)
    interruption = run.interruption

    run.raise_if_interrupted()
    for epoch in position.epochs():
        losses = position.losses()
        model.train()
        for batch in position.batches(data.training):
            run.loss = gradients(batch)
            terms = objective.terms(criterion)  # Of the first evaluation: a step may evaluate again.
            if step(run=run, optimizer=optimizer, closure=Closure(gradients, batch, run.loss, optimizer)):
                losses.add(run.loss, objective.divisor(criterion, batch), terms)
            else:
                position.skip()
            state.step += 1
            if interruption.number is not None:
                raise KeyboardInterrupt
        if not position.steps:
            length = length_of(data.training)
            expected = "" if length is None else f"; {length} were expected"
            raise DataError(f"Epoch {epoch} yielded no training batch{expected}.", option=())
        position.before_evaluation()
        record: dict[str, Any] = {"epoch": epoch, "step": state.step}
        record |= {f"training/{name}": value for name, value in losses.values().items()}
        if data.validation is not None:
            results = stages.evaluate(
                run=run, model=model, criterion=criterion, batches=data.validation, split="validation"
            )
            record |= {f"validation/{name}": value for name, value in results.items()}
        with position.logging():
            record = dict(stages.log(run=run, record=record))
            state.history.append(record)
            log.add(f"{to_json(record)}\n")
            position.end_epoch()
        run.raise_if_interrupted()
