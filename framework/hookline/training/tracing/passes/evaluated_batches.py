"""The batches of an evaluation, each with its loss and its predictions."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attrs import define, field

from hookline.plugins.stages import Run
from hookline.training.tracing import worth
from hookline.training.tracing.conditions import EVALUATED, WATCHED, why_not
from hookline.training.tracing.passes.evaluated_batch import EvaluatedBatch, evaluated_by_layers
from hookline.training.tracing.passes.kept_batches import KeptBatches, kept_batches
from hookline.training.tracing.passes.modes import set_modes
from hookline.training.tracing.passes.to_come import can_earn_its_cost

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.batches import Batches
    from hookline.training.tracing.passes.traced_evaluation import TracedEvaluation
    from hookline.training.tracing.passes.traced_group import TracedGroup
    from hookline.training.tracing.watched import Watched

KEPT = "evaluations"
"""The name under which a run keeps what its evaluations share."""

MOST_KEPT = 3
"""The largest number of pairs of model and criterion whose traces are kept, such as a model and its moving average."""


@define(eq=False, repr=False)
class Kept:
    """What a run keeps for its evaluations."""

    reason: str | None
    """Why none is traced; `None` if they may be."""
    traced: "list[TracedEvaluation]" = field(factory=list)
    """The traces of pairs of model and criterion."""
    batches: KeptBatches | None = None
    """The batches of a split that are the same in each pass."""
    left: set[str] = field(factory=set)
    """The splits with so few batches to come that their traces would not earn back what they cost."""


def evaluated_batches(
    run: Run, model: "nn.Module", criterion: "nn.Module", batches: "Batches", split: str
) -> "Iterator[EvaluatedBatch | TracedGroup]":
    """Yield the loss and the predictions of each batch of a split, or of several batches at once.

    The stages `forward`, `loss` and `predict` compute them, in evaluation mode. If only the built-in answers implement
    these stages, a trace may compute the same without calling them: see `tracing`. Call this inside `torch.no_grad()`.
    In the end, all layers are in training mode.

    Raises:
        KeyboardInterrupt: After Ctrl-C or another signal, before the next batch.

    """
    kept: Kept = run.kept.get(KEPT) or _begun(run)
    of_steps = _compared_layers(run)
    evaluation = next((one for one in kept.traced if one.is_of(model, criterion)), None)
    if evaluation is None and kept.reason is None and not _is_left(run, kept, split, batches):
        # Not imported before, as in `beginning`.
        from hookline.training.tracing.passes.traced_evaluation import TracedEvaluation

        evaluation = TracedEvaluation(run, model, criterion)
        kept.traced[:] = [evaluation, *kept.traced[: MOST_KEPT - 1]]
    if evaluation is not None:
        same = _taken(kept, batches)
        yield from evaluation.batches(batches, split, same, of_steps)
        kept.batches = same
    else:
        set_modes((model, criterion), is_training=False)
        for batch in batches.epoch(run.epoch):
            if run.interruption.number is not None:
                run.raise_if_interrupted()
            run.traced_evaluation.by_layers += kept.reason is None
            yield evaluated_by_layers(run, model, criterion, batch)
        set_modes((model, criterion), is_training=True)


def _begun(run: Run) -> Kept:
    """Decide once whether evaluations may be traced: no plugin is added during a run."""
    reason = why_not(run, EVALUATED)
    if reason is not None:
        run.traced_evaluation.add_reason(reason)
    kept = run.kept[KEPT] = Kept(reason)
    return kept


def _compared_layers(run: Run) -> "Watched | None":
    """The layers of the steps, if nothing has happened since they were compared with those that were recorded."""
    watched: Watched | None = run.kept.get(WATCHED)
    if watched is None or not watched.is_current:
        return None
    watched.is_current = False  # Metrics and callbacks follow.
    return watched


def _taken(kept: Kept, batches: "Batches") -> KeptBatches | None:
    """Take the kept batches, if they are those of this split, so that nothing else uses them at the same time."""
    same, kept.batches = kept.batches, None
    return same if same is not None and same.is_refreshed(batches) else kept_batches(batches)


def _is_left(run: Run, kept: Kept, split: str, batches: "Batches") -> bool:
    """Whether the layers evaluate a split. Later, even fewer batches are to come, unless the run may become longer."""
    if split in kept.left:
        return True
    is_left = not can_earn_its_cost(run, split, batches)
    if is_left and run.last_step is not None and worth.epochs_before_end(run) is None:
        kept.left.add(split)
    return is_left
