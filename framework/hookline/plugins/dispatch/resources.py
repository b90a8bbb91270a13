"""What is open in a run: closed when it ends, whatever happens, and told of by name if that fails."""

import inspect
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Any

import pluggy

from hookline.errors.exceptions import HooklineError, StageError
from hookline.errors.failures import FAILURES, reason
from hookline.plugins.dispatch.blame import asked_in, section_of


class Resources(ExitStack):
    """What callbacks and components have opened; the last is closed first.

    An error in closing never hides another: it is a note on the error with which the run ended. If there is none, it
    is raised, when everything else has been closed.
    """

    def __init__(self, manager: pluggy.PluginManager | None = None):
        """Begin with nothing open; the plugins of this manager are named if they fail."""
        super().__init__()
        self._manager = manager
        self._failures: list[StageError] = []

    def enter_context(self, cm: Any) -> Any:
        """Enter a context, to leave it when the run ends."""
        entered = cm.__enter__()
        self._keep(partial(type(cm).__exit__, cm), cm)
        return entered

    def push(self, exit: Any) -> Any:  # noqa: A002 - It is called so in `ExitStack`.
        """Call a function with the error with which the run ends, if there is one, or leave a context."""
        leave = getattr(type(exit), "__exit__", None)
        self._keep(exit if leave is None else partial(leave, exit), exit)
        return exit

    def callback(self, callback: Callable[..., Any], /, *args: Any, **kwds: Any) -> Callable[..., Any]:
        """Call a function when the run ends."""
        self._keep(lambda *_: callback(*args, **kwds), callback)
        return callback

    def _keep(self, close: Callable[..., Any], named: object) -> None:
        frame = inspect.currentframe()
        opener = asked_in(frame, self._manager) if frame is not None and self._manager is not None else None

        def closed(kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
            # What it answers is passed over: an error that has ended the run is not to be swallowed by what is closed.
            try:
                close(kind, error, trace)
            except FAILURES as failure:  # Whatever is raised is told when all is closed.
                if failure is not error:
                    self._failures.append(_told(failure, opener, named))

        super().push(closed)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Close everything.

        Raises:
            StageError: if that fails, and no other error has ended the run.

        """
        super().__exit__(kind, error, trace)
        failures, self._failures = self._failures, []
        if error is None and failures:
            first, *others = failures
            raise _with_notes(first, others)
        if error is not None:
            _with_notes(error, failures)


def _with_notes(error: BaseException, failures: list[StageError]) -> BaseException:
    for failure in failures:
        error.add_note(str(failure))
    return error


def _told(failure: BaseException, opener: str | None, named: object) -> StageError:
    """What failed: the plugin that had opened it, or else the function."""
    if opener is not None:
        who, path = f'The plugin "{opener}"', section_of(opener, "")
    else:
        who, path = f'The function "{_name(named)}"{_place(named)}', ()
    why = str(failure) if isinstance(failure, HooklineError) else reason(failure)
    told = StageError(f"{who} failed in closing what was opened. {why}", path)
    told.__cause__ = failure
    return told


def _made_of(named: object) -> object:
    """The function, or the generator, of which something was made that can be closed."""
    made = getattr(named, "gen", getattr(named, "func", named))
    return inspect.unwrap(made) if callable(made) else made


def _name(named: object) -> str:
    return str(getattr(_made_of(named), "__qualname__", type(named).__qualname__))


def _place(named: object) -> str:
    made = _made_of(named)
    code = getattr(made, "__code__", getattr(made, "gi_code", None))
    return "" if code is None else f" ({code.co_filename}, line {code.co_firstlineno})"
