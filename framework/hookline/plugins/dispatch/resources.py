"""The open resources of a run, which are closed when it ends. An error while closing names the plugin."""

import inspect
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import Any

from hookline.errors.exceptions import HooklineError, StageError
from hookline.errors.failures import FAILURES, reason
from hookline.errors.text import PathElement
from hookline.plugins.dispatch.attribution import running_plugin
from hookline.plugins.dispatch.located_manager import LocatedManager


class Resources(ExitStack):
    """The resources that callbacks and components have opened; the last one is closed first.

    An error while closing never hides the error that ended the run: it is added to it as a note. Without such an error,
    it is raised after all other resources are closed.
    """

    def __init__(self, manager: LocatedManager | None = None):
        """Start without resources. An error while closing names the plugin of this manager that opened the resource."""
        super().__init__()
        self._manager = manager
        self._failures: list[StageError] = []

    def enter_context(self, cm: Any) -> Any:
        """Enter a context, and exit it when the run ends."""
        entered = cm.__enter__()
        self._keep(partial(type(cm).__exit__, cm), cm)
        return entered

    def push(self, exit: Any) -> Any:  # noqa: A002 - The name is that of `ExitStack`.
        """When the run ends, exit a context, or call a function with the arguments of `__exit__`."""
        leave = getattr(type(exit), "__exit__", None)
        self._keep(exit if leave is None else partial(leave, exit), exit)
        return exit

    def callback(self, callback: Callable[..., Any], /, *args: Any, **kwds: Any) -> Callable[..., Any]:
        """Call a function when the run ends."""
        self._keep(lambda *_: callback(*args, **kwds), callback)
        return callback

    def _keep(self, close: Callable[..., Any], named: object) -> None:
        opener = None if self._manager is None else running_plugin(inspect.currentframe(), self._manager)

        def closed(kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
            # The return value is ignored: closing a resource must not suppress the error that ended the run.
            try:
                close(kind, error, trace)
            except FAILURES as failure:  # Reported after everything is closed.
                if failure is not error:
                    path = self._manager.place_of(opener) if self._manager is not None and opener is not None else ()
                    self._failures.append(_failed(failure, opener, named, path))

        super().push(closed)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        """Close everything.

        Raises:
            StageError: if closing fails and no other error has ended the run.

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


def _failed(failure: BaseException, opener: str | None, named: object, path: Sequence[PathElement]) -> StageError:
    """The error that names the plugin that opened the resource, or else the function."""
    who = f'The function "{_name(named)}"{_place(named)}' if opener is None else f'The plugin "{opener}"'
    why = str(failure) if isinstance(failure, HooklineError) else reason(failure)
    error = StageError(f"{who} failed to close a resource. {why}", path)
    error.__cause__ = failure
    return error


def _factory(named: object) -> object:
    """The function or generator that created the resource."""
    made = getattr(named, "gen", getattr(named, "func", named))
    return inspect.unwrap(made) if callable(made) else made


def _name(named: object) -> str:
    return str(getattr(_factory(named), "__qualname__", type(named).__qualname__))


def _place(named: object) -> str:
    made = _factory(named)
    code = getattr(made, "__code__", getattr(made, "gi_code", None))
    return "" if code is None else f" ({code.co_filename}, line {code.co_firstlineno})"
