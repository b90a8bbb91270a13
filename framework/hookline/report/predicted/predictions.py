"""Gather the predictions of a finished run for its validation split, to be counted and drawn in a report."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hookline.errors.exceptions import HooklineError
from hookline.plugins.stages import Run
from hookline.report.evidence import (
    AnyPredictions,
    ClassPredictions,
    DistancePredictions,
    NumberPredictions,
    SequencePredictions,
)
from hookline.report.examples import with_inputs, worst_classes, worst_numbers, worst_sequences
from hookline.runs.fingerprint import of_data
from hookline.trained.evaluation.evaluation import TargetDetails
from hookline.trained.evaluation.gathering import Gathering
from hookline.trained.finished_run import FinishedRun
from hookline.trained.original_data import checked_data

if TYPE_CHECKING:
    from hookline.data.batches import Batches

SPLITS = ("validation", "test")
"""The splits to predict: the first one that the data has."""

MOST_ROWS = 200_000
"""The maximum number of rows to predict."""

MOST_COLUMNS = 12
"""The maximum number of labels or numbers of a target that are shown."""

CHANGED = "The data has changed since the training: these are other rows than those of the final metrics."
"""What to say if the fingerprint of the data is another one."""


def gathered(finished: FinishedRun, progress: Callable[[int], None] | None = None) -> tuple[list[AnyPredictions], str]:
    """The predictions of the saved model, by target, and a sentence if they belong to other data.

    `progress` is called after each batch with the number of rows so far.

    Raises:
        HooklineError: if there are none, for example because the data is gone, or has other classes than in training.

    """
    with finished.opened() as run:
        data = checked_data(run, finished.directory, finished.data)
        split = next((split for split in SPLITS if split in data.splits()), None)
        if split is None:
            raise HooklineError("The data has neither a validation nor a test split.")
        batches = data.splits()[split]
        gathering = _gathering(run, finished, batches, progress)
        is_whole = batches.rows <= MOST_ROWS
        found = list(_all_predictions(gathering, split, is_whole=is_whole))
        if not found:
            raise HooklineError("The loss predicts nothing that could be compared with true values.")
        note = "" if of_data(data) == finished.plan["data"] else CHANGED
        return [with_inputs(one, batches, data, run.spec.data) for one in found], note


def _gathering(
    run: Run, finished: FinishedRun, batches: "Batches", progress: Callable[[int], None] | None
) -> Gathering:
    """The predictions for the first rows."""
    import torch

    gathering = Gathering(
        run.objective, finished.data.targets, with_scores=False, metrics=run.spec.metrics, progress=progress
    )
    with torch.no_grad():
        for batch in batches.epoch(max(1, run.epoch)):
            outputs = run.stages.forward(run=run, model=finished.model, batch=batch)
            several = run.stages.predict(run=run, criterion=finished.criterion, outputs=outputs, batch=batch)
            gathering.add(several, batch.rows)
            if gathering.rows >= MOST_ROWS:
                break
    return gathering


def _all_predictions(gathering: Gathering, split: str, *, is_whole: bool) -> Iterator[AnyPredictions]:
    """The predictions for each target, of all kinds."""
    for key, details in gathering.details().items():
        yield from _predictions(key, details, split, is_whole=is_whole)
    for key, sequences in gathering.sequences().items():
        yield SequencePredictions(
            split=split, target=key, details=sequences, worst=worst_sequences(sequences), is_whole=is_whole
        )
    for key, distances in gathering.distances().items():
        yield DistancePredictions(split=split, target=key, details=distances, is_whole=is_whole)


def _predictions(
    key: str, details: TargetDetails, split: str, *, is_whole: bool
) -> Iterator[ClassPredictions | NumberPredictions]:
    """The predictions for a target, each label by itself."""
    import numpy

    # If a row has several positions, such as the pixels of an image, none of them is an example by itself.
    rows = details.row if bool((numpy.diff(details.row) > 0).all()) else None
    common: dict[str, Any] = {"split": split, "is_whole": is_whole}
    if details.kind == "classes":
        yield _of_classes(key, details, rows, common)
    elif details.kind == "numbers":
        yield _of_numbers(key, details, rows, common)
    else:
        yield from _of_labels(key, details, rows, common)


def _of_classes(key: str, details: TargetDetails, rows: Any, common: Mapping[str, Any]) -> ClassPredictions:
    import numpy

    assert details.probability_of_truth is not None
    truth, predicted = details.truth.astype(numpy.int64), details.predicted.astype(numpy.int64)
    return ClassPredictions(
        target=key,
        names=details.classes,
        truth=truth,
        predicted=predicted,
        worst=worst_classes(truth, predicted, details.probability_of_truth, details.classes, rows),
        scored_by=_scored_by(details),
        **common,
    )


def _of_numbers(key: str, details: TargetDetails, rows: Any, common: Mapping[str, Any]) -> NumberPredictions:
    import numpy

    columns = _columns(key, details)
    truth, predicted = details.truth.astype(numpy.float64), details.predicted.astype(numpy.float64)
    if len(columns) > MOST_COLUMNS:
        truth, predicted, columns, rows = truth.reshape(-1, 1), predicted.reshape(-1, 1), ("all numbers",), None
    return NumberPredictions(
        target=key,
        columns=columns,
        truth=truth,
        predicted=predicted,
        worst=worst_numbers(truth, predicted, columns, rows),
        **common,
    )


def _of_labels(key: str, details: TargetDetails, rows: Any, common: Mapping[str, Any]) -> Iterator[ClassPredictions]:
    import numpy

    assert details.probability is not None
    columns = _columns(key, details)
    for index, column in enumerate(columns[:MOST_COLUMNS]):
        is_true, is_yes, yes = details.truth[:, index], details.predicted[:, index], details.probability[:, index]
        truth, predicted = is_true.astype(numpy.int64), is_yes.astype(numpy.int64)
        yield ClassPredictions(
            target=key if len(columns) == 1 else column,
            names=details.classes,
            truth=truth,
            predicted=predicted,
            worst=worst_classes(truth, predicted, numpy.where(is_true, yes, 1 - yes), details.classes, rows),
            scored_by=_scored_by(details),
            **common,
        )


def _columns(key: str, details: TargetDetails) -> tuple[str, ...]:
    """The names of labels or numbers."""
    named = details.columns if len(details.columns) > 1 else details.known.columns
    return tuple(named) if len(named) == len(details.columns) else (key,)


def _scored_by(details: TargetDetails) -> str:
    return "probability" if details.has_probabilities else "score"
