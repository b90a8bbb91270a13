"""What ends or interrupts the steps of an epoch: `max_steps` and `max_time`, validations, and checkpoints."""

from hookline.plugins.stages import Run
from hookline.spec.durations import seconds_of


class Limits:
    """The limits of a run, and what happens between two steps of an epoch."""

    def __init__(self, run: Run):
        """Take the limits of the spec."""
        limits = run.spec.run
        self._run, self._saving = run, run.saving
        self._max_steps, self._validate_every = limits.max_steps, limits.validate_every_steps
        self._max_seconds = None if limits.max_time is None else seconds_of(limits.max_time)
        self.lacks_time = False
        """Whether the time is over before the last epoch has ended."""
        self.act_between_steps = self._saving is not None or any(
            limit is not None for limit in (self._max_steps, self._max_seconds, self._validate_every)
        )
        """Whether anything may happen between two steps of an epoch."""

    def are_reached(self) -> bool:
        """Whether the run ends here."""
        if self._max_steps is not None and self._run.state.step >= self._max_steps:
            return True
        self.lacks_time = self._max_seconds is not None and self._run.seconds >= self._max_seconds
        return self.lacks_time

    def undisturbed_steps(self) -> int | None:
        """The number of coming steps before anything may happen between two; `None` if nothing does in this epoch.

        The loop may request as many batches before it makes these steps. The end of the time in `max_time`, and other
        requests that come at any time, wait for them.
        """
        if not self.act_between_steps:
            return None
        step = self._run.state.step
        counts = [] if self._max_steps is None else [self._max_steps - step]
        if self._validate_every is not None:
            counts.append(self._validate_every - step % self._validate_every)
        if self._saving is not None:
            steps_before_due = getattr(self._saving, "steps_before_due", None)
            count = 1 if steps_before_due is None else steps_before_due(self._run)
            counts += [] if count is None else [count]
        return min(counts, default=None)
