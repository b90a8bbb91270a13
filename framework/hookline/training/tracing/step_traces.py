"""The traces of steps, one for each shape of batches, as long as the layers are as they were recorded."""

from typing import TYPE_CHECKING

from hookline.plugins.stages import Run
from hookline.training.tracing.conditions import settings_of
from hookline.training.tracing.layers_as_recorded import LayersAsRecorded
from hookline.training.tracing.shapes import OfShape, Shapes
from hookline.training.tracing.traced_step import TracedStep
from hookline.training.tracing.updates.update import TracedUpdates

if TYPE_CHECKING:
    from hookline.data.batches import Batch
    from hookline.training.tracing.updates.planned_epoch import PlannedEpoch

MOST_CHANGES = 8
"""After so many changes of layers, which each need a new trace, the layers compute all further batches."""


class StepTraces:
    """Keeps the traces of gradients and updates, and forgets them if layers change."""

    def __init__(self, run: Run):
        """Begin without traces."""
        self._run, self._report = run, run.traced_steps
        self._shapes = Shapes(OfShape, self._report)
        self.layers = LayersAsRecorded(run)
        """What the traces depend on, besides the updates."""
        self.are_rewritten = True
        """Whether slow operations are replaced by faster ones."""
        self.have_updates = False
        """Whether the updates are traced with the gradients where possible, so that a trace saves more."""
        self.are_left = False
        """Whether the layers compute all further batches."""
        self.plan: PlannedEpoch | None = None
        """The plan of further epochs, as long as the traces that it needs are kept."""

    @property
    def exist(self) -> bool:
        """Whether a step has been recorded since layers have last changed."""
        return self.layers.watched is not None

    def of(self, batch: "Batch") -> OfShape:
        """Return what is known about the shape of a batch."""
        count = len(self._shapes)
        shape = self._shapes.of(batch)
        if len(self._shapes) > count:
            self._leave_if_none_is_traced()
        return shape

    def are_as_recorded(self) -> bool:
        """Whether what the traces depend on is unchanged; if layers have changed, all traces are forgotten."""
        if self.are_left or (present := settings_of(self._run)) is None:
            return False  # Something wants to see each operation.
        if not self.layers.are_unchanged(present):
            self.forget()
            self.are_left = self.layers.changes >= MOST_CHANGES
        return not self.are_left

    def are_same(self) -> bool:
        """Whether what the traces depend on is unchanged. They are kept if it is not."""
        present = settings_of(self._run)
        return present is not None and self.layers.are_same(present)

    def forget(self) -> None:
        """Forget all traces, since something that they depend on has changed."""
        self.layers.watched = self.plan = None
        for key, shape in self._shapes.items():
            self._shapes[key] = OfShape(shape.count, is_left=key is None)
            self._shapes[key].gradients.by_layers = shape.gradients.by_layers

    def are_recorded_plainly(self, step: TracedStep, reason: str) -> bool:
        """Record all traces anew without faster operations, if that of a step has some, since a reason forbids it."""
        if not step.saved or not self.are_rewritten:
            return False
        self.are_rewritten = False
        self._report.add_reason(f"faster operations are not used: {reason}")
        self.forget()
        return True

    def of_updates(self) -> TracedUpdates | None:
        """Return the trace of the updates of any shape; `None` if there is none."""
        return next((shape.updates for shape in self._shapes.values() if shape.updates is not None), None)

    def forget_updates(self) -> None:
        """Forget the traces of updates, so that those of gradients are used alone."""
        self.plan = None
        for shape in self._shapes.values():
            shape.updates = None

    def leave(self, shape: OfShape | None, reason: str) -> None:
        """Let the layers compute all further batches of a shape, if there is one."""
        if shape is not None:
            shape.is_left, shape.step, shape.updates, self.plan = True, None, None, None
        self._report.add_reason(reason)
        self._leave_if_none_is_traced()

    def _leave_if_none_is_traced(self) -> None:
        """Do not look at further batches if those of all shapes so far are left to the layers."""
        self.are_left = self.are_left or all(shape.is_left for shape in self._shapes.values())

    def seconds(self) -> float:
        """The shortest time of a batch by the layers."""
        return min(shape.gradients.by_layers for shape in self._shapes.values())
