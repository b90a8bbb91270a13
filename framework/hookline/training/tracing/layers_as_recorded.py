"""Whether the layers are as they were when a step was recorded."""

from typing import Any

from hookline.plugins.stages import Run
from hookline.training.tracing.conditions import WATCHED, settings_of
from hookline.training.tracing.watched import Watched


class LayersAsRecorded:
    """Compares the layers and the settings of torch with those that were recorded."""

    def __init__(self, run: Run):
        """Begin before any step is recorded."""
        self._run = run
        self.watched: Watched | None = None
        """What is compared; `None` if no step is recorded."""
        self.changes = 0
        """How often something has changed."""
        self._settings: Any = None
        self._compared_at = (-1, -1)
        self._is_step_wrapped = run.stages.seen_by("step") is not None
        self._is_evaluation_wrapped = run.stages.seen_by("evaluate") is not None

    def keep(self, watched: Watched) -> None:
        """Compare with these from now on."""
        self._run.kept[WATCHED] = watched
        self.watched, self._settings = watched, settings_of(self._run)

    def are_unchanged(self, present: Any) -> bool:
        """Whether all is as it was recorded, or nothing is recorded; `present` are the settings."""
        if self.watched is None or self.are_same(present):
            return True
        self.changes += 1
        self._run.traced_steps.add_reason(reason_of_new_trace(self.watched))
        return False

    def are_same(self, present: Any) -> bool:
        """Whether all is as it was recorded; `present` are the settings."""
        if self.watched is None or present != self._settings:
            return False
        state = self._run.state
        place = (state.epoch, len(state.history))
        # Inside an epoch, only wrappers of the stage `step` are called, which might replace the memory of a parameter.
        is_inside = place == self._compared_at and not self._is_step_wrapped
        if not (self.watched.is_unchanged() if is_inside else self.watched.is_unchanged_inside()):
            return False
        self._compared_at = place
        return True

    def keep_until_evaluation(self) -> None:
        """Note that nothing has happened since the last comparison, and that an evaluation comes next."""
        if self.watched is not None:
            self.watched.is_current = not self._is_evaluation_wrapped


def reason_of_new_trace(watched: Watched) -> str:
    """Say what has changed since a trace was recorded, so that another one is required."""
    what = watched.change() or "the objective or of settings of torch"
    return f"a change of {what} required a new trace"
