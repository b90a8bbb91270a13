"""What is done after each epoch: the model is judged, and what came of it is kept."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hookline import Batches, MeanLoss, MetricSpec, MisfitError, Run, hookimpl

if TYPE_CHECKING:
    from torch import Tensor, nn


@hookimpl(trylast=True)
def evaluate(run: Run, model: "nn.Module", criterion: "nn.Module", batches: Batches, split: str) -> Mapping[str, float]:
    """The loss over all rows of the split, and the metrics of its predictions."""
    import torch

    spec = run.spec
    losses = MeanLoss()
    metrics: list[tuple[MetricSpec, Any]] = []
    model.eval()
    criterion.eval()
    with torch.no_grad():
        for batch in batches.epoch(run.epoch):
            outputs = run.stages.forward(run=run, model=model, batch=batch)
            loss = run.stages.loss(run=run, criterion=criterion, outputs=outputs, batch=batch)
            losses.add(loss, spec.loss.divisor(criterion, batch.target))
            if spec.metrics:
                predictions = spec.loss.predictions(outputs)
                # How many classes there are is known when there is a prediction.
                metrics = metrics or [(metric, _built(metric, run, predictions)) for metric in spec.metrics]
                for metric, state in metrics:
                    with _naming(metric, split):
                        state.update(*metric.prepare(predictions, batch.target))
    model.train()
    criterion.train()
    judged = {"loss": losses.value()}
    for metric, state in metrics:
        with _naming(metric, split):
            judged[metric.label] = float(state.compute())
    return judged


@hookimpl(trylast=True)
def log(run: Run, record: dict[str, Any]) -> Mapping[str, Any]:
    """The record as it is."""
    return record


def _built(metric: MetricSpec, run: Run, predictions: "Tensor") -> Any:
    with _naming(metric, "validation"):
        return metric.build(run.spec.loss, predictions).to(predictions.device)


@contextmanager
def _naming(metric: MetricSpec, split: str) -> Iterator[None]:
    """What torchmetrics raises becomes a sentence that names the metric."""
    try:
        yield
    except (ValueError, RuntimeError, TypeError, IndexError) as error:
        raise MisfitError(f"{metric.label} cannot judge the {split} split. {error}", ("metrics",)) from error
