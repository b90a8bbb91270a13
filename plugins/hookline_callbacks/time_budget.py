"""Limit the time spent on drawing or sending between epochs, however short the epochs are."""

from collections.abc import Callable
from time import monotonic

from hookline.files import OptionalFiles
from hookline.spec import CallbackSpec

SHARE = 0.05
"""The largest fraction of the training time that one callback may spend."""
FIRST = 0.3
"""The expected duration of the first call in seconds, which imports matplotlib."""


class Paced:
    """Runs an action only as often as `SHARE` of the time allows, and the latest deferred action at the end.

    A callback with `every` runs each due action. A file that cannot be written is a warning.
    """

    def __init__(self, spec: CallbackSpec):
        """Start measuring the time."""
        self.files = OptionalFiles()
        """The context manager for all files of the callback, so that it warns once."""
        self._is_limited = spec.every is None
        self._put_off: Callable[[], None] | None = None
        self._began = monotonic()
        self._spent = 0.0
        self._expected = FIRST

    def do(self, action: Callable[[], None]) -> None:
        """Run the action now if time allows, otherwise defer it in place of an earlier one.

        It is expected to take as long as the previous one.
        """
        self._put_off = action
        elapsed = monotonic() - self._began
        if not self._is_limited or self._spent + self._expected <= SHARE * elapsed:
            self.finish()

    def finish(self) -> None:
        """Run the deferred action, if any. Call this when the training ends."""
        action, self._put_off = self._put_off, None
        if action is None:
            return
        started = monotonic()
        try:
            with self.files:
                action()
        finally:
            self._expected = monotonic() - started
            self._spent += self._expected
