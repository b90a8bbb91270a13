"""Signals that end a training: Ctrl-C, and those that a system or a scheduler sends to end a process.

While a run trains, a signal sets a flag. The loop reads it after each step, and other long computations between their
batches, so that no signal interrupts an update or the writing of a file. A second signal is handled as it would be
without Hookline; on the command line it ends the process at once.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

NAMES = tuple(name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""The signals; Windows has fewer."""

EXIT_CODE = 128
"""Shells add this to the number of the signal that ended a process."""

HINT = "Stopping after this step; what was trained is saved. Press Ctrl-C again to end at once."


def sentence(number: int) -> str:
    """The line that is printed when a signal ends the process."""
    return "Interrupted." if number == signal.SIGINT else f"Ended by {signal.Signals(number).name}."


def reason(number: int) -> str:
    """Why a run was stopped, for its results."""
    if number == signal.SIGINT:
        return "It was interrupted from the keyboard."
    return f"It was ended by {signal.Signals(number).name}."


class Interruption:
    """Whether a signal has requested that the training ends. Each call of `hookline.train` has its own.

    It is a context that restores the signal handlers at its end. If there was a request that no exception reports, it
    raises a `KeyboardInterrupt`: the request came too late to end the training.
    """

    __slots__ = ("_previous", "_process", "number")

    def __init__(self) -> None:
        """Begin without a request."""
        self.number: int | None = None
        """The number of the signal; `None` without a request."""
        self._previous: dict[int, Any] = {}
        self._process = os.getpid()

    def __enter__(self) -> "Interruption":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._restore()
        if kind is None and self.number is not None:
            raise KeyboardInterrupt(reason(self.number))

    def listen(self) -> None:
        """From now on signals set the flag: in the main thread, unless a signal has another handler or is ignored."""
        if self._previous or threading.current_thread() is not threading.main_thread():
            return
        for name in NAMES:
            number = getattr(signal, name)
            present = signal.getsignal(number)
            if present in (signal.default_int_handler, signal.SIG_DFL) or isinstance(present, EndingAtOnce):
                self._previous[number] = present
                signal.signal(number, self._note)

    def request(self, number: int) -> None:
        """Request that the training ends, as the signal of this number does; the first request counts."""
        if self.number is None:
            self.number = number

    def _note(self, number: int, _: FrameType | None) -> None:
        if os.getpid() != self._process:
            _end_by(number)
        self.request(number)
        self._restore()  # A second signal ends the process at once.
        if number == signal.SIGINT and _is_terminal(sys.stderr):
            _write(2, f"\n{HINT}\n")

    def _restore(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for number, handler in self._previous.items():
            if signal.getsignal(number) == self._note:  # Unless another one has been set since.
                signal.signal(number, handler)
        self._previous.clear()


class EndingAtOnce:
    """A signal handler that ends the process at once, without exit handlers, which might fail in the middle of work.

    For the command line, while nothing can be lost: as modules are imported and specs and data are read.
    """

    def __init__(self, code: int | None = None):
        """End silently with this exit code; by default with a line and the exit code of the signal."""
        self._code = code
        self._process = os.getpid()

    def __call__(self, number: int, _: FrameType | None) -> None:
        """End the process."""
        if os.getpid() != self._process:
            _end_by(number)
        if _is_terminal(sys.stdout):
            _write(1, "\x1b[?25h")  # A progress bar hides the cursor.
        if self._code is None:
            _write(2, f"{sentence(number)}\n")
        os._exit(EXIT_CODE + number if self._code is None else self._code)


@contextmanager
def ending_at_once() -> Iterator[Callable[[int], None]]:
    """Inside the context a signal ends the process at once, unless it is ignored (`nohup`) or has another handler.

    At its end the handlers are restored, unless the function that it gives was called with the exit code: then only
    exiting is left to do, and a signal ends the process with that code.
    """
    previous: dict[int, Any] = {}
    handler = EndingAtOnce()
    if threading.current_thread() is threading.main_thread():
        for name in NAMES:
            number = getattr(signal, name)
            present = signal.getsignal(number)
            if present in (signal.default_int_handler, signal.SIG_DFL):
                previous[number] = present
                signal.signal(number, handler)
    final: EndingAtOnce | None = None

    def exit_with(code: int) -> None:
        nonlocal final
        final = EndingAtOnce(code)

    try:
        yield exit_with
    finally:
        for number, present in previous.items():
            signal.signal(number, final or present)


def _end_by(number: int) -> None:
    """End a forked process, such as one that loads data, as a signal without a handler does."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


def _write(descriptor: int, text: str) -> None:
    """Write without Python's buffers, which may be in use."""
    try:
        os.write(descriptor, text.encode())
    except OSError:
        return  # The other end is closed.
