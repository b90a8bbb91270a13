"""Find the plugin that caused an error: no plugin answered a stage, or a plugin failed in it."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType, TracebackType

import pluggy

from hookline.errors.exceptions import HooklineError, StageError
from hookline.errors.failures import FAILURES
from hookline.errors.text import PathElement
from hookline.plugins.dispatch.located_manager import LocatedManager
from hookline.plugins.manager import BUILT_IN
from hookline.plugins.stages import STAGES

SKIPPED = frozenset({"contextlib", "hookline", "pluggy", "torch"})
"""The packages whose lines do not locate the error of a component."""


def implementations(manager: pluggy.PluginManager, stage: str) -> list[pluggy.HookImpl]:
    """The implementations of a stage in the order in which they are called: wrappers first, the outermost first."""
    caller: pluggy.HookCaller = getattr(manager.hook, stage)
    return caller.get_hookimpls()[::-1]


def is_wrapper(implementation: pluggy.HookImpl) -> bool:
    """Whether an implementation wraps its stage instead of answering it."""
    return implementation.wrapper or implementation.hookwrapper


def is_built_in(implementation: pluggy.HookImpl) -> bool:
    """Whether it is a built-in answer. It calls the components of the spec, whose errors are not its own."""
    return implementation.plugin_name in BUILT_IN


def unanswered(caller: pluggy.HookCaller, path: Sequence[PathElement]) -> StageError:
    """The error for a stage that no plugin answered; `path` is that of its section."""
    return StageError(f'No plugin answered the stage "{caller.name}".{describe_calls(caller)}', path)


def describe_calls(caller: pluggy.HookCaller) -> str:
    """Describe the plugins that answer and wrap a stage, in calling order."""
    called = caller.get_hookimpls()[::-1]
    answering = [implementation.plugin_name for implementation in called if not is_wrapper(implementation)]
    wrapping = [implementation.plugin_name for implementation in called if is_wrapper(implementation)]
    message = ""
    if answering:
        message += f" Plugins that implement it, in calling order: {', '.join(answering)}."
    if wrapping:
        message += f" It is wrapped by {', '.join(wrapping)}: "
        message += "a wrapper must return the value of its `yield`, or another answer."
    return message


@contextmanager
def naming_plugins(manager: LocatedManager) -> Iterator[None]:
    """Convert an error that an implementation raises to one that names the plugin and the stage."""
    try:
        yield
    except HooklineError:
        raise
    except FAILURES as error:
        if named := attributed(error, manager):
            raise named from error
        raise


def attributed(error: BaseException, manager: LocatedManager) -> HooklineError | None:
    """Convert an error to one that names the plugin and the stage that raised it; `None` if no plugin was running.

    The plugin is found from the traceback, so the loop has no overhead.
    """
    found = [(implementation, stage) for stage in STAGES for implementation in implementations(manager, stage)]
    if wrong := _wrong_yield(error, found, manager):
        return wrong
    owner: tuple[pluggy.HookImpl, str] | None = None
    file, line, component = "", 0, ""
    for trace in _traces(error):
        code = trace.tb_frame.f_code
        if owner is not None:
            package = trace.tb_frame.f_globals.get("__name__", "").partition(".")[0]
            if package not in SKIPPED and package != owner[0].plugin_name:
                component = f" ({code.co_filename}, line {trace.tb_lineno})"
        for implementation, stage in found:
            if _runs_in(implementation, trace.tb_frame):
                owner, component = (implementation, stage), ""
                file = getattr(implementation.function, "__hookline_file__", None) or code.co_filename
        if code.co_filename == file:
            line = trace.tb_lineno  # The last line in the plugin's own file, however deep in torch it was raised.
    if owner is None:
        return None
    implementation, stage = owner
    raised = error.__cause__ if _is_stop_iteration(error) else error
    what = f"{type(raised).__name__}: {_first_part(raised)}".rstrip(": ")
    if is_built_in(implementation):
        return StageError(f'The stage "{stage}" failed{component}: {what}', manager.place_of("", stage))
    plugin = implementation.plugin_name
    message = f'The plugin "{plugin}" failed in the stage "{stage}" ({file}, line {line}): {what}'
    return StageError(message, manager.place_of(plugin, stage))


def _first_part(error: BaseException | None) -> str:
    """The message of an error, without the long explanations that torch's compiler appends."""
    return re.split(r"\n\n(?:from user code:|Set TORCH)", str(error), maxsplit=1)[0]


def _is_stop_iteration(error: BaseException) -> bool:
    """Whether this is the `RuntimeError` that Python raises for a `StopIteration` in a generator, such as a wrapper."""
    return isinstance(error, RuntimeError) and isinstance(error.__cause__, StopIteration)


def _traces(error: BaseException) -> Iterator[TracebackType]:
    """The traceback from the outermost call to the innermost; for a `StopIteration`, it starts in the generator."""
    for part in (error, error.__cause__) if _is_stop_iteration(error) else (error,):
        trace = part.__traceback__ if part is not None else None
        while trace is not None:
            yield trace
            trace = trace.tb_next


_WRONG_YIELD = re.compile(r"wrap_controller at '\w+' (.*):(\d+) (did not yield|has second yield)")
"""Matches pluggy's error for a wrapper that does not yield exactly once: its file, its first line and what it did."""


def _wrong_yield(
    error: BaseException, found: Iterable[tuple[pluggy.HookImpl, str]], manager: LocatedManager
) -> StageError | None:
    """The error for a wrapper that does not yield exactly once; its own frame is not in the traceback."""
    match = _WRONG_YIELD.fullmatch(str(error)) if isinstance(error, RuntimeError) else None
    if match is None:
        return None
    file, line = match[1], int(match[2])
    did = "it returned without a `yield`" if match[3] == "did not yield" else "it yielded a second time"
    for implementation, stage in found:
        code = getattr(implementation.function, "__code__", None)
        if code is not None and (code.co_filename, code.co_firstlineno) == (file, line):
            plugin = implementation.plugin_name
            message = f'The plugin "{plugin}" failed in the stage "{stage}" ({file}, line {line})'
            return StageError(f"{message}: a wrapper must yield once, but {did}.", manager.place_of(plugin, stage))
    return StageError(f"A wrapper must yield once, but {did} ({file}, line {line}).")


def running_plugin(frame: FrameType | None, manager: pluggy.PluginManager) -> str | None:
    """The plugin that runs in a frame or in one of its callers; `None` for the built-in answers.

    This compares every implementation of every stage: do not call it often.
    """
    found = [implementation for stage in STAGES for implementation in implementations(manager, stage)]
    while frame is not None:
        for implementation in found:
            if _runs_in(implementation, frame):
                return None if is_built_in(implementation) else implementation.plugin_name
        frame = frame.f_back
    return None


def _runs_in(implementation: pluggy.HookImpl, frame: FrameType) -> bool:
    """Whether the frame is a call of this implementation; two objects of one class share their code."""
    function, code = implementation.function, frame.f_code
    if getattr(function, "__code__", None) is not code:
        return False
    owner = getattr(function, "__self__", None)
    return owner is None or frame.f_locals.get(code.co_varnames[0]) is owner
