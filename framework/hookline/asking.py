"""Asking a stage: directly where one plugin answers and nobody wraps, and never without an answer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import pluggy

from hookline.errors import HooklineError, StageError
from hookline.products import shown, wanted
from hookline.stages import STAGES

MAY_BE_UNANSWERED = frozenset({"tune"})
"""The stages for which `None` is an answer."""

INNER = frozenset({"forward", "loss", "backward", "step"})
"""The stages of the inner loop, whose answers are not looked at each time."""


class Stages:
    """The stages of one run, each a function that takes the stage's arguments by name and returns its answer.

    The plugins are looked at once, when this is made. A stage of the inner loop that has one implementation and no
    wrapper, as most have, then costs one call and not pluggy's 1 to 2 µs.
    """

    prepare_data: Callable[..., Any]
    build_model: Callable[..., Any]
    select_loss: Callable[..., Any]
    select_optimizer: Callable[..., Any]
    forward: Callable[..., Any]
    loss: Callable[..., Any]
    backward: Callable[..., Any]
    step: Callable[..., Any]
    evaluate: Callable[..., Any]
    log: Callable[..., Any]
    tune: Callable[..., Any]
    deploy: Callable[..., Any]

    def __init__(self, manager: pluggy.PluginManager):
        """Resolve every stage with the plugins that are registered now."""
        self._manager = manager
        for stage in STAGES:
            setattr(self, stage, _resolved(getattr(manager.hook, stage)))

    @contextmanager
    def naming_plugins(self) -> Iterator[None]:
        """An error that is raised inside by a plugin's implementation becomes one that names plugin and stage."""
        try:
            yield
        except HooklineError:
            raise
        except Exception as error:
            if named := blamed(error, self._manager):
                raise named from error
            if isinstance(error, RuntimeError) and "second yield" in str(error):
                raise StageError(f"{error}: a wrapper must yield once.") from error
            raise


def _resolved(caller: pluggy.HookCaller) -> Callable[..., Any]:
    ask = _direct(caller) or caller

    def answered(**values: Any) -> Any:
        answer = ask(**values)
        if answer is None:
            raise _unanswered(caller)
        return answer

    def looked_at(**values: Any) -> Any:
        answer = ask(**values)
        if answer is None and caller.name not in MAY_BE_UNANSWERED:
            raise _unanswered(caller)
        if product := wanted(caller.name, answer):
            message = f'The stage "{caller.name}" must be answered with {product}, and it is {shown(answer)}.'
            raise StageError(message + _asked(caller))
        return answer

    return answered if caller.name in INNER else looked_at


def _direct(caller: pluggy.HookCaller) -> Callable[..., Any] | None:
    """The only implementation, if there is nothing but that."""
    implementations = caller.get_hookimpls()
    if len(implementations) != 1 or implementations[0].wrapper or implementations[0].hookwrapper:
        return None
    function, names = implementations[0].function, implementations[0].argnames
    if caller.spec is not None and set(names) == set(caller.spec.argnames):
        return function

    def with_its_arguments(**values: Any) -> Any:
        return function(*(values[name] for name in names))

    return with_its_arguments


def _unanswered(caller: pluggy.HookCaller) -> StageError:
    return StageError(f'Nobody answered the stage "{caller.name}".{_asked(caller)}')


def _asked(caller: pluggy.HookCaller) -> str:
    """Who answers and who wraps a stage, in sentences, in the order in which they are asked."""
    implementations = caller.get_hookimpls()
    # Asked from the last to the first.
    answering = [impl.plugin_name for impl in reversed(implementations) if not (impl.wrapper or impl.hookwrapper)]
    wrapping = [impl.plugin_name for impl in reversed(implementations) if impl.wrapper or impl.hookwrapper]
    message = ""
    if answering:
        message += f" Asked were, in this order: {', '.join(answering)}."
    if wrapping:
        message += (
            f" It is wrapped by {', '.join(wrapping)}: a wrapper must return what its `yield` gives, or another answer."
        )
    return message


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
    owner, file, line, trace = None, "", 0, error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        for implementation, stage in implementations:
            if _runs_in(implementation, trace.tb_frame):
                owner, file = (implementation.plugin_name, stage), code.co_filename
        if code.co_filename == file:
            line = trace.tb_lineno  # The last line in the plugin's own file, however deep in torch it was raised.
        trace = trace.tb_next
    if owner is None:
        return None
    plugin, stage = owner
    what = f"{type(error).__name__}: {error}".rstrip(": ")
    return StageError(f'The plugin "{plugin}" failed in the stage "{stage}" ({file}, line {line}): {what}')


def _runs_in(implementation: pluggy.HookImpl, frame: FrameType) -> bool:
    """Whether the frame is a call of this implementation; two objects of one class share their code."""
    function, code = implementation.function, frame.f_code
    if getattr(function, "__code__", None) is not code:
        return False
    owner = getattr(function, "__self__", None)
    return owner is None or frame.f_locals.get(code.co_varnames[0]) is owner
