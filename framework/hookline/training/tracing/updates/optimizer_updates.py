"""The stage `step`, whose operations are recorded in a step in which the gradients are."""

from typing import TYPE_CHECKING, Any

from hookline.plugins.stages import Run
from hookline.training.tracing.graphs.graph import reason_of
from hookline.training.tracing.graphs.recording import with_recording
from hookline.training.tracing.traced_gradients import TracedGradients
from hookline.training.tracing.traced_step import TracedStep
from hookline.training.tracing.updates.recorded_update import traced_updates, updates_like
from hookline.training.tracing.updates.update import TracedUpdates
from hookline.training.tracing.updates.update_state import RATES, UpdateState
from hookline.training.tracing.watching.optimizers import is_of_torch

if TYPE_CHECKING:
    from torch import Tensor, optim

MOST_NEW_STATES = 3
"""After so many recorded steps in which the optimizer made new states, updates are made one by one."""


class OptimizerUpdates:
    """Records the update of the parameters, and notices when it would be another one."""

    def __init__(self, run: Run, gradients: TracedGradients, optimizer: "optim.Optimizer", *, rates_may_change: bool):
        """Begin without a trace; `rates_may_change` says whether a schedule may change options between two steps."""
        self._run, self._gradients, self._optimizer = run, gradients, optimizer
        self._traces = gradients.traces
        self._rates_may_change = rates_may_change
        self._step = run.stages.step
        self._state: UpdateState | None = None
        self._new_states = 0
        self.is_left = False
        """Whether all further updates are made one by one."""
        self._traces.have_updates = True

    @property
    def states(self) -> "list[Tensor]":
        """The states of the optimizer when an update was recorded."""
        return [] if self._state is None else self._state.tensors

    def are_as_recorded(self) -> bool:
        """Whether the options and states are those that were recorded; otherwise the traces are forgotten."""
        if self._state is None:
            return True
        if not self._state.is_unchanged():
            self._traces.forget()
            self._state = None
        elif not self._state.has_same_rates():
            self.leave(RATES)
            return False
        return True

    def are_same(self) -> bool:
        """Whether options and states are those that were recorded. The traces are kept if they are not."""
        return self._state is not None and self._state.is_unchanged() and self._state.has_same_rates()

    def leave(self, reason: str) -> None:
        """Make all further updates one by one."""
        self.is_left, self._traces.have_updates = True, False
        self._traces.forget_updates()
        self._run.traced_steps.add_reason(f"updates are made one by one: {reason}")

    def step(self, **values: Any) -> bool:
        """Call the stage `step`, and record it if the gradients were recorded."""
        shape = self._gradients.recorded()
        if shape is None or self.is_left:
            return bool(self._step(**values))
        if not is_of_torch(self._optimizer):  # It may do anything, so it is not even recorded.
            self.leave(f"{type(self._optimizer).__name__} is no optimizer of torch")
            return bool(self._step(**values))
        assert shape.step is not None
        shape.updates = self._alike(shape.step)
        if shape.updates is not None:
            return bool(self._step(**values))
        state = UpdateState(self._optimizer, rates_may_change=self._rates_may_change)
        answer, operations = with_recording(lambda: self._step(**values))
        if not state.is_unchanged():  # Its first step creates the states.
            shape.step = None
            self._new_states += 1
            self.is_left = self._new_states == MOST_NEW_STATES
            return bool(answer)
        try:
            shape.updates = traced_updates(shape.step, operations, self._optimizer, state)
            self._state = state
        except Exception as error:  # noqa: BLE001 - The step is made.
            self.leave(reason_of(error))
        return bool(answer)

    def _alike(self, step: TracedStep) -> TracedUpdates | None:
        """Append the update of another shape, if it has a trace that is still valid."""
        other = self._traces.of_updates()
        if other is None or self._state is None or not self._state.is_unchanged():
            return None
        return updates_like(other, step)
