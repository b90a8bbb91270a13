"""Decide at the beginning of a training whether its steps are traced.

The other modules of `tracing` are imported only then: they take longer to import than a short training takes.
"""

from collections.abc import Callable
from types import FunctionType
from typing import TYPE_CHECKING, Any

from hookline.data.tensor_batches import are_in_memory
from hookline.plugins.stages import Run
from hookline.training.tracing import worth
from hookline.training.tracing.conditions import why_not

if TYPE_CHECKING:
    from torch import Tensor, nn, optim

    from hookline.data.batches import Batch, Batches
    from hookline.training.tracing.updates.steps_at_once import StepsAtOnce
    from hookline.training.tracing.updates.steps_in_groups import Loop

    Gradients = Callable[[Batch], Tensor]


def traced_gradients(
    run: Run, model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer", by_layers: "Gradients"
) -> "Gradients":
    """Return a function that computes the same as `by_layers`, by a trace where that is faster."""
    reason = why_not(run)
    if reason is None and not worth.can_earn_its_cost(run):
        reason = worth.TOO_SHORT
    if reason is not None:
        run.traced_steps.add_reason(reason)
        return by_layers
    from hookline.training.tracing.traced_gradients import TracedGradients

    return TracedGradients(run, model, criterion, optimizer, by_layers)


def steps_at_once(
    run: Run,
    batches: "Batches",
    gradients: Any,
    optimizer: "optim.Optimizer",
    loop: "Loop",
) -> "StepsAtOnce | None":
    """Return what makes several steps in one call; `None` if something may happen between any two.

    Args:
        run: the run.
        batches: the training split.
        gradients: what `gradients_of` returned.
        optimizer: the optimizer.
        loop: the training loop.

    """
    if isinstance(gradients, FunctionType) or run.spec.optimizer.needs_closure:
        return None  # The layers compute all gradients, or some of them several times in a step.
    schedules = run.stages.schedules("step")
    # Other batches may depend on the steps before them, so they must not be requested earlier.
    if not are_in_memory(batches) or schedules is None:
        return None
    from hookline.training.tracing.updates.optimizer_updates import OptimizerUpdates
    from hookline.training.tracing.updates.options import ComingOptions
    from hookline.training.tracing.updates.steps_at_once import StepsAtOnce
    from hookline.training.tracing.updates.steps_in_groups import StepsInGroups

    rows: Any = batches  # They are `TensorBatches`.
    options = ComingOptions(run, optimizer, schedules)
    updates = OptimizerUpdates(run, gradients, optimizer, rates_may_change=options.may_change)
    groups = StepsInGroups(run, gradients.traces, updates, rows, loop)
    return StepsAtOnce(run, gradients, optimizer, options, updates, groups)
