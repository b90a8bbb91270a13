"""Whose fault it is: what is told of a stage that nobody answered, or in which a plugin failed."""

import re
from collections.abc import Iterable, Iterator
from types import FrameType, TracebackType

import pluggy

from hookline.errors.exceptions import HooklineError, StageError
from hookline.errors.text import PathElement
from hookline.plugins.stages import STAGES

ANSWERING = "hookline_stages"
"""The plugin with the built-in answers: it asks the components of the spec, whose errors are not its own."""

PASSED_OVER = frozenset({ANSWERING, "contextlib", "hookline", "pluggy", "torch"})
"""The modules in which the line of a component's error is not looked for."""

SECTIONS = {
    "prepare_data": "data",
    "build_model": "model",
    "select_loss": "loss",
    "select_optimizer": "optimizer",
    "forward": "model",
    "loss": "loss",
    "backward": "loss",
    "step": "optimizer",
    "predict": "loss",
    "evaluate": "metrics",
    "deploy": "deploy",
}
"""The sections of a spec that stages are about."""


def unanswered(caller: pluggy.HookCaller) -> StageError:
    """The error for a stage that nobody answered."""
    message = f'Nobody answered the stage "{caller.name}".{said_of_asked(caller)}'
    return StageError(message, section_of("", caller.name))


def said_of_asked(caller: pluggy.HookCaller) -> str:
    """Who answers and who wraps a stage, in sentences, in the order in which they are asked."""
    # Asked from the last to the first.
    implementations = caller.get_hookimpls()[::-1]
    answering = [implementation.plugin_name for implementation in implementations if not is_wrapper(implementation)]
    wrapping = [implementation.plugin_name for implementation in implementations if is_wrapper(implementation)]
    message = ""
    if answering:
        message += f" Asked were, in this order: {', '.join(answering)}."
    if wrapping:
        message += (
            f" It is wrapped by {', '.join(wrapping)}: a wrapper must return what its `yield` gives, or another answer."
        )
    return message


def is_wrapper(implementation: pluggy.HookImpl) -> bool:
    """Whether an implementation wraps its stage, rather than answers it."""
    return implementation.wrapper or implementation.hookwrapper


def blamed(error: BaseException, manager: pluggy.PluginManager) -> HooklineError | None:
    """The error as a sentence that names the plugin and the stage in which it was raised.

    Looked for in the traceback when it has happened, so that the loop pays nothing for it. `None` if no plugin
    was running.
    """
    implementations = [
        (implementation, caller.name)
        for caller in (getattr(manager.hook, stage) for stage in STAGES)
        for implementation in caller.get_hookimpls()
    ]
    if wrong := _wrong_yield(error, implementations):
        return wrong
    owner, file, line, component = None, "", 0, ""
    for trace in _traces(error):
        code = trace.tb_frame.f_code
        if owner is not None and trace.tb_frame.f_globals.get("__name__", "").partition(".")[0] not in PASSED_OVER:
            component = f" ({code.co_filename}, line {trace.tb_lineno})"
        for implementation, stage in implementations:
            if _runs_in(implementation, trace.tb_frame):
                owner, component = (implementation.plugin_name, stage), ""
                file = getattr(implementation.function, "__hookline_file__", None) or code.co_filename
        if code.co_filename == file:
            line = trace.tb_lineno  # The last line in the plugin's own file, however deep in torch it was raised.
    if owner is None:
        return None
    plugin, stage = owner
    raised = error.__cause__ if _is_stop_iteration(error) else error
    what = f"{type(raised).__name__}: {_first_part(raised)}".rstrip(": ")
    if plugin == ANSWERING:
        return StageError(f'The stage "{stage}" failed{component}: {what}', section_of("", stage))
    message = f'The plugin "{plugin}" failed in the stage "{stage}" ({file}, line {line}): {what}'
    return StageError(message, section_of(plugin, stage))


def _first_part(error: BaseException | None) -> str:
    """What an error says, without the pages that torch's compiler adds."""
    return re.split(r"\n\n(?:from user code:|Set TORCH)", str(error), maxsplit=1)[0]


def _is_stop_iteration(error: BaseException) -> bool:
    """Whether Python has replaced a `StopIteration` that left a generator, as every wrapper is, by a `RuntimeError`."""
    return isinstance(error, RuntimeError) and isinstance(error.__cause__, StopIteration)


def _traces(error: BaseException) -> Iterator[TracebackType]:
    """The traceback from the outermost call to the innermost; that of a `StopIteration` begins in the generator."""
    for part in (error, error.__cause__) if _is_stop_iteration(error) else (error,):
        trace = part.__traceback__ if part is not None else None
        while trace is not None:
            yield trace
            trace = trace.tb_next


_WRONG_YIELD = re.compile(r"wrap_controller at '\w+' (.*):(\d+) (did not yield|has second yield)")
"""What pluggy says of a wrapper that does not yield exactly once: its file, its first line and what it did."""


def _wrong_yield(error: BaseException, implementations: Iterable[tuple[pluggy.HookImpl, str]]) -> StageError | None:
    """The error for a wrapper that does not yield exactly once; its own frame is not in the traceback."""
    match = _WRONG_YIELD.fullmatch(str(error)) if isinstance(error, RuntimeError) else None
    if match is None:
        return None
    file, line = match[1], int(match[2])
    did = "it returned before it did" if match[3] == "did not yield" else "it yielded a second time"
    for implementation, stage in implementations:
        code = getattr(implementation.function, "__code__", None)
        if code is not None and (code.co_filename, code.co_firstlineno) == (file, line):
            plugin = implementation.plugin_name
            message = f'The plugin "{plugin}" failed in the stage "{stage}" ({file}, line {line})'
            return StageError(f"{message}: a wrapper must yield once, and {did}.", section_of(plugin, stage))
    return StageError(f"A wrapper must yield once, and {did} ({file}, line {line}).")


def asked_in(frame: FrameType, manager: pluggy.PluginManager) -> str | None:
    """The plugin that is running in a frame, or in one of those that have called it; `None` for the built-in answers.

    For what is done seldom: every implementation of every stage is looked at.
    """
    implementations = [found for stage in STAGES for found in getattr(manager.hook, stage).get_hookimpls()]
    caller: FrameType | None = frame
    while caller is not None:
        for implementation in implementations:
            if _runs_in(implementation, caller):
                return None if implementation.plugin_name == ANSWERING else implementation.plugin_name
        caller = caller.f_back
    return None


def section_of(plugin: str, stage: str) -> tuple[PathElement, ...]:
    """The place in the spec of the callback that a plugin is, or else what the stage is about."""
    callback = re.match(r"callbacks\[(\d+)\] ", plugin)
    if callback is not None:
        return "callbacks", int(callback[1])
    return (SECTIONS[stage],) if stage in SECTIONS else ()


def _runs_in(implementation: pluggy.HookImpl, frame: FrameType) -> bool:
    """Whether the frame is a call of this implementation; two objects of one class share their code."""
    function, code = implementation.function, frame.f_code
    if getattr(function, "__code__", None) is not code:
        return False
    owner = getattr(function, "__self__", None)
    return owner is None or frame.f_locals.get(code.co_varnames[0]) is owner
