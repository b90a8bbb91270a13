"""What came of a run, however it ended: the numbers of the weights that it hands on, its state, and its error."""

import time
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline.errors.exceptions import TrainingError
from hookline.errors.text import enumerate_names
from hookline.plugins.stages import Run
from hookline.plugins.trial import State, Trial
from hookline.plugins.weights import LAST_STEP, Weights, not_finite

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.batches import Batches, Data

SAVED = "saved weights"
"""What is said of numbers that are those of the weights which are saved."""

MOST_NAMES = 4


def splits_to_evaluate(run: Run, data: "Data") -> "dict[str, Batches]":
    """The splits that are evaluated when training has ended.

    That is the test split. If a callback has put other weights into the model, it is every split: the numbers of the
    last epoch are not theirs. If they are those of the last epoch after all, the validation split is left out. The loss
    of an optimizer that evaluates it many times in a step, such as LBFGS, is the one before the step, which is far from
    that of the weights: then the training split is evaluated too.
    """
    are_others = run.weights is not None or any(callback.replaces_weights for callback in run.spec.callbacks)
    names = {"test"}
    if are_others:
        names |= {"training"} if _are_of_last_record(run) else {"training", "validation"}
    if run.spec.optimizer.needs_closure:
        names |= {"training"}
    return {split: batches for split, batches in data.splits().items() if split in names}


def _are_of_last_record(run: Run) -> bool:
    """Whether a callback says that the model has the weights of which the last record has the validation numbers."""
    return run.weights is not None and bool(run.history) and _has_numbers_of(run.history[-1], run.weights)


def _has_numbers_of(record: Mapping[str, Any], weights: Weights) -> bool:
    """Whether the numbers after an epoch are those of these weights, and not of some before or after further steps."""
    return not weights.is_mean and (record.get("epoch"), record.get("step")) == (weights.epoch, weights.step)


def refuse_not_finite(run: Run, model: "nn.Module", criterion: "nn.Module") -> None:
    """Raise a `TrainingError` if weights are infinite or NaN: the loss of the last step does not tell it."""
    if names := not_finite(model, criterion):
        raise TrainingError(
            f"{_listed(names)} after the last step (epoch {run.epoch}, step {run.step}). Often the learning rate is "
            f"too high, or an input is not finite."
        )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} others" if len(names) > MOST_NAMES else ""
    return f"The weights are infinite or NaN ({enumerate_names(names[:MOST_NAMES])}{more})"


def outcome(
    run: Run,
    data: "Data",
    model: "nn.Module",
    criterion: "nn.Module",
    evaluated: Mapping[str, Mapping[str, float]],
    failure: BaseException | None,
    started: float,
) -> Trial:
    """What came of a run that has ended; `evaluated` are the numbers of the model as it is, by split."""
    assert run.directory is not None, "It is made before training begins."
    weights = run.weights or Weights(source=_source(run), epoch=run.epoch, step=run.step)
    metrics, measured = _numbers(run, data, weights, evaluated)
    unusable = not_finite(model, criterion)
    return Trial(
        spec=run.spec,
        directory=run.directory,
        data=data,
        model=model,
        criterion=criterion,
        metrics=metrics,
        measured=measured,
        weights=weights,
        not_finite=tuple(unusable),
        history=tuple(run.history),
        epochs=len(run.history),
        steps=run.step,
        seconds=time.perf_counter() - started,
        state=_state(run, failure),
        stopped=run.stopped,
        error=None if failure is None else str(failure) or type(failure).__name__,
        told=(*run.told, *([f"{_listed(unusable)}."] if unusable else [])),
    )


def free_memory(error: BaseException) -> None:
    """Release what the frames of an error hold, if it is about memory: some is needed to save what was trained."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    if any(isinstance(one, MemoryError) or type(one).__name__ == "OutOfMemoryError" for one in chain):
        for one in chain:
            traceback.clear_frames(one.__traceback__)


def where_weights_are(trial: Trial) -> str:
    """What a person is told beside the error with which a training has failed."""
    weights = trial.weights
    which = f"of epoch {weights.epoch}, step {weights.step},"
    if weights.source != LAST_STEP:
        which = f"that {weights.source} kept (epoch {weights.epoch}, step {weights.step})"
    told = f"The weights {which} and the log are in {trial.directory}."
    unusable = _listed(list(trial.not_finite))
    is_said = not trial.not_finite or unusable in (trial.error or "")
    return told if is_said else f"{told} {unusable}."


def _state(run: Run, failure: BaseException | None) -> State:
    if failure is not None:
        return "failed"
    if run.interrupted:
        return "interrupted"
    return "stopped" if run.stopped else "finished"


def _source(run: Run) -> str:
    """The callback that has put other weights into the model at the end, although it does not say which."""
    replacing = [type(callback).__name__ for callback in run.spec.callbacks if callback.replaces_weights]
    return replacing[0] if replacing and run.is_trained else LAST_STEP


def _numbers(
    run: Run, data: "Data", weights: Weights, evaluated: Mapping[str, Mapping[str, float]]
) -> tuple[dict[str, float], dict[str, str]]:
    """Loss and metrics of each split, and of which weights they are.

    They are those of the record of the epoch whose weights they are, or else of the last one; what was evaluated takes
    their place.
    """
    record: Mapping[str, Any] = run.history[-1] if run.history else {}
    is_known = run.weights is not None or weights.source == LAST_STEP
    record = next((one for one in run.history if one.get("epoch") == weights.epoch), record)
    metrics: dict[str, float] = {}
    measured: dict[str, str] = {}
    for split in data.splits():
        found = {name: value for name, value in record.items() if name.partition("/")[0] == split}
        if split in evaluated:
            found = {f"{split}/{name}": value for name, value in evaluated[split].items()}
            measured[split] = SAVED
        elif found:
            is_theirs = is_known and split != "training" and _has_numbers_of(record, weights)
            when = "during" if split == "training" else "after"
            measured[split] = SAVED if is_theirs else f"{when} epoch {record.get('epoch')}"
        metrics |= found
    return metrics, measured
