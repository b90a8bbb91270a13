"""The batches of an evaluation, each with its loss and its predictions."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hookline.data.batches import length_of
from hookline.plugins.stages import Run
from hookline.training.tracing.conditions import EVALUATED, why_not
from hookline.training.tracing.passes.evaluated_batch import EvaluatedBatch, evaluated_by_layers
from hookline.training.tracing.passes.to_come import can_earn_its_cost
from hookline.training.tracing.passes.traced_batch import TracedGroup
from hookline.training.tracing.passes.traced_evaluation import TracedEvaluation

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.batches import Batches

KEPT = "traced evaluations"
"""The name under which a run keeps its traces."""

MOST_KEPT = 3
"""The largest number of pairs of model and criterion whose traces are kept, such as a model and its moving average."""


def evaluated_batches(
    run: Run, model: "nn.Module", criterion: "nn.Module", batches: "Batches", split: str
) -> Iterator[EvaluatedBatch | TracedGroup]:
    """Yield the loss and the predictions of each batch of a split, or of several batches at once.

    The stages `forward`, `loss` and `predict` compute them, in evaluation mode. If only the built-in answers implement
    these stages, a trace may compute the same without calling them: see `tracing`. Call this inside `torch.no_grad()`.
    In the end, all layers are in training mode.

    Raises:
        KeyboardInterrupt: After Ctrl-C or another signal, before the next batch.

    """
    reason = why_not(run, EVALUATED)
    if reason is not None:
        run.traced_evaluation.add_reason(reason)
        yield from _by_layers(run, model, criterion, batches)
        return
    kept: list[TracedEvaluation] = run.kept.setdefault(KEPT, [])
    evaluation = next((one for one in kept if one.is_of(model, criterion)), None)
    if evaluation is None:
        if not can_earn_its_cost(run, split, batches):
            run.traced_evaluation.by_layers += length_of(batches) or 0
            yield from _by_layers(run, model, criterion, batches)
            return
        evaluation = TracedEvaluation(run, model, criterion)
        kept[:] = [evaluation, *kept[: MOST_KEPT - 1]]
    yield from evaluation.batches(batches, split)


def _by_layers(run: Run, model: "nn.Module", criterion: "nn.Module", batches: "Batches") -> Iterator[EvaluatedBatch]:
    model.eval()
    criterion.eval()
    for batch in batches.epoch(run.epoch):
        if run.interruption.number is not None:
            run.raise_if_interrupted()
        yield evaluated_by_layers(run, model, criterion, batch)
    model.train()
    criterion.train()
