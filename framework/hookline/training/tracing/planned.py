"""What `hookline plan` says about tracing: which part of a step can be traced, and if none, why."""

from typing import TYPE_CHECKING

from hookline.errors.text import counted
from hookline.plugins.stages import Run
from hookline.runs import devices
from hookline.training.tracing.conditions import why_not
from hookline.training.tracing.graphs import runners
from hookline.training.tracing.graphs.graph import Untraceable
from hookline.training.tracing.recorded_step import RecordedStep, parameters_of
from hookline.training.tracing.shapes import why_not_batch
from hookline.training.tracing.watched import Watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn, optim

    from hookline.data.batches import Batch


def planned_tracing(
    run: Run,
    example: "Batch",
    modules: "tuple[nn.Module, nn.Module]",
    optimizer: "optim.Optimizer",
    gradients: "Callable[[Batch], Tensor]",
) -> str | None:
    """Record a step with the example, undo it, and say what can be traced; `None` if the step fails with two rows.

    Args:
        run: the run.
        example: some rows.
        modules: the model and the criterion, as they are trained.
        optimizer: the optimizer.
        gradients: computes the gradients of a batch by the layers.

    """
    reason = why_not(run)
    if reason is None:
        reason = why_not_batch(example)
    if reason is None:
        batch = example.changed(lambda tensor: tensor.clone())
        parameters = parameters_of(optimizer)
        kept = [parameter.grad for parameter in parameters]
        try:
            watched = Watched(modules, optimizer, run.objective)
            recording = RecordedStep(watched, parameters, batch)
        except Untraceable as error:
            return f"Steps are computed by the layers: {error}."
        try:
            with devices.forked_generators(run.device):
                recording.record(lambda: gradients(batch))
            step = recording.traced(run.objective.terms(modules[1]), runners.best, is_rewritten=False)
        except Untraceable as error:
            reason = str(error)
        except Exception:  # noqa: BLE001 - Some steps need more than two rows.
            return None
        finally:
            recording.undo()
            for parameter, gradient in zip(parameters, kept, strict=True):
                parameter.grad = gradient
    if reason is not None:
        return f"Steps are computed by the layers: {reason}."
    operations = counted(len(step.graph.calls), "operation")
    return f"Forward, loss and backward pass become {operations}, if there are enough steps to earn back the cost."
