"""The stages after each epoch: evaluation of the model, and the log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hookline import hookimpl
from hookline.data import length_of
from hookline.errors import DataError
from hookline.training import MeanLosses, SplitMetrics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import nn

    from hookline import Run
    from hookline.data import Batch, Batches, Outputs
    from hookline.spec import Prediction


@hookimpl(trylast=True)
def predict(run: Run, criterion: nn.Module, outputs: Outputs, batch: Batch) -> Mapping[str, Prediction]:
    """Return the predictions for each loss, which are computed when they are first used."""
    return run.objective.predict(criterion, outputs, batch, run.undo)


@hookimpl(trylast=True)
def evaluate(run: Run, model: nn.Module, criterion: nn.Module, batches: Batches, split: str) -> Mapping[str, float]:
    """Compute the loss over all rows of the split, and the metrics of its predictions."""
    import torch

    objective, stages, interruption = run.objective, run.stages, run.interruption
    losses, metrics = MeanLosses(objective), SplitMetrics(run, split)
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
            metrics.add(stages.predict(run=run, criterion=criterion, outputs=outputs, batch=batch))
        evaluated = metrics.values()
    model.train()
    criterion.train()
    if batch is None:
        length = length_of(batches)
        expected = "" if length is None else f"; {length} were expected"
        raise DataError(f"data: The {split} split yielded no batch{expected}.")
    return {**losses.values(), **evaluated}


@hookimpl(trylast=True)
def log(run: Run, record: dict[str, Any]) -> Mapping[str, Any]:
    """Return the record as it is."""
    return record
