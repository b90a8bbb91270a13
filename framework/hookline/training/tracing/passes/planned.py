"""What `hookline plan` says about tracing evaluations: whether a batch can be traced, and if not, why."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hookline.errors.text import counted
from hookline.plugins.stages import Run
from hookline.runs import devices
from hookline.training.tracing.conditions import EVALUATED, why_not
from hookline.training.tracing.graphs import runners
from hookline.training.tracing.graphs.graph import Untraceable
from hookline.training.tracing.passes.recorded_batch import RecordedBatch
from hookline.training.tracing.shapes import why_not_batch
from hookline.training.tracing.watched import Watched

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.batches import Batch


def planned_evaluation(run: Run, example: "Batch", model: "nn.Module", criterion: "nn.Module") -> str | None:
    """Record an evaluation of the example, undo it, and say what can be traced; `None` if the evaluation fails."""
    reason = why_not(run, EVALUATED)
    if reason is None:
        reason = why_not_batch(example)
    if reason is None:
        try:
            operations = _operations(run, example, model, criterion)
        except Untraceable as error:
            reason = str(error)
        except Exception:  # noqa: BLE001 - Some models or metrics need more rows.
            return None
    if reason is not None:
        return f"Evaluations are computed by the layers: {reason}."
    return f"Evaluations become {counted(operations, 'operation')}, if there are enough batches to earn back the cost."


def _operations(run: Run, example: "Batch", model: "nn.Module", criterion: "nn.Module") -> int:
    """The number of operations of the trace of an evaluation.

    Raises:
        Untraceable: If the operations cannot be repeated without the layers.

    """
    import torch

    batch = example.changed(lambda tensor: tensor.clone())
    with torch.no_grad(), _evaluating(model, criterion):
        recording = RecordedBatch(run, model, criterion, batch, Watched((model, criterion), None, run.objective))
        try:
            with devices.forked_generators(run.device):
                recording.record()
                trace = recording.traced(runners.best_of_batches, is_rewritten=False)
        finally:
            recording.undo()
    return len(trace.graph.calls)


@contextmanager
def _evaluating(*roots: "nn.Module") -> Iterator[None]:
    """Put modules into evaluation mode inside the context."""
    modes = [(module, module.training) for root in roots for module in root.modules()]
    try:
        for root in roots:
            root.eval()
        yield
    finally:
        for module, mode in modes:
            module.training = mode
