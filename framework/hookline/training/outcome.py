"""The result of a run, however it ended: the numbers of the weights that it saves, its state, and its error."""

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
"""The name of the saved weights in `Trial.measured`."""

MOST_NAMES = 4


def splits_to_evaluate(run: Run, data: "Data") -> "dict[str, Batches]":
    """The splits that are evaluated after the training.

    These are the test split, and every split if a callback has put other weights into the model: the numbers of the
    last epoch are not theirs. If they are those of the last epoch after all, the validation split is skipped. An
    optimizer such as LBFGS evaluates the loss many times in a step, and the logged loss is the one before the step, far
    from that of the saved weights: then the training split is evaluated too.
    """
    are_others = run.weights is not None or any(callback.replaces_weights for callback in run.spec.callbacks)
    names = {"test"}
    if are_others:
        names |= {"training"} if _are_of_last_record(run) else {"training", "validation"}
    if run.spec.optimizer.needs_closure:
        names |= {"training"}
    return {split: batches for split, batches in data.splits().items() if split in names}


def _are_of_last_record(run: Run) -> bool:
    """Whether the last record has the validation numbers of the weights that a callback has put into the model."""
    return run.weights is not None and bool(run.history) and _has_numbers_of(run.history[-1], run.weights)


def _has_numbers_of(record: Mapping[str, Any], weights: Weights) -> bool:
    """Whether the record of an epoch has the numbers of exactly these weights."""
    return not weights.is_mean and (record.get("epoch"), record.get("step")) == (weights.epoch, weights.step)


def refuse_not_finite(run: Run, model: "nn.Module", criterion: "nn.Module") -> None:
    """Raise a `TrainingError` if weights are infinite or NaN, which the loss of the last step does not show."""
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
    """The result of a run that has ended; `evaluated` has the numbers of the final model, by split."""
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
    """Release what the frames of an out-of-memory error hold: saving the results needs some memory."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    if any(isinstance(one, MemoryError) or type(one).__name__ == "OutOfMemoryError" for one in chain):
        for one in chain:
            traceback.clear_frames(one.__traceback__)


def where_weights_are(trial: Trial) -> str:
    """The note on the error of a failed training."""
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
    """The callback that has put other weights into the model at the end without saying which."""
    replacing = [type(callback).__name__ for callback in run.spec.callbacks if callback.replaces_weights]
    return replacing[0] if replacing and run.is_trained else LAST_STEP


def _numbers(
    run: Run, data: "Data", weights: Weights, evaluated: Mapping[str, Mapping[str, float]]
) -> tuple[dict[str, float], dict[str, str]]:
    """Loss and metrics of each split, and which weights they belong to.

    They are taken from the record of the epoch of the weights, or else from the last record, unless the split was
    evaluated after the training.
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
