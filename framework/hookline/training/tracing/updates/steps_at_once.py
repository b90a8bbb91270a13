"""Several steps in one call, with their updates, where nothing happens between them."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from hookline.plugins.stages import Run
from hookline.spec.objective.objective import Term
from hookline.training.tracing.graphs import runners
from hookline.training.tracing.recorded_step import parameters_of
from hookline.training.tracing.shapes import OfShape
from hookline.training.tracing.traced_gradients import TracedGradients
from hookline.training.tracing.traced_step import tensors_of
from hookline.training.tracing.updates.optimizer_updates import OptimizerUpdates
from hookline.training.tracing.updates.options import ComingOptions
from hookline.training.tracing.updates.steps import Steps
from hookline.training.tracing.updates.steps_in_call import StepsInCall
from hookline.training.tracing.updates.steps_in_groups import StepsInGroups
from hookline.training.tracing.updates.update import TracedUpdates

if TYPE_CHECKING:
    from torch import Tensor, optim

    from hookline.data.batches import Batch


class Made(NamedTuple):
    """Steps that were made in one call."""

    losses: list[float]
    divisors: list[float]
    """What the losses are divided by; empty for sums."""
    terms: list[list[Term]]
    """The terms of `[losses]` of each step; empty for `[loss]`."""


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
        updates: OptimizerUpdates,
        groups: StepsInGroups,
    ):
        """Begin without a trace."""
        self._run, self._gradients, self._optimizer = run, gradients, optimizer
        self._traces = gradients.traces
        self._coming_options, self._updates, self._groups = coming_options, updates, groups
        self.step = updates.step
        self._dtype = run.dtype

    @property
    def is_left(self) -> bool:
        """Whether all further steps are made one by one."""
        return self._updates.is_left or self._traces.are_left

    def groups(self, begin: "Callable[[], Iterator[Batch]]", number: int) -> Iterator[Steps]:
        """Yield the steps of an epoch in groups, to be given to `made` one after the other.

        Args:
            begin: switches the layers to training mode, and returns the remaining batches of the epoch.
            number: how many batches of the epoch came before them.

        """
        return self._groups.of_epoch(begin, number)

    def made(self, steps: Steps, one: "Callable[[Batch], None]") -> Made | None:
        """Make the steps of a group.

        Args:
            steps: the group that `groups` has just yielded.
            one: makes a step in the usual way.

        Returns:
            What was made in one call; `None` if `one` has made the steps.

        """
        shape = steps.parts[0].shape
        updates = None if shape is None else shape.updates
        if updates is not None and updates.comparison.is_passed:
            made = self.several(steps)
            if made is not None:
                return made
            updates = None
        self._groups.is_current = False
        for batch in steps.batches:
            if updates is None:
                one(batch)
            else:
                self._checked(shape, updates, batch, one)
        return None

    def _checked(
        self, shape: OfShape | None, updates: TracedUpdates, batch: "Batch", one: "Callable[[Batch], None]"
    ) -> None:
        """Make a step both ways from the same state; the result of the usual way counts."""

        def by_layers() -> "Tensor":
            one(batch)
            assert self._run.loss is not None
            return self._run.loss

        _, reason = updates.comparison.both_ways(
            lambda: self._one_by_trace(updates, batch),
            by_layers,
            [*updates.step.fixed, *parameters_of(self._optimizer), *self._updates.states, *tensors_of(batch)],
            self._gradients.results,
            self._gradients.results,
        )
        updates.seconds = updates.comparison.traced  # The first call of several must not take too long, either.
        if reason is not None and updates.comparison.has_same_bits:  # It is not faster, so the gradients alone are not.
            self._traces.leave(shape, reason)
        elif reason is not None and not self._traces.are_recorded_plainly(updates.step, reason):
            self._updates.leave(reason)

    def several(self, steps: Steps) -> Made | None:
        """Make the steps of a group in one call.

        If the call fails, or if its steps need other operations, none is made, and the result is `None`.
        """
        run = self._run
        call = steps.call(self._dtype)
        started = time.perf_counter()
        try:
            options = self._coming_options.taken(call.updates[0].options, call.count)
        except Exception:  # noqa: BLE001 - The schedule raises it again, after the steps before.
            self._updates.leave("a schedule failed")
            return None
        if not all(updates.admits(options) for updates in call.updates):
            self._coming_options.return_to(0)
            self._updates.leave("a schedule begins or ends the momentum")
            return None
        try:
            call.make(options)
        except BaseException as error:
            self._coming_options.return_to(0)
            if not isinstance(error, Exception):
                raise
            for part in steps.parts:
                self._traces.leave(part.shape, runners.failure(error))
            return None
        seconds = (time.perf_counter() - started) / call.count
        run.loss, *last = [places[-1].clone() for places in call.scalars[-1].places]
        made = Made([], [], [])
        for part, updates, scalars in zip(steps.parts, call.updates, call.scalars, strict=True):
            updates.seconds = seconds
            self._gradients.add_traced(part.shape, len(part.batches))
            losses, *terms = scalars.tensors
            made.losses.extend(losses.tolist())
            made.divisors.extend(self._gradients.divisors(updates, part.batches))
            if terms:
                numbers = zip(*(several.tolist() for several in terms), strict=True)
                made.terms.extend(map(updates.step.filled, numbers))
        if call.updates[-1].step.terms:
            self._gradients.keep_terms(call.updates[-1].step.filled(last))
        return made

    def _one_by_trace(self, updates: TracedUpdates, batch: "Batch") -> "Tensor":
        """Make a step with the present options, and return its loss. Schedules do not notice."""
        groups = self._optimizer.param_groups
        call = StepsInCall([(updates, [batch])], self._dtype)
        call.make([[option.of(groups)] for option in updates.options])
        loss, *of_terms = [place.clone() for [place] in call.scalars[0].places]
        self._gradients.keep_terms(updates.step.filled(of_terms))
        return loss
