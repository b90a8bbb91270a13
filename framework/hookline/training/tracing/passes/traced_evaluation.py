"""The batches of evaluations, by the layers first and then by traces of them, with the same bits."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from hookline.plugins.stages import Run
from hookline.training.tracing import worth
from hookline.training.tracing.conditions import WATCHED, settings_of
from hookline.training.tracing.graphs import runners
from hookline.training.tracing.graphs.graph import Untraceable, reason_of
from hookline.training.tracing.layers_as_recorded import reason_of_new_trace
from hookline.training.tracing.passes import to_come
from hookline.training.tracing.passes.evaluated_batch import EvaluatedBatch, evaluated_by_layers
from hookline.training.tracing.passes.groups import Group
from hookline.training.tracing.passes.groups_of_passes import GroupsOfPasses, OwnBatches
from hookline.training.tracing.passes.kept_batches import KeptBatches
from hookline.training.tracing.passes.modes import Modes, set_modes
from hookline.training.tracing.passes.of_shape import OfShape
from hookline.training.tracing.passes.recorded_batch import RecordedBatch
from hookline.training.tracing.passes.traced_group import TracedGroup
from hookline.training.tracing.shapes import Shapes
from hookline.training.tracing.snapshot import Snapshot
from hookline.training.tracing.step_traces import MOST_CHANGES
from hookline.training.tracing.traced_step import tensors_of
from hookline.training.tracing.watched import Watched

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.data.batches import Batch, Batches

WARM_UP = 2
"""The number of batches of a shape that the layers evaluate first. Their shortest time counts."""


class TracedEvaluation:
    """Evaluates the batches of splits. Each shape of batches has its own trace.

    The layers evaluate the first batches of a shape. One of them is recorded while they do so. The next ones are
    evaluated both ways from the same state; if loss, predictions, buffers and random numbers have the same bits each
    time, the trace evaluates the others. If a layer has changed before a pass, everything begins anew.
    """

    def __init__(self, run: Run, model: "nn.Module", criterion: "nn.Module"):
        """Begin without traces."""
        self._run, self._model, self._criterion = run, model, criterion
        self._report = run.traced_evaluation
        self._shapes = Shapes(OfShape, self._report)
        self._watched: Watched | None = None
        self._modes: Modes | None = None
        self._settings: Any = None
        self._same_with: Watched | None = None
        """What is watched for the steps and was the same, like the layers here, in one evaluation."""
        self._is_observed = False
        self._are_rewritten = True
        self._changes = 0
        self._count = 0
        self._groups = GroupsOfPasses(self._shapes.of)

    def is_of(self, model: "nn.Module", criterion: "nn.Module") -> bool:
        """Whether it evaluates this model with this criterion."""
        return self._model is model and self._criterion is criterion

    def batches(
        self, batches: "Batches", split: str, kept: KeptBatches | None, of_steps: Watched | None = None
    ) -> Iterator[EvaluatedBatch | TracedGroup]:
        """Evaluate the batches of a split: see `evaluated_batches`.

        Args:
            batches: the batches.
            split: the name of the split.
            kept: the same batches, if they are kept.
            of_steps: what was compared before the last steps, if nothing has happened since then.

        """
        run, interruption, report = self._run, self._run.interruption, self._report
        self._begin(of_steps)
        by_layers, position = report.by_layers, 0
        for_layers = OwnBatches(batches, run.epoch).of
        for group in self._groups.of(batches, run.epoch, kept, are_single=self._is_observed):
            if interruption.number is not None:
                run.raise_if_interrupted()
            shape, count = group.shape, len(group.batches)
            shape.count += count
            self._count += count
            if shape.is_left or self._is_observed:
                yield from self._all_by_layers(for_layers(group, position))
            elif shape.is_ready:
                traced = self._traced(group)
                if traced is not None:
                    yield traced
                else:
                    yield from self._all_by_layers(for_layers(group, position))
            else:
                report.by_layers += 1
                yield self._first(
                    for_layers(group, position), partial(to_come.batches_to_come, run, split, batches, position)
                )
            position += count
        self._end(is_traced=report.by_layers == by_layers)

    def _begin(self, of_steps: Watched | None) -> None:
        """Switch to evaluation mode; forget the traces if what they depend on has changed.

        What has been compared for the steps is not compared again: if it was the same in an earlier evaluation, too, so
        are the layers now, apart from their mode.
        """
        if self._watched is None:
            self._is_observed = False
            set_modes((self._model, self._criterion), is_training=False)
            return
        if of_steps is not None and of_steps is self._same_with and self._modes is not None and not self._is_observed:
            self._modes.evaluate()
            return
        self._same_with = None
        present = settings_of(self._run, with_gradients=False)
        self._is_observed = present is None
        if self._modes is not None and not self._is_observed:
            before = self._modes.evaluate()
            if present == self._settings and self._watched.is_unchanged_inside():
                if of_steps is not None and of_steps.is_of((self._model, self._criterion)):
                    self._same_with = of_steps
                return
            self._modes.restore(before)
        set_modes((self._model, self._criterion), is_training=False)
        if self._is_observed:
            return
        if present != self._settings or not self._watched.is_unchanged_inside():
            self._changes += 1
            self._report.add_reason(reason_of_new_trace(self._watched))
            self._forget(is_left=self._changes >= MOST_CHANGES)

    def _end(self, *, is_traced: bool) -> None:
        """Switch to training mode."""
        if is_traced and self._modes is not None:
            self._modes.train()
        else:
            set_modes((self._model, self._criterion), is_training=True)

    def _forget(self, *, is_left: bool) -> None:
        self._watched = self._modes = self._same_with = None
        self._groups.forget()
        for key, shape in self._shapes.items():
            shape.leave()  # Further groups of this pass may have it.
            self._shapes[key] = OfShape(shape.count, is_left=key is None or is_left)
            self._shapes[key].comparison.by_layers = shape.comparison.by_layers

    def _is_recorded_plainly(self, shape: OfShape, reason: str) -> bool:
        """Record all traces anew without faster operations, if that of a shape has some, since a reason forbids it."""
        is_rewritten = shape.trace is not None and shape.trace.is_rewritten
        if not is_rewritten or not self._are_rewritten or shape.comparison.has_same_bits:
            return False
        self._are_rewritten = False
        self._report.add_reason(f"faster operations are not used: {reason}")
        self._forget(is_left=False)
        return True

    def _leave(self, shape: OfShape, reason: str) -> None:
        shape.leave()
        self._groups.forget()
        self._report.add_reason(reason)

    def _by_layers(self, batch: "Batch") -> EvaluatedBatch:
        return evaluated_by_layers(self._run, self._model, self._criterion, batch)

    def _all_by_layers(self, group: Group) -> Iterator[EvaluatedBatch]:
        """Evaluate a group, which has several batches if it was made when its shape still had a trace."""
        for batch in group.batches:
            self._report.by_layers += 1
            yield self._by_layers(batch)

    def _traced(self, group: Group) -> TracedGroup | None:
        """Evaluate a group by its trace; `None` if this fails."""
        before, trace, count = None, group.shape.trace, len(group.batches)
        assert trace is not None
        try:
            if trace.changes_state:
                before = Snapshot(self._tensors(group.batches[0]))
            found = trace.run(group.columns, count)
        except Exception as error:  # noqa: BLE001 - The layers raise it again, or it does not count.
            if before is not None:
                before.restore()
            self._leave(group.shape, runners.failure(error))
            return None
        self._report.traced += count
        return TracedGroup(self._run, self._criterion, trace, group, found)

    def _first(self, group: Group, batches: Callable[[], int]) -> EvaluatedBatch:
        """Evaluate one of the first batches of a shape by the layers, and approach its trace.

        Args:
            group: the group, which has only one batch.
            batches: returns how many batches are to come, of all shapes.

        """
        [batch], shape = group.batches, group.shape
        if shape.trace is not None:
            evaluated, reason = shape.both_ways(batch, lambda: self._by_layers(batch), self._tensors(batch))
            if reason is not None and not self._is_recorded_plainly(shape, reason):
                self._leave(shape, reason)
            self._settle(shape)
            return evaluated
        if shape.count < shape.decides_at:
            return self._by_layers(batch)
        seconds, share = shape.comparison.by_layers, shape.count / self._count
        is_first = self._watched is None
        if shape.count <= WARM_UP:
            return shape.comparison.measured(lambda: self._by_layers(batch))
        if not to_come.earns_its_cost(seconds, batches() * share, is_first=is_first):
            # The number of batches to come is an estimate: a later batch decides again.
            shape.decides_at = shape.count + shape.count // 4 + 1
            return shape.comparison.measured(lambda: self._by_layers(batch))
        if worth.is_mostly_computation(seconds):
            self._leave(shape, "a batch takes so long that tracing saves little")
            return self._by_layers(batch)
        return self._recorded(shape, batch)

    def _recorded(self, shape: OfShape, batch: "Batch") -> EvaluatedBatch:
        """Evaluate a batch by the layers, and record it."""
        run, modules = self._run, (self._model, self._criterion)
        if settings_of(run, with_gradients=False) is None:  # Something observes operations now.
            return self._by_layers(batch)
        try:
            watched = self._watched or self._newly_watched()
            recording = RecordedBatch(run, *modules, batch, watched)
        except Untraceable as error:
            self._leave(shape, str(error))
            return self._by_layers(batch)
        try:
            evaluated = recording.record()
            reason = recording.reason_to_repeat()
        except Exception:  # noqa: BLE001 - The layers or the metrics raise it again, unless only the recording fails.
            reason = "the operations cannot be recorded"
        if reason is not None:
            recording.undo()
            self._leave(shape, reason)
            return self._by_layers(batch)
        try:
            shape.trace = recording.traced(runners.best_of_batches, is_rewritten=self._are_rewritten)
        except Exception as error:  # noqa: BLE001 - The layers have evaluated the batch.
            self._leave(shape, reason_of(error))
            return evaluated
        if self._watched is None:
            modes = Modes(modules)
            self._watched, self._modes = watched, modes if modes.are_plain else None
            self._settings = settings_of(self._run, with_gradients=False)
        self._settle(shape)
        return evaluated

    def _settle(self, shape: OfShape) -> None:
        shape.settle()
        if shape.is_ready:
            self._groups.forget()

    def _newly_watched(self) -> Watched:
        modules, of_steps = (self._model, self._criterion), self._run.kept.get(WATCHED)
        again = None if of_steps is None else of_steps.taken_again(modules)
        return again or Watched(modules, None, self._run.objective)

    def _tensors(self, batch: "Batch") -> "list[Tensor]":
        assert self._watched is not None
        return [*self._watched.tensors, *tensors_of(batch)]
