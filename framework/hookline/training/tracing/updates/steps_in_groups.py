"""The steps of an epoch in groups, each of which is made in one call."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple

from attrs import frozen

from hookline.plugins.stages import Run
from hookline.training.tracing.calls import most_in_call
from hookline.training.tracing.shapes import OfShape
from hookline.training.tracing.step_traces import StepTraces
from hookline.training.tracing.traced_step import tensors_of
from hookline.training.tracing.updates.optimizer_updates import OptimizerUpdates

if TYPE_CHECKING:
    from hookline.data.batches import Batch


class Part(NamedTuple):
    """Steps of one shape that follow one another: several that are made in one call, or only one."""

    batches: "Sequence[Batch]"
    shape: OfShape | None
    """What is known about the shape of the batches; `None` if the layers make the step, or something observes it."""


@frozen(eq=False, repr=False)
class Steps:
    """Steps that are made together: those of one shape, and the last one of an epoch, whose batch may be smaller."""

    parts: Sequence[Part]

    @property
    def batches(self) -> "list[Batch]":
        """Their batches."""
        return [batch for part in self.parts for batch in part.batches]


class StepsInGroups:
    """Divides the steps of an epoch into groups."""

    def __init__(
        self,
        run: Run,
        traces: StepTraces,
        updates: OptimizerUpdates,
        full_batches: int,
        undisturbed: Callable[[], int | None],
        unread: Callable[[], int],
        is_validated: Callable[[], bool],
    ):
        """Begin before an epoch.

        Args:
            run: the run.
            traces: the traces of the steps.
            updates: the updates.
            full_batches: the number of batches of an epoch that are parts of the same tensors, so that they have the
                same shape. They come first.
            undisturbed: see `steps_at_once`.
            unread: see `steps_at_once`.
            is_validated: see `steps_at_once`.

        """
        self._run, self._traces, self._updates = run, traces, updates
        self._full_batches, self._undisturbed, self._unread = full_batches, undisturbed, unread
        self._is_validated = is_validated
        self.is_current = False
        """Whether nothing has happened since layers and optimizer were last compared with those of the traces."""

    def of_epoch(self, batches: "Iterator[Batch]", number: int) -> Iterator[Steps]:
        """Yield the groups of an epoch, each when the steps of the one before have been made.

        Args:
            batches: the batches.
            number: how many batches of the epoch came before them.

        """
        self.is_current = False
        batch = next(batches, None)
        while batch is not None:
            is_undisturbed = self._is_undisturbed()
            if not is_undisturbed:
                self.is_current = False  # Callbacks may have been called inside the epoch.
            shape = self._present_shape(batch)
            most = self._most(batch, shape)
            alike = max(1, min(most, self._full_batches - number))
            following = list(islice(batches, alike - 1))
            if following and following[-1].rows != batch.rows:  # A plugin has replaced rows by fewer ones.
                batches = chain([following.pop()], batches)
            part = Part([batch, *following], shape)
            number += len(part.batches)
            parts, batch = [part], None
            if is_undisturbed and number == self._full_batches and len(part.batches) < most:
                batch = next(batches, None)
                if batch is not None and (last := self._following(part, batch)) is not None:
                    parts.append(last)
                    batch = None
            yield Steps(parts)
            if batch is None:
                batch = next(batches, None)
        if self.is_current and self._is_undisturbed() and self._is_validated():
            self._traces.layers.keep_until_evaluation()

    def _is_undisturbed(self) -> bool:
        """Whether nothing happens between the steps of an epoch."""
        return self._run.saving is None and self._undisturbed() is None

    def _most(self, batch: "Batch", shape: OfShape | None) -> int:
        """The number of steps to make at once, of which the batch is the first."""
        updates = None if shape is None else shape.ready
        if updates is None:
            return 1
        size = sum(tensor.nbytes for tensor in tensors_of(batch))
        undisturbed = self._undisturbed()
        most = most_in_call(size, updates.seconds)
        return max(1, min(most, self._unread(), most if undisturbed is None else undisturbed))

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
