"""Try the metrics of a spec with the predictions of a few rows, before training."""

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hookline.errors.exceptions import HooklineWarning, MismatchError
from hookline.errors.text import counted
from hookline.plugins.stages import Run
from hookline.training.preflight.mismatches import mismatch_of_metric

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.batches import Batch, Data, Outputs


def unfit_metrics(
    run: Run, data: "Data", criterion: "nn.Module", outputs: "Outputs", batch: "Batch"
) -> list[MismatchError]:
    """Return an error for each metric that does not accept the predictions for these outputs and targets.

    `compute` is not called, since a few rows may be too few for it.
    """
    found = []
    predicted = (
        run.stages.predict(run=run, criterion=criterion, outputs=outputs, batch=batch) if run.spec.metrics else {}
    )
    split = "validation" if data.validation is not None else "test"
    for metric in run.spec.metrics:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # The metric warns again when it is used.
                prediction = predicted[run.objective.key(metric.target)]
                predictions = prediction.scores if metric.ranks else prediction.predictions
                state = metric.build(prediction.loss, predictions).to(predictions.device)
                state.update(*metric.prepare(predictions, prediction.truth))
        except (ValueError, RuntimeError, TypeError, IndexError) as error:
            found.append(mismatch_of_metric(error, metric, run.spec, split))
    return found


def undefined_metrics(run: Run, data: "Data") -> Iterator[HooklineWarning]:
    """Yield a warning for each metric for which a split has too few rows."""
    for index, metric in enumerate(run.spec.metrics):
        for split, batches in data.splits().items():
            if split != "training" and 0 < batches.rows < metric.least_rows:
                has = counted(batches.rows, "row")
                message = (
                    f"{metric.label} needs at least {counted(metric.least_rows, 'row')}, but the {split} split has "
                    f"{has}: it will be NaN."
                )
                yield HooklineWarning(message, ("metrics", index), id="undefined-metric")
