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

    from hookline.training import evaluated_batches  # Not needed to check a spec, and it imports much.

    losses, metrics = MeanLosses(run.objective), SplitMetrics(run, split)
    evaluated = None
    with torch.no_grad():
        for evaluated in evaluated_batches(run, model, criterion, batches, split):
            evaluated.add_to(losses, metrics)
        numbers = metrics.values()
    if evaluated is None:
        length = length_of(batches)
        expected = "" if length is None else f"; {length} were expected"
        raise DataError(f"data: The {split} split yielded no batch{expected}.")
    return {**losses.values(), **numbers}


@hookimpl(trylast=True)
def log(run: Run, record: dict[str, Any]) -> Mapping[str, Any]:
    """Return the record as it is."""
    return record
