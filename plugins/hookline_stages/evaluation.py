"""The stages after each epoch: evaluation of the model, and the log."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

from hookline import HooklineWarning, hookimpl
from hookline.data import length_of
from hookline.errors import DataError
from hookline.training import MeanLosses, built_metric, metric_errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import Tensor, nn

    from hookline import Run
    from hookline.data import Batch, Batches, Outputs
    from hookline.spec import MetricSpec, Prediction


@hookimpl(trylast=True)
def predict(run: Run, criterion: nn.Module, outputs: Outputs, batch: Batch) -> Mapping[str, Prediction]:
    """Return the predictions for each loss, which are computed when they are first used."""
    return run.objective.predict(criterion, outputs, batch, run.undo)


@hookimpl(trylast=True)
def evaluate(run: Run, model: nn.Module, criterion: nn.Module, batches: Batches, split: str) -> Mapping[str, float]:
    """Compute the loss over all rows of the split, and the metrics of its predictions."""
    import torch

    spec, objective, stages = run.spec, run.objective, run.stages
    losses = MeanLosses(objective)
    metrics: list[tuple[MetricSpec, str, Any]] = []
    interruption = run.interruption
    batch = None
    model.eval()
    criterion.eval()
    with torch.no_grad():
        for batch in batches.epoch(run.epoch):
            if interruption.number is not None:
                run.raise_if_interrupted()
            outputs = stages.forward(run=run, model=model, batch=batch)
            loss = stages.loss(run=run, criterion=criterion, outputs=outputs, batch=batch)
            losses.add(loss, objective.divisor(criterion, batch), objective.terms(criterion))
            predicted = stages.predict(run=run, criterion=criterion, outputs=outputs, batch=batch)
            # The first prediction determines the number of classes.
            metrics = metrics or list(_built(run, predicted))
            for metric, key, state in metrics:
                with metric_errors(metric, spec, split):
                    true = predicted[key].distribution if metric.takes_distributions else predicted[key].truth
                    state.update(*metric.prepare(_evaluated(metric, predicted[key]), true))
    model.train()
    criterion.train()
    if batch is None:
        length = length_of(batches)
        expected = "" if length is None else f"; {length} were expected"
        raise DataError(f"data: The {split} split yielded no batch{expected}.")
    evaluated = losses.values()
    for metric, _, state in metrics:
        with metric_errors(metric, spec, split):
            evaluated[metric.label] = float(state.compute())
        if math.isnan(evaluated[metric.label]):
            message = f"{metric.label} is NaN on the {split} split. {metric.undefined}".rstrip()
            place = ("metrics", spec.metrics.index(metric))
            warnings.warn(HooklineWarning(message, place, id="undefined-metric"), stacklevel=2)
    return evaluated


@hookimpl(trylast=True)
def log(run: Run, record: dict[str, Any]) -> Mapping[str, Any]:
    """Return the record as it is."""
    return record


def _evaluated(metric: MetricSpec, prediction: Prediction) -> Tensor:
    """Return the predictions, or the scores for a metric that ranks rows."""
    return prediction.scores if metric.ranks else prediction.predictions


def _built(run: Run, predicted: Mapping[str, Prediction]) -> Iterator[tuple[MetricSpec, str, Any]]:
    """Yield each metric with the key of the prediction that it evaluates, and the object that accumulates it."""
    for metric in run.spec.metrics:
        key = run.objective.key(metric.target)
        with metric_errors(metric, run.spec, "validation"):
            first = _evaluated(metric, predicted[key])
            yield metric, key, built_metric(metric, run.spec, predicted[key].loss, first)
