"""What is done after each epoch: the model is judged, and what came of it is kept."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hookline import DataError, MeanLoss, MisfitError, PartLosses, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import Tensor, nn

    from hookline import Batch, Batches, LossSpec, MetricSpec, Outputs, Run, TrainingSpec


@hookimpl(trylast=True)
def evaluate(run: Run, model: nn.Module, criterion: nn.Module, batches: Batches, split: str) -> Mapping[str, float]:
    """The loss over all rows of the split, and the metrics of its predictions."""
    import torch

    spec = run.spec
    losses, parts = MeanLoss(), PartLosses(spec.loss)
    metrics: list[tuple[MetricSpec, Any]] = []
    batch = None
    model.eval()
    criterion.eval()
    with torch.no_grad():
        for batch in batches.epoch(run.epoch):
            outputs = run.stages.forward(run=run, model=model, batch=batch)
            loss = run.stages.loss(run=run, criterion=criterion, outputs=outputs, batch=batch)
            losses.add(loss, spec.loss.divisor(criterion, batch))
            parts.add(criterion, batch)
            if spec.metrics:
                targets = {metric.target for metric in spec.metrics}
                known = {target: _judged(spec.loss, target, criterion, outputs, batch) for target in targets}
                # How many classes there are is known when there is a prediction.
                metrics = metrics or [(metric, _built(metric, run, known[metric.target][0])) for metric in spec.metrics]
                for metric, state in metrics:
                    with _naming(metric, spec, split):
                        state.update(*metric.prepare(*known[metric.target]))
    model.train()
    criterion.train()
    if batch is None:
        raise DataError(f"data: The {split} split gave no batch to evaluate, instead of {len(batches)}.")
    judged = parts.with_total(losses)
    for metric, state in metrics:
        with _naming(metric, spec, split):
            judged[metric.label] = float(state.compute())
    return judged


@hookimpl(trylast=True)
def log(run: Run, record: dict[str, Any]) -> Mapping[str, Any]:
    """The record as it is."""
    return record


def _judged(
    loss: LossSpec, target: str | None, criterion: nn.Module, outputs: Outputs, batch: Batch
) -> tuple[Tensor, Tensor]:
    """What is predicted of a target, and what is true of it."""
    judge = loss.of_target(target)
    criterion, outputs, batch = loss.part(target, criterion, outputs, batch)
    return judge.predictions(criterion, outputs, batch), judge.truth(batch)


def _built(metric: MetricSpec, run: Run, predictions: Tensor) -> Any:
    with _naming(metric, run.spec, "validation"):
        return metric.build(run.spec.loss.of_target(metric.target), predictions).to(predictions.device)


@contextmanager
def _naming(metric: MetricSpec, spec: TrainingSpec, split: str) -> Iterator[None]:
    """What torchmetrics raises becomes a sentence that names the metric, and its place in the spec."""
    try:
        yield
    except (ValueError, RuntimeError, TypeError, IndexError) as error:
        message = f"{metric.label} cannot judge the {split} split. {error}"
        raise MisfitError(message, ("metrics", spec.metrics.index(metric))) from error
