"""Try the metrics of a spec with the predictions of a few rows, before training."""

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hookline.errors.exceptions import HooklineWarning, MismatchError, StageError
from hookline.errors.failures import attributed_to
from hookline.errors.text import counted
from hookline.plugins.stages import Run
from hookline.training.metrics import built_metric, metric_errors

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.batches import Batch, Data, Outputs


def unfit_metrics(
    run: Run, data: "Data", criterion: "nn.Module", outputs: "Outputs", batch: "Batch"
) -> list[MismatchError | StageError]:
    """Return an error for each metric that fails or does not accept the predictions for these outputs and targets.

    `compute` is not called, since a few rows may be too few for it.
    """
    found: list[MismatchError | StageError] = []
    predicted = (
        run.stages.predict(run=run, criterion=criterion, outputs=outputs, batch=batch) if run.spec.metrics else {}
    )
    split = "validation" if data.validation is not None else "test"
    for metric in run.spec.metrics:
        try:
            with warnings.catch_warnings(), metric_errors(metric, run.spec, split):
                warnings.simplefilter("ignore")  # The metric warns again when it is used.
                named = run.objective.named(metric.target)
                prediction = predicted[run.objective.key(metric.target)]
                with attributed_to(type(prediction.loss), named.path):
                    predictions = prediction.scores if metric.ranks else prediction.predictions
                state = built_metric(metric, run.spec, prediction.loss, predictions)
                true = prediction.distribution if metric.takes_distributions else prediction.truth
                state.update(*metric.prepare(predictions, true))
        except (MismatchError, StageError) as error:
            found.append(error)
    return found


def undefined_metrics(run: Run, data: "Data") -> Iterator[HooklineWarning]:
    """Yield a warning for each metric for which a split has too few rows."""
    for index, metric in enumerate(run.spec.metrics):
        for split, batches in data.splits().items():
            with attributed_to(type(metric), ("metrics", index)):
                needs = metric.least_rows
            is_evaluated = split != "training" or run.spec.run.evaluate_training
            if is_evaluated and 0 < batches.rows < needs:
                has = counted(batches.rows, "row")
                message = (
                    f"{metric.label} needs at least {counted(needs, 'row')}, but the {split} split has "
                    f"{has}: it will be NaN."
                )
                yield HooklineWarning(message, ("metrics", index), id="undefined-metric")
