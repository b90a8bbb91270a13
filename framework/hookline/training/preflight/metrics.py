"""The metrics of a spec, tried with the predictions of a few rows before anything has been trained."""

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hookline.errors.exceptions import HooklineWarning, MisfitError
from hookline.errors.text import counted
from hookline.plugins.run import Run
from hookline.training.preflight.misfits import misfit_of_metric

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.batches import Batch, Data, Outputs


def unfit_metrics(
    run: Run, data: "Data", criterion: "nn.Module", outputs: "Outputs", batch: "Batch"
) -> list[MisfitError]:
    """What is wrong with those metrics that cannot take what the loss makes of these outputs and targets.

    None is asked for its number, for which a few rows may be too few.
    """
    found = []
    split = "validation" if data.validation is not None else "test"
    for metric in run.spec.metrics:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # It will say so again when it judges.
                judge = run.spec.loss.of_target(metric.target)
                its_criterion, its_outputs, its_batch = run.spec.loss.part(metric.target, criterion, outputs, batch)
                what = judge.scores if metric.takes == "scores" else judge.predictions
                predictions = what(its_criterion, its_outputs, its_batch)
                state = metric.build(judge, predictions).to(predictions.device)
                state.update(*metric.prepare(predictions, judge.truth(its_batch)))
        except (ValueError, RuntimeError, TypeError, IndexError) as error:
            found.append(misfit_of_metric(error, metric, run.spec, split))
    return found


def undefined_metrics(run: Run, data: "Data") -> Iterator[HooklineWarning]:
    """A warning for each metric for which a split has too few rows."""
    for index, metric in enumerate(run.spec.metrics):
        for split, batches in data.splits().items():
            if split != "training" and 0 < batches.rows < metric.least_rows:
                has = counted(batches.rows, "row")
                message = (
                    f"{metric.label} needs at least {counted(metric.least_rows, 'row')}, and the {split} split has "
                    f"{has}: it will be NaN."
                )
                yield HooklineWarning(message, ("metrics", index), id="undefined-metric")
