"""Signals that end a training: Ctrl-C, and those that an operating system or a job scheduler sends.

During training, a signal sets a flag. The loop checks it after each step, and other long computations check it between
batches, so a signal never interrupts an update or the writing of a file. A second signal is handled as it would be
without Hookline; on the command line it ends the process immediately.
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
"""The names of the signals; Windows has fewer."""

EXIT_CODE = 128
"""Shells add this to the number of the signal that ended a process."""

HINT = "Stopping after this step; the results so far are saved. Press Ctrl-C again to end immediately."


def sentence(number: int) -> str:
    """The line that is printed when a signal ends the process."""
    return "Interrupted." if number == signal.SIGINT else f"Ended by {signal.Signals(number).name}."


def reason(number: int) -> str:
    """Why a run was stopped, for its results."""
    if number == signal.SIGINT:
        return "It was interrupted from the keyboard."
    return f"It was ended by {signal.Signals(number).name}."


class Interruption:
    """Whether a signal has requested that training ends. Each call of `hookline.train` has its own.

    As a context manager, it restores the signal handlers on exit. If a request came too late to end the training, it
    raises a `KeyboardInterrupt` on exit.
    """

    __slots__ = ("_is_postponed", "_postponed", "_previous", "_process", "number")

    def __init__(self) -> None:
        """Start without a request."""
        self.number: int | None = None
        """The number of the signal; `None` without a request."""
        self._is_postponed = False
        self._postponed: int | None = None
        self._previous: dict[int, Any] = {}
        self._process = os.getpid()

    def __enter__(self) -> "Interruption":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._restore()
        if kind is None and self.number is not None:
            raise KeyboardInterrupt(reason(self.number))

    def listen(self) -> None:
        """Install handlers in the main thread, except for signals that are ignored or have another handler."""
        if not self._previous:
            _install(self._note, self._previous)

    def request(self, number: int) -> None:
        """Request that training ends, as the signal with this number does; only the first request counts."""
        if self._is_postponed:
            self._postponed = self._postponed or number
        elif self.number is None:
            self.number = number

    @contextmanager
    def postponed(self) -> Iterator[None]:
        """Postpone requests until the end of the context."""
        self._is_postponed, self._postponed, self.number = True, self.number, None
        try:
            yield
        finally:
            self._is_postponed, self.number = False, self._postponed

    @contextmanager
    def withdrawn(self, seconds: float) -> Iterator[None]:
        """Withdraw the request inside the context, and make it again after this time, or at the end at the latest."""
        number, self.number = self.number, None
        timer = threading.Timer(seconds, self.request, [number])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            self.number = number

    def _note(self, number: int, _: FrameType | None) -> None:
        if os.getpid() != self._process:
            _end_by(number)
        self.request(number)
        self._restore()  # A second signal ends the process immediately.
        if number == signal.SIGINT and _is_terminal(sys.stderr):
            _write(2, f"\n{HINT}\n")

    def _restore(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for number, handler in self._previous.items():
            if signal.getsignal(number) == self._note:  # Keep a handler that was set in the meantime.
                signal.signal(number, handler)
        self._previous.clear()


class EndingAtOnce:
    """A signal handler that ends the process immediately, without exit handlers, which might fail at that point.

    The command line uses it while nothing can be lost: during imports and while it reads specs and data.
    """

    def __init__(self, code: int | None = None):
        """Set the exit code, without a message. Default: print a line and use the exit code of the signal."""
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


class EndedBySignal(KeyboardInterrupt):
    """Raised by a signal inside `raising`. Attributes: `number`, the number of the signal."""

    def __init__(self, number: int):
        """Keep the number of the signal."""
        super().__init__(sentence(number))
        self.number = number


@contextmanager
def raising() -> Iterator[None]:
    """Inside the context, a signal raises an `EndedBySignal`, so that a file that is half-written is removed.

    Import what is needed before: an import may swallow an exception. A second signal is handled as before the context,
    as are signals that are ignored or have another handler.
    """
    previous: dict[int, Any] = {}

    def restore() -> None:
        for number, handler in previous.items():
            signal.signal(number, handler)
        previous.clear()

    def end(number: int, _: FrameType | None) -> None:
        restore()
        raise EndedBySignal(number)

    _install(end, previous)
    try:
        yield
    finally:
        restore()


@contextmanager
def ending_at_once() -> Iterator[Callable[[int], None]]:
    """Inside the context, a signal ends the process immediately, unless it is ignored (`nohup`) or has another handler.

    On exit the handlers are restored, unless the yielded function was called with the exit code: then the process is
    about to exit, and a signal ends it with that code.
    """
    previous: dict[int, Any] = {}
    _install(EndingAtOnce(), previous)
    final: EndingAtOnce | None = None

    def exit_with(code: int) -> None:
        nonlocal final
        final = EndingAtOnce(code)

    try:
        yield exit_with
    finally:
        for number, present in previous.items():
            signal.signal(number, final or present)


def _install(handler: Callable[[int, FrameType | None], None], previous: dict[int, Any]) -> None:
    """Install a handler in the main thread, except for signals that are ignored or have a handler of their own.

    The handlers that it replaces are added to `previous`, each before it is replaced.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for name in NAMES:
        number = getattr(signal, name)
        present = signal.getsignal(number)
        is_own = isinstance(present, EndingAtOnce) and not isinstance(handler, EndingAtOnce)
        if present in (signal.default_int_handler, signal.SIG_DFL) or is_own:
            previous[number] = present
            signal.signal(number, handler)


def _end_by(number: int) -> None:
    """End a forked process, such as a data loader worker, as a signal without a handler would."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


def _write(descriptor: int, text: str) -> None:
    """Write without Python's buffers, which the interrupted code may be using."""
    try:
        os.write(descriptor, text.encode())
    except OSError:
        return  # The other end is closed.
