"""Several steps in one call, with their updates, where nothing happens between them."""

import time
from collections.abc import Callable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from hookline.plugins.stages import Run
from hookline.training.tracing.calls import most_in_call
from hookline.training.tracing.graphs import runners
from hookline.training.tracing.graphs.graph import reason_of
from hookline.training.tracing.graphs.recording import with_recording
from hookline.training.tracing.options import ComingOptions, Option
from hookline.training.tracing.recorded_step import parameters_of
from hookline.training.tracing.recorded_update import traced_updates, updates_like
from hookline.training.tracing.shapes import OfShape, Steps
from hookline.training.tracing.traced_gradients import TracedGradients
from hookline.training.tracing.traced_step import TracedStep, tensors_of
from hookline.training.tracing.update import RATES, Made, TracedUpdates, UpdateState
from hookline.training.tracing.watching.optimizers import is_of_torch

if TYPE_CHECKING:
    from torch import Tensor, optim

    from hookline.data.batches import Batch

MOST_NEW_STATES = 3
"""After so many recorded steps in which the optimizer made new states, updates are made one by one."""


class StepsAtOnce:
    """Makes several steps in one call, with their updates.

    The update is recorded in the step in which the gradients are. The next steps are made both ways from the same state
    and compared.
    """

    def __init__(
        self,
        run: Run,
        gradients: TracedGradients,
        optimizer: "optim.Optimizer",
        coming_options: ComingOptions,
        full_batches: int,
        undisturbed: Callable[[], int | None],
        unread: Callable[[], int],
    ):
        """Begin without a trace."""
        self._run, self._gradients, self._optimizer = run, gradients, optimizer
        self._coming_options = coming_options
        self._full_batches, self._undisturbed, self._unread = full_batches, undisturbed, unread
        self._step = run.stages.step
        self._state: UpdateState | None = None
        self._new_states = 0
        self._is_left = False
        self._is_current = False
        """Whether nothing has happened since layers and optimizer were last compared with those of the traces."""
        gradients.traces_updates = True

    @property
    def is_left(self) -> bool:
        """Whether all further steps are made one by one."""
        return self._is_left or self._gradients.is_left

    def groups(self, batches: "Iterator[Batch]", number: int) -> Iterator[Steps]:
        """Yield the steps of an epoch in groups, to be given to `made` one after the other.

        Args:
            batches: the batches.
            number: how many batches of the epoch came before them.

        """
        self._is_current = False
        while (batch := next(batches, None)) is not None:
            if self._run.saving is not None or self._undisturbed() is not None:
                self._is_current = False  # Callbacks may have been called inside the epoch.
            shape = self._present_shape(batch)
            # The full batches are parts of the same tensors, so they have the same shape.
            following = list(islice(batches, self._most(batch, shape, self._full_batches - number) - 1))
            if following and following[-1].rows != batch.rows:  # A plugin has replaced rows by fewer ones.
                batches = chain([following.pop()], batches)
            steps = Steps([batch, *following], shape)
            number += len(steps.batches)
            yield steps

    def _most(self, batch: "Batch", shape: OfShape | None, alike: int) -> int:
        """The number of steps to make at once, of which the batch is the first, and `alike` have the same shape."""
        updates = None if shape is None else shape.updates
        if updates is None or not updates.comparison.is_passed:
            return 1
        size = sum(tensor.nbytes for tensor in tensors_of(batch))
        undisturbed = self._undisturbed()
        most = most_in_call(size, updates.seconds)
        return max(1, min(most, alike, self._unread(), most if undisturbed is None else undisturbed))

    def _present_shape(self, batch: "Batch") -> OfShape | None:
        """What is known about the shape of a batch; `None` if the step is observed, or made by the layers."""
        if self.is_left or not self._gradients.has_traces:
            return None
        if not self._is_current:
            if not self._gradients.is_as_recorded():
                return None
            if self._state is not None and not self._state.is_unchanged():
                self._gradients.forget()
                self._state = None
            elif self._state is not None and not self._state.has_same_rates():
                self._leave(RATES)
                return None
            self._is_current = True
        return self._gradients.of(batch)

    def made(self, steps: Steps, one: "Callable[[Batch], None]") -> Made | None:
        """Make the steps of a group.

        Args:
            steps: the group that `groups` has just yielded.
            one: makes a step in the usual way.

        Returns:
            What was made in one call; `None` if `one` has made the steps.

        """
        updates = steps.updates
        if updates is not None and updates.comparison.is_passed:
            made = self.several(steps, updates)
            if made is not None:
                return made
            updates = None
        self._is_current = False
        for batch in steps.batches:
            if updates is None:
                one(batch)
            else:
                self._checked(steps, updates, batch, one)
        return None

    def step(self, **values: Any) -> bool:
        """Call the stage `step`, and record it if the gradients were recorded."""
        shape = self._gradients.recorded()
        if shape is None or self._is_left:
            return bool(self._step(**values))
        if not is_of_torch(self._optimizer):  # It may do anything, so it is not even recorded.
            self._leave(f"{type(self._optimizer).__name__} is no optimizer of torch")
            return bool(self._step(**values))
        assert shape.step is not None
        shape.updates = self._updates_alike(shape.step)
        if shape.updates is not None:
            return bool(self._step(**values))
        state = UpdateState(self._optimizer, rates_may_change=self._coming_options.may_change)
        answer, operations = with_recording(lambda: self._step(**values))
        if not state.is_unchanged():  # Its first step creates the states.
            shape.step = None
            self._new_states += 1
            self._is_left = self._new_states == MOST_NEW_STATES
            return bool(answer)
        try:
            shape.updates = traced_updates(shape.step, operations, self._optimizer, state)
            self._state = state
        except Exception as error:  # noqa: BLE001 - The step is made.
            self._leave(reason_of(error))
        return bool(answer)

    def _updates_alike(self, step: TracedStep) -> TracedUpdates | None:
        """Append the update of another shape, if it has a trace that is still valid."""
        other = self._gradients.traced_updates()
        if other is None or self._state is None or not self._state.is_unchanged():
            return None
        return updates_like(other, step)

    def _leave(self, reason: str) -> None:
        self._is_left, self._gradients.traces_updates = True, False
        self._gradients.forget_updates()
        self._run.traced_steps.add_reason(f"updates are made one by one: {reason}")

    def _checked(self, steps: Steps, updates: TracedUpdates, batch: "Batch", one: "Callable[[Batch], None]") -> None:
        """Make a step both ways from the same state; the result of the usual way counts."""
        assert self._state is not None

        def by_layers() -> "Tensor":
            one(batch)
            assert self._run.loss is not None
            return self._run.loss

        _, reason = updates.comparison.both_ways(
            lambda: self._one_by_trace(updates, batch),
            by_layers,
            [*updates.step.fixed, *parameters_of(self._optimizer), *self._state.tensors, *tensors_of(batch)],
            self._gradients.results,
            self._gradients.results,
        )
        updates.seconds = updates.comparison.traced  # The first call of several must not take too long, either.
        if reason is not None and updates.comparison.has_same_bits:  # It is not faster, so the gradients alone are not.
            self._gradients.leave(steps.shape, reason)
        elif reason is not None and not self._gradients.is_recorded_plainly(updates.step, reason):
            self._leave(reason)

    def several(self, steps: Steps, updates: TracedUpdates) -> Made | None:
        """Make the steps of a group in one call.

        If the call fails, or if its steps need other operations, none is made, and the result is `None`.
        """
        run, count = self._run, len(steps.batches)
        started = time.perf_counter()
        try:
            options = self._coming_options.taken(updates.options, count)
        except Exception:  # noqa: BLE001 - The schedule raises it again, after the steps before.
            self._leave("a schedule failed")
            return None
        if not all(map(Option.admits, updates.options, options)):
            self._coming_options.return_to(0)
            self._leave("a schedule begins or ends the momentum")
            return None
        scalars = updates.scalars(count, run.dtype)
        losses, *terms = scalars.tensors
        try:
            updates.make(steps.batches, options, scalars)
        except BaseException as error:
            self._coming_options.return_to(0)
            if not isinstance(error, Exception):
                raise
            self._gradients.leave(steps.shape, runners.failure(error))
            return None
        updates.seconds = (time.perf_counter() - started) / count
        run.traced_steps.traced += count
        run.loss, *last = [places[-1].clone() for places in scalars.places]
        if not terms:
            return Made(losses.tolist(), [[]] * count)
        self._gradients.keep_terms(updates.step.filled(last))
        numbers = zip(*(several.tolist() for several in terms), strict=True)
        return Made(losses.tolist(), list(map(updates.step.filled, numbers)))

    def _one_by_trace(self, updates: TracedUpdates, batch: "Batch") -> "Tensor":
        """Make a step with the present options, and return its loss. Schedules do not notice."""
        groups = self._optimizer.param_groups
        scalars = updates.scalars(1, self._run.dtype)
        updates.make([batch], [[option.of(groups)] for option in updates.options], scalars)
        loss, *of_terms = [place.clone() for [place] in scalars.places]
        self._gradients.keep_terms(updates.step.filled(of_terms))
        return loss
