"""The steps of an epoch in groups, each of which is made in one call."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain, islice
from typing import TYPE_CHECKING, Protocol

from hookline.data.tensor_batches import are_in_memory
from hookline.plugins.stages import Run
from hookline.training.tracing.calls import most_in_call
from hookline.training.tracing.shapes import OfShape
from hookline.training.tracing.step_traces import StepTraces
from hookline.training.tracing.traced_step import tensors_of
from hookline.training.tracing.updates.optimizer_updates import OptimizerUpdates
from hookline.training.tracing.updates.planned_epoch import PlannedEpoch
from hookline.training.tracing.updates.steps import Part, Steps

if TYPE_CHECKING:
    from hookline.data.batches import Batch
    from hookline.data.tensor_batches import TensorBatches


class Loop(Protocol):
    """What the training loop says about its next steps."""

    @property
    def acts_between_steps(self) -> bool:
        """Whether it may do something between two steps of any epoch, such as look at the time."""

    def undisturbed_steps(self) -> int | None:
        """The number of steps that can be made before the loop itself does something; `None` for any number."""

    def unread_steps(self) -> int:
        """The number of steps that can be made before their losses are read: one that is not finite is an error."""

    def is_validated_next(self) -> bool:
        """Whether the model is evaluated immediately after the present epoch."""

    def is_in_training_mode(self) -> bool:
        """Whether all layers are in training mode, and switching to it does nothing else."""


class StepsInGroups:
    """Divides the steps of an epoch into groups."""

    def __init__(self, run: Run, traces: StepTraces, updates: OptimizerUpdates, batches: "TensorBatches", loop: Loop):
        """Begin before an epoch.

        Args:
            run: the run.
            traces: the traces of the steps.
            updates: the updates.
            batches: the training split. The full batches of an epoch come first. They are parts of the same tensors, so
                that they have the same shape.
            loop: the training loop.

        """
        self._run, self._traces, self._updates = run, traces, updates
        self._batches, self._loop = batches, loop
        self.is_current = False
        """Whether nothing has happened since layers and optimizer were last compared with those of the traces."""

    def of_epoch(self, begin: "Callable[[], Iterator[Batch]]", number: int) -> Iterator[Steps]:
        """Yield the groups of an epoch, each when the steps of the one before have been made.

        Args:
            begin: switches the layers to training mode, and returns the remaining batches of the epoch.
            number: how many batches of the epoch came before them.

        """
        self.is_current = False
        planned = None if number else self._planned()
        if planned is not None:
            yield planned
        else:
            yield from self._divided(begin(), number)
        if self.is_current and self._is_undisturbed() and self._loop.is_validated_next():
            self._traces.layers.keep_until_evaluation()

    def _planned(self) -> Steps | None:
        """The steps of the epoch; `None` if they are not planned, or if something has changed since they were."""
        plan = self._traces.plan
        if plan is None or not (plan.is_of(self._batches) and plan.is_short()):
            return None
        # Layers that are as they were recorded are in training mode.
        if not self._traces.are_same() or not self._updates.are_same():
            return None
        self.is_current = True
        return plan.steps(self._run.epoch)

    def _divided(self, batches: "Iterator[Batch]", number: int) -> Iterator[Steps]:
        full_batches = self._batches.full_batches
        batch = next(batches, None)
        while batch is not None:
            is_undisturbed, is_first = self._is_undisturbed(), number == 0
            if not is_undisturbed:
                self.is_current = False  # Callbacks may have been called inside the epoch.
            shape = self._present_shape(batch)
            most = self._most(batch, shape)
            alike = max(1, min(most, full_batches - number))
            following = list(islice(batches, alike - 1))
            if following and following[-1].rows != batch.rows:  # A plugin has replaced rows by fewer ones.
                batches = chain([following.pop()], batches)
            part = Part([batch, *following], shape)
            number += len(part.batches)
            steps, batch = Steps([part]), None
            if is_undisturbed and number == full_batches and len(part.batches) < most:
                batch = next(batches, None)
                if batch is not None and (last := self._following(part, batch)) is not None:
                    steps, batch = Steps([part, last]), None
            yield steps
            if batch is None:
                batch = next(batches, None)
                if batch is None and is_first and is_undisturbed and self.is_current:
                    self._plan(steps)

    def _plan(self, steps: Steps) -> None:
        """Plan further epochs like this one, whose only call has made these steps."""
        are_ready = all(part.shape is not None and part.shape.ready is not None for part in steps.parts)
        if are_ready and not self._loop.acts_between_steps and self._loop.is_in_training_mode():
            with suppress(ValueError):
                self._traces.plan = PlannedEpoch(self._batches, steps.parts)

    def _is_undisturbed(self) -> bool:
        """Whether nothing happens between the steps of an epoch."""
        return self._run.saving is None and self._loop.undisturbed_steps() is None

    def _most(self, batch: "Batch", shape: OfShape | None) -> int:
        """The number of steps to make at once, of which the batch is the first."""
        updates = None if shape is None else shape.ready
        if updates is None or not are_in_memory(self._batches):  # Other batches may depend on the steps before them.
            return 1
        size = sum(tensor.nbytes for tensor in tensors_of(batch))
        undisturbed = self._loop.undisturbed_steps()
        most = most_in_call(size, updates.seconds)
        return max(1, min(most, self._loop.unread_steps(), most if undisturbed is None else undisturbed))

    def _following(self, part: Part, batch: "Batch") -> Part | None:
        """A batch of another shape, if its step can be made in the call of those before."""
        shape = self._traces.of(batch)
        before, updates = None if part.shape is None else part.shape.ready, shape.ready
        if before is None or updates is None or before is updates:  # Each part of a call has a trace of its own.
            return None
        return Part([batch], shape) if before.can_precede(updates) else None

    def _present_shape(self, batch: "Batch") -> OfShape | None:
        """What is known about the shape of a batch; `None` if the step is observed, or made by the layers."""
        if self._updates.is_left or self._traces.are_left or not self._traces.exist:
            return None
        if not self.is_current:
            if not self._traces.are_as_recorded() or not self._updates.are_as_recorded():
                return None
            self.is_current = True
        return self._traces.of(batch)
