"""Try the metrics of a spec with the predictions of a few rows, before training."""

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hookline.errors.exceptions import HooklineWarning, MismatchError, StageError
from hookline.errors.failures import attributed_to
from hookline.errors.text import counted, quoted_cell
from hookline.plugins.stages import Run
from hookline.training.metrics import built_metric, metric_errors

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.batches import Batch, Outputs
    from hookline.data.data import Data

FREQUENT = 0.9
"""The share of the training rows from which a class is so frequent that the number of correct rows misleads."""


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


def misleading_metrics(run: Run, data: "Data") -> Iterator[HooklineWarning]:
    """Yield a warning for each target with a very frequent class if its metrics only count correct rows."""
    remedies: dict[str, list[tuple[int, str]]] = {}
    for index, metric in enumerate(run.spec.metrics):
        named = run.objective.named(metric.target)
        with attributed_to(type(metric), ("metrics", index)):
            remedy = metric.remedy_if_imbalanced(named.loss)
        target = named.loss.main_target(named.data(data).targets)
        if target is not None:
            remedies.setdefault(target, []).append((index, remedy))
    for target, found in remedies.items():
        known = data.targets[target]
        if known.counts is None or known.classes is None or len(known.counts) != len(known.classes):
            continue
        share = max(known.counts) / max(1, sum(known.counts))
        if share < FREQUENT or not all(remedy for _, remedy in found):
            continue
        index, remedy = found[0]
        often = known.classes[known.counts.index(max(known.counts))]
        percent = min(99.9, round(100 * share, 1))
        message = (
            f"{percent:g}% of the training rows have the class {quoted_cell(often)} of "
            f'"{", ".join(known.columns)}": a model that always predicts this class is right for as many, and '
            f"{run.spec.metrics[index].label} does not show it. {remedy}"
        )
        yield HooklineWarning(message, ("metrics", index), id="misleading-metric")


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
