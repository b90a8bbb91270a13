"""The result of a run, however it ended: the metrics of the saved weights, the state and the error."""

import traceback
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from hookline.data.batches import in_order
from hookline.errors.exceptions import TrainingError
from hookline.errors.out_of_memory import chain, is_out_of_memory
from hookline.errors.text import counted, enumerate_names
from hookline.plugins.stages import Run
from hookline.plugins.trial import SAVED, State, Trial
from hookline.plugins.weights import LAST_STEP, Weights, not_finite

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.batches import Batches
    from hookline.data.data import Data

MOST_NAMES = 4


def splits_to_evaluate(run: Run, data: "Data") -> "dict[str, Batches]":
    """The splits to evaluate after training, so that the numbers of all splits belong to the saved weights.

    The validation split is skipped if it has been evaluated with these weights in the last epoch. The training split
    comes last, since it usually takes longest; its rows are in order, none is left out, and no callback mixes them.
    """
    are_replaced = run.weights is not None or any(callback.replaces_weights for callback in run.spec.callbacks)
    is_known = not are_replaced or _are_of_last_record(run)
    if run.history and run.spec.run.validates_otherwise:
        is_known = is_known and bool(_of_split(run.history[-1], "validation"))
    return _splits(run, data, {"test"} if is_known else {"validation", "test"})


def evaluate_splits(
    run: Run,
    model: "nn.Module",
    criterion: "nn.Module",
    splits: "Mapping[str, Batches]",
    evaluated: dict[str, Mapping[str, float]],
) -> None:
    """Evaluate splits, and add the numbers of each to `evaluated` as soon as they are known.

    A training must not fail in the end because its training rows, which are many, need more memory for metrics such as
    AUROC than the other splits: this is a note.
    """
    for split, batches in splits.items():
        try:
            evaluated[split] = run.stages.evaluate(
                run=run, model=model, criterion=criterion, batches=batches, split=split
            )
        except Exception as error:
            if split != "training" or not is_out_of_memory(error):
                raise
            free_memory(error)
            run.note(f"There is not enough memory to evaluate the training split: {error}")


def missing_splits(run: Run, trial: Trial) -> "dict[str, Batches]":
    """The splits of an interrupted run to evaluate, because the numbers of the saved weights are not known."""
    splits = _splits(run, trial.data, {"validation", "test"})
    return {name: batches for name, batches in splits.items() if trial.measured.get(name) != SAVED}


def _splits(run: Run, data: "Data", names: Collection[str]) -> "dict[str, Batches]":
    """The splits with these names, and the training split, unless the spec says otherwise."""
    found = {name: batches for name, batches in data.splits().items() if name in names}
    return {**found, "training": in_order(data.training)} if run.spec.run.evaluate_training else found


def _are_of_last_record(run: Run) -> bool:
    """Whether the validation numbers of the last record belong to the weights that a callback put into the model."""
    return run.weights is not None and bool(run.history) and _has_numbers_of(run.history[-1], run.weights)


def _has_numbers_of(record: Mapping[str, Any], weights: Weights) -> bool:
    """Whether the numbers in the record of an epoch belong to exactly these weights."""
    return not weights.is_mean and _is_of(record, weights)


def _is_of(record: Mapping[str, Any], weights: Weights) -> bool:
    return (record.get("epoch"), record.get("step")) == (weights.epoch, weights.step)


def refuse_not_finite(run: Run, model: "nn.Module", criterion: "nn.Module") -> None:
    """Raise a `TrainingError` if weights are infinite or NaN; the loss of the last step does not show this."""
    if names := not_finite(model, criterion):
        raise TrainingError(
            f"{_listed(names)} after the last step (epoch {run.epoch}, step {run.step}). Often the learning rate is "
            f"too high, or an input is not finite."
        )


def _listed(names: list[str]) -> str:
    more = f" and {counted(len(names) - MOST_NAMES, 'other')}" if len(names) > MOST_NAMES else ""
    return f"The weights are infinite or NaN ({enumerate_names(names[:MOST_NAMES])}{more})"


def outcome(
    run: Run,
    data: "Data",
    model: "nn.Module",
    criterion: "nn.Module",
    evaluated: Mapping[str, Mapping[str, float]],
    failure: BaseException | None,
) -> Trial:
    """The result of a finished run; `evaluated` has the loss and metrics of the final model by split."""
    assert run.directory is not None, "The directory is created before training begins."
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
        epochs=len({record.get("epoch") for record in run.history}),
        steps=run.step,
        seconds=run.seconds,
        state=_state(run, failure),
        stopped=run.stopped,
        error=None if failure is None else str(failure) or type(failure).__name__,
        notes=(*run.notes, *([f"{_listed(unusable)}."] if unusable else [])),
    )


def free_memory(error: BaseException) -> None:
    """Release the tensors in the frames of an out-of-memory error, since saving the results needs memory."""
    if is_out_of_memory(error):
        for one in chain(error):
            traceback.clear_frames(one.__traceback__)


def where_weights_are(trial: Trial) -> str:
    """The note to add to the error of a failed training."""
    weights = trial.weights
    which = f"of epoch {weights.epoch}, step {weights.step},"
    if weights.source != LAST_STEP:
        which = f"that {weights.source} kept (epoch {weights.epoch}, step {weights.step})"
    note = f"The weights {which} and the log are in {trial.directory}."
    unusable = _listed(list(trial.not_finite))
    is_known = not trial.not_finite or unusable in (trial.error or "")
    return note if is_known else f"{note} {unusable}."


def _state(run: Run, failure: BaseException | None) -> State:
    if failure is not None:
        return "failed"
    if run.interrupted:
        return "interrupted"
    return "stopped" if run.stopped else "finished"


def _source(run: Run) -> str:
    """The callback that replaced the weights without setting `run.state.weights`."""
    replacing = [type(callback).__name__ for callback in run.spec.callbacks if callback.replaces_weights]
    return replacing[0] if replacing and run.is_trained else LAST_STEP


def _numbers(
    run: Run, data: "Data", weights: Weights, evaluated: Mapping[str, Mapping[str, float]]
) -> tuple[dict[str, float], dict[str, str]]:
    """Return the loss and metrics of each split, and the weights that they belong to.

    If a split was not evaluated after training, they come from the record of these weights, or else from the last one
    of their epoch, or of the run. The numbers of one split always belong to the same weights.
    """
    is_known = run.weights is not None or weights.source == LAST_STEP
    metrics: dict[str, float] = {}
    measured: dict[str, str] = {}
    for split in data.splits():
        if split in evaluated:
            metrics |= {f"{split}/{name}": value for name, value in evaluated[split].items()}
            measured[split] = SAVED
        elif records := [record for record in run.history if _of_split(record, split)]:
            record = max(records, key=lambda record: (record.get("epoch") == weights.epoch, record.get("step") or 0))
            record = next((one for one in records if _is_of(one, weights)), record)
            is_theirs = is_known and split != "training" and _has_numbers_of(record, weights)
            metrics |= _of_split(record, split)
            measured[split] = SAVED if is_theirs else _when(run, record, split)
    return metrics, measured


def _of_split(record: Mapping[str, Any], split: str) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name.partition("/")[0] == split}


def _when(run: Run, record: Mapping[str, Any], split: str) -> str:
    """When the numbers of a record were measured."""
    epoch, step = record.get("epoch"), record.get("step")
    if run.spec.run.validate_every_steps is None:
        return f"{'during' if split == 'training' else 'after'} epoch {epoch}"
    return f"during epoch {epoch}, until step {step}" if split == "training" else f"after step {step}"
