"""What is drawn or sent between epochs is limited to a part of the time, however short the epochs are."""

from collections.abc import Callable
from time import monotonic

from hookline.files import OptionalFiles
from hookline.spec import CallbackSpec

SHARE = 0.05
"""The greatest part of the time since a training began that one callback spends on it."""
FIRST = 0.3
"""How many seconds the first time is expected to take; matplotlib is imported then."""


class Paced:
    """Does something at most so often that it takes `SHARE` of the time, and the latest of what was put off at the end.

    A callback with `every` does it each time that it is due. A file that cannot be written is a warning.
    """

    def __init__(self, spec: CallbackSpec):
        """Begin to count the time."""
        self.files = OptionalFiles()
        """The context for all files of the callback, so that it warns once."""
        self._is_limited = spec.every is None
        self._put_off: Callable[[], None] | None = None
        self._began = monotonic()
        self._spent = 0.0
        self._expected = FIRST

    def do(self, action: Callable[[], None]) -> None:
        """Do it now if there is time for it, and otherwise put it off; it takes the place of what was put off before.

        It is expected to take as long as the last time.
        """
        self._put_off = action
        elapsed = monotonic() - self._began
        if not self._is_limited or self._spent + self._expected <= SHARE * elapsed:
            self.finish()

    def finish(self) -> None:
        """Do what was put off, if anything was: to be called when the training ends."""
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
