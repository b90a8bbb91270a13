"""What is done after each epoch: the model is judged, and what came of it is kept."""

from __future__ import annotations

import math
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hookline import HooklineWarning, hookimpl
from hookline.errors import DataError, MisfitError, OptionError
from hookline.training import MeanLoss, PartLosses

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import Tensor, nn

    from hookline import Run, TrainingSpec
    from hookline.data import Batch, Batches, Outputs
    from hookline.spec import LossSpec, MetricSpec


@hookimpl(trylast=True)
def evaluate(run: Run, model: nn.Module, criterion: nn.Module, batches: Batches, split: str) -> Mapping[str, float]:
    """The loss over all rows of the split, and the metrics of its predictions."""
    import torch

    spec = run.spec
    losses, parts = MeanLoss(), PartLosses(spec.loss)
    metrics: list[tuple[MetricSpec, Any]] = []
    interruption = run.interruption
    judged_by = {(metric.target, metric.takes) for metric in spec.metrics}
    batch = None
    model.eval()
    criterion.eval()
    with torch.no_grad():
        for batch in batches.epoch(run.epoch):
            if interruption.number is not None:
                run.raise_if_interrupted()
            outputs = run.stages.forward(run=run, model=model, batch=batch)
            loss = run.stages.loss(run=run, criterion=criterion, outputs=outputs, batch=batch)
            losses.add(loss, spec.loss.divisor(criterion, batch))
            parts.add(criterion, batch)
            if spec.metrics:
                known = {what: _judged(spec.loss, *what, criterion, outputs, batch) for what in judged_by}
                # How many classes there are is known when there is a prediction.
                metrics = metrics or [
                    (metric, _built(metric, run, known[metric.target, metric.takes][0])) for metric in spec.metrics
                ]
                for metric, state in metrics:
                    with _naming(metric, spec, split):
                        state.update(*metric.prepare(*known[metric.target, metric.takes]))
    model.train()
    criterion.train()
    if batch is None:
        raise DataError(f"data: The {split} split gave no batch to evaluate, instead of {len(batches)}.")
    judged = parts.with_total(losses)
    for metric, state in metrics:
        with _naming(metric, spec, split):
            judged[metric.label] = float(state.compute())
        if math.isnan(judged[metric.label]):
            message = f"{metric.label} is NaN on the {split} split. {metric.undefined}".rstrip()
            place = ("metrics", spec.metrics.index(metric))
            warnings.warn(HooklineWarning(message, place, id="undefined-metric"), stacklevel=2)
    return judged


@hookimpl(trylast=True)
def log(run: Run, record: dict[str, Any]) -> Mapping[str, Any]:
    """The record as it is."""
    return record


def _judged(
    loss: LossSpec, target: str | None, takes: str, criterion: nn.Module, outputs: Outputs, batch: Batch
) -> tuple[Tensor, Tensor]:
    """What is predicted of a target, as predictions or as scores, and what is true of it."""
    judge = loss.of_target(target)
    criterion, outputs, batch = loss.part(target, criterion, outputs, batch)
    predict = judge.scores if takes == "scores" else judge.predictions
    return predict(criterion, outputs, batch), judge.truth(batch)


def _built(metric: MetricSpec, run: Run, predictions: Tensor) -> Any:
    with _naming(metric, run.spec, "validation"):
        return metric.build(run.spec.loss.of_target(metric.target), predictions).to(predictions.device)


@contextmanager
def _naming(metric: MetricSpec, spec: TrainingSpec, split: str) -> Iterator[None]:
    """What a metric raises becomes a sentence that names the metric, and its place in the spec."""
    place = ("metrics", spec.metrics.index(metric))
    try:
        yield
    except OptionError as error:
        raise MisfitError(
            f"{metric.label} cannot be computed. {error}", (*place, *error.path), id="unfit-metric"
        ) from error
    except (ValueError, RuntimeError, TypeError, IndexError) as error:
        raise MisfitError(
            f"{metric.label} cannot judge the {split} split. {error}", place, id="unfit-metric"
        ) from error
