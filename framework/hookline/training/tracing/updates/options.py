"""Options of an update that may change from step to step, such as the learning rate: they are inputs of its trace."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.plugins.stages import Run

if TYPE_CHECKING:
    from torch import optim

VARIABLE: Mapping[str, tuple[str, int | None]] = {
    "lr": ("lr", None),
    "momentum": ("momentum", None),
    "beta1": ("betas", 0),
    "beta2": ("betas", 1),
}
"""The options by the arguments of fused operations, with the place in a tuple."""


@frozen(repr=False)
class Option:
    """A number in the options of a parameter group."""

    group: int
    name: str
    index: int | None = None
    recorded: float = 0.0
    """Its value when the update was recorded."""

    def admits(self, values: Sequence[float]) -> bool:
        """Whether the recorded operations are those for these momentums: without one, torch updates no buffers."""
        return all(bool(value) == bool(self.recorded) for value in values)

    def of(self, groups: Sequence[Mapping[str, Any]]) -> float:
        """Its present value."""
        value = groups[self.group][self.name]
        return float(value if self.index is None else value[self.index])


class ComingOptions:
    """The options of coming steps, which schedules change after each step.

    The schedules are called before the steps are made. If fewer steps are made, they return to where these end.
    """

    def __init__(self, run: Run, optimizer: "optim.Optimizer", schedules: Sequence[Any]):
        """Take the schedules, the wrappers around the stage `step`."""
        self._run, self._optimizer, self._schedules = run, optimizer, schedules
        self._before: Any = None

        def step(run: Run, optimizer: "optim.Optimizer") -> bool:
            self._values.append([option.of(optimizer.param_groups) for option in self._options])
            return True

        self._values: list[list[float]] = []
        self._options: Sequence[Option] = ()
        self._around = run.stages.around("step", step) if schedules else None

    @property
    def may_change(self) -> bool:
        """Whether a schedule may change them between two steps."""
        return bool(self._schedules)

    def taken(self, options: Sequence[Option], count: int) -> list[list[float]]:
        """Return the values of each option in the next steps, and leave them as they are after these.

        If a schedule raises an error, the options are as before.
        """
        if not self._schedules:
            return [[option.of(self._optimizer.param_groups)] * count for option in options]
        self._before = self._state()
        try:
            self._make(options, count)
        except Exception:
            self.return_to(0)
            raise
        return list(map(list, zip(*self._values, strict=True))) if options else []

    def return_to(self, count: int) -> None:
        """Go back to where only this many steps are made."""
        if not self._schedules:
            return
        states, groups = self._before
        for schedule, state in zip(self._schedules, deepcopy(states), strict=True):
            schedule.load_state_dict(state)
        for group, options in zip(self._optimizer.param_groups, groups, strict=True):
            group.update(options)
        self._make((), count)

    def _make(self, options: Sequence[Option], count: int) -> None:
        """Call the schedules for coming steps, and note the options before each."""
        assert self._around is not None
        state = self._run.state
        self._options, self._values, before = options, [], state.step
        try:
            for _ in range(count):
                self._around(run=self._run, optimizer=self._optimizer, closure=None)
                state.step += 1
        finally:
            state.step = before

    def _state(self) -> Any:
        groups: list[dict[str, Any]] = self._optimizer.param_groups
        options = [{name: value for name, value in group.items() if name != "params"} for group in groups]
        return deepcopy([schedule.state_dict() for schedule in self._schedules]), options
