"""Asking a stage: directly where one plugin answers and nobody wraps, and never without an answer."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

import pluggy

from hookline.errors import HooklineError, MisfitError, StageError
from hookline.products import shown, wanted
from hookline.stages import STAGES
from hookline.wording import PathElement

if TYPE_CHECKING:
    from hookline.run import Run
    from hookline.specs import CallbackSpec

MAY_BE_UNANSWERED = frozenset({"tune"})
"""The stages for which `None` is an answer."""

INNER = frozenset({"forward", "loss", "backward", "step"})
"""The stages of the inner loop, whose answers are not looked at each time."""

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
    "evaluate": "metrics",
    "deploy": "deploy",
}
"""The sections of a spec that stages are about."""

OF_AN_EPOCH = frozenset({"evaluate", "log"})
"""The stages that are asked once or twice in an epoch."""


class Stages:
    """The stages of one run, each a function that takes the stage's arguments by name and returns its answer.

    The plugins are looked at once, when this is made. A stage of the inner loop that has one implementation and no
    wrapper, as most have, then costs one call and not pluggy's 1 to 2 µs.
    """

    prepare_data: Callable[..., Any]
    build_model: Callable[..., Any]
    select_loss: Callable[..., Any]
    select_optimizer: Callable[..., Any]
    fit: Callable[..., Any]
    forward: Callable[..., Any]
    loss: Callable[..., Any]
    backward: Callable[..., Any]
    step: Callable[..., Any]
    evaluate: Callable[..., Any]
    log: Callable[..., Any]
    tune: Callable[..., Any]
    deploy: Callable[..., Any]

    def __init__(self, manager: pluggy.PluginManager, limits: "Mapping[str, tuple[int, CallbackSpec]] | None" = None):
        """Resolve every stage with the plugins that are registered now.

        `limits` are the callbacks that do something in some steps or epochs only, by the names of the plugins, with
        their places in the spec.
        """
        self._manager = manager
        limited = _by_stage(manager, limits or {})
        for stage in STAGES:
            caller = getattr(manager.hook, stage)
            ask = _resolved(caller) if stage not in limited else _sometimes(manager, stage, limited[stage])
            setattr(self, stage, ask)

    def asked(self, stage: str) -> list[tuple[str, bool]]:
        """The plugins in the order in which a stage asks them, and whether each wraps it: first those that do."""
        implementations = getattr(self._manager.hook, stage).get_hookimpls()[::-1]
        return [(implementation.plugin_name, _is_wrapper(implementation)) for implementation in implementations]

    def plugin(self, name: str) -> Any:
        """The plugin, or the callback, that messages call so; `None` if there is none."""
        return self._manager.get_plugin(name)

    @contextmanager
    def listening(self, stage: str, listener: Callable[..., None]) -> Iterator[None]:
        """Inside, a function is told of every answer to a stage: `listener(answer=…)`, with what the stage was given.

        For a wrapper around `evaluate` that looks at what is judged there, without going through the data once more.
        The loop of training is not listened to: it asks the inner stages directly.
        """
        ask = getattr(self, stage)

        def heard(**values: Any) -> Any:
            answer = ask(**values)
            listener(answer=answer, **values)
            return answer

        setattr(self, stage, heard)
        try:
            yield
        finally:
            setattr(self, stage, ask)

    @contextmanager
    def naming_plugins(self) -> Iterator[None]:
        """An error that is raised inside by a plugin's implementation becomes one that names plugin and stage."""
        try:
            yield
        except HooklineError:
            raise
        except Exception as error:
            if isinstance(error, RuntimeError) and "second yield" in str(error):
                raise StageError(f"{error}: a wrapper must yield once.") from error
            if named := blamed(error, self._manager):
                raise named from error
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
            raise StageError(message + _asked(caller), _section("", caller.name))
        return answer

    return answered if caller.name in INNER else looked_at


class _Limited(NamedTuple):
    """A plugin that does something in some steps or epochs only."""

    plugin: object
    spec: "CallbackSpec"
    counts_steps: bool

    def is_due(self, run: "Run") -> bool:
        if run.is_trained:
            return True  # What is judged at the end is in no epoch.
        return self.spec.is_due(run.step + 1 if self.counts_steps else run.epoch)


def _by_stage(
    manager: pluggy.PluginManager, limits: "Mapping[str, tuple[int, CallbackSpec]]"
) -> dict[str, list[_Limited]]:
    """Which plugins are limited in which stage.

    One that has to do with a stage of the inner loop is limited there, to steps, and nowhere else: what it gathers in
    some steps it may log at the end of each epoch. Any other is limited to epochs.
    """
    found: dict[str, list[_Limited]] = {}
    for name, (index, spec) in limits.items():
        plugin = manager.get_plugin(name)
        stages = {caller.name for caller in manager.get_hookcallers(plugin) or ()}
        counts_steps = bool(stages & INNER)
        limited = stages & (INNER if counts_steps else OF_AN_EPOCH)
        if not limited:
            message = (
                f"{type(spec).__name__} has nothing to do with steps and epochs: leave out `every`, `first`, `last`."
            )
            raise MisfitError(message, ("callbacks", index))
        for stage in limited:
            found.setdefault(stage, []).append(_Limited(plugin, spec, counts_steps))
    return found


def _sometimes(manager: pluggy.PluginManager, stage: str, limited: list[_Limited]) -> Callable[..., Any]:
    """Asks a stage without the plugins that are not due; what is left is resolved once."""
    resolved: dict[tuple[bool, ...], Callable[..., Any]] = {}

    def ask(**values: Any) -> Any:
        due = tuple(one.is_due(values["run"]) for one in limited)
        if due not in resolved:
            absent = [one.plugin for one, is_due in zip(limited, due, strict=True) if not is_due]
            resolved[due] = _resolved(manager.subset_hook_caller(stage, absent))
        return resolved[due](**values)

    return ask


def _direct(caller: pluggy.HookCaller) -> Callable[..., Any] | None:
    """The only implementation, if there is nothing but that."""
    implementations = caller.get_hookimpls()
    if len(implementations) != 1 or _is_wrapper(implementations[0]):
        return None
    function, names = implementations[0].function, implementations[0].argnames
    if caller.spec is not None and set(names) == set(caller.spec.argnames):
        return function

    def with_its_arguments(**values: Any) -> Any:
        return function(*(values[name] for name in names))

    return with_its_arguments


def _unanswered(caller: pluggy.HookCaller) -> StageError:
    message = f'Nobody answered the stage "{caller.name}".{_asked(caller)}'
    return StageError(message, _section("", caller.name))


def _asked(caller: pluggy.HookCaller) -> str:
    """Who answers and who wraps a stage, in sentences, in the order in which they are asked."""
    # Asked from the last to the first.
    implementations = caller.get_hookimpls()[::-1]
    answering = [implementation.plugin_name for implementation in implementations if not _is_wrapper(implementation)]
    wrapping = [implementation.plugin_name for implementation in implementations if _is_wrapper(implementation)]
    message = ""
    if answering:
        message += f" Asked were, in this order: {', '.join(answering)}."
    if wrapping:
        message += (
            f" It is wrapped by {', '.join(wrapping)}: a wrapper must return what its `yield` gives, or another answer."
        )
    return message


def _is_wrapper(implementation: pluggy.HookImpl) -> bool:
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
    owner, file, line, trace = None, "", 0, error.__traceback__
    component = ""
    while trace is not None:
        code = trace.tb_frame.f_code
        if owner is not None and trace.tb_frame.f_globals.get("__name__", "").partition(".")[0] not in PASSED_OVER:
            component = f" ({code.co_filename}, line {trace.tb_lineno})"
        for implementation, stage in implementations:
            if _runs_in(implementation, trace.tb_frame):
                owner, component = (implementation.plugin_name, stage), ""
                file = getattr(implementation.function, "__hookline_file__", None) or code.co_filename
        if code.co_filename == file:
            line = trace.tb_lineno  # The last line in the plugin's own file, however deep in torch it was raised.
        trace = trace.tb_next
    if owner is None:
        return None
    plugin, stage = owner
    what = f"{type(error).__name__}: {error}".rstrip(": ")
    if plugin == ANSWERING:
        return StageError(f'The stage "{stage}" failed{component}: {what}', _section("", stage))
    message = f'The plugin "{plugin}" failed in the stage "{stage}" ({file}, line {line}): {what}'
    return StageError(message, _section(plugin, stage))


def _section(plugin: str, stage: str) -> tuple[PathElement, ...]:
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
