"""Call stages: directly if one plugin answers and none wraps the stage. An error is raised if no plugin answers."""

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pluggy

from hookline.errors.exceptions import StageError
from hookline.errors.text import PathElement
from hookline.plugins.dispatch.answers import is_plain, missing_losses, missing_predictions, shown, unfit, wanted
from hookline.plugins.dispatch.attribution import (
    describe_calls,
    implementations,
    is_built_in,
    is_wrapper,
    unanswered,
)
from hookline.plugins.dispatch.limits import OF_AN_EPOCH, Limited, limits_by_stage
from hookline.plugins.dispatch.located_manager import LocatedManager
from hookline.plugins.registration import new_manager
from hookline.plugins.stages import INNER, STAGES, Run, Stages, hookimpl

if TYPE_CHECKING:
    from hookline.spec.families.callback import CallbackSpec

MAY_BE_UNANSWERED = frozenset({"tune"})
"""The stages for which `None` is a valid answer."""


class Dispatcher(Stages):
    """The stages of one run, each resolved once to a function that calls the plugins.

    A stage of the inner loop with one implementation and no wrapper, the usual case, then costs one function call
    instead of the 1 to 2 µs of pluggy.
    """

    def __init__(self, manager: LocatedManager, limits: "Mapping[str, tuple[int, CallbackSpec]] | None" = None):
        """Resolve every stage with the plugins that are registered now.

        Args:
            manager: the plugin manager of the run.
            limits: the callbacks that run only in some steps or epochs, with their indices in the spec, by the names of
                their plugins.

        """
        self.manager = manager
        self._limited = limits_by_stage(manager, limits or {})
        self._inside: dict[tuple[int, str], Callable[..., Any]] = {}
        self._seen_by: dict[str, str | None] = {}
        for stage in STAGES:
            setattr(self, stage, self._without((), stage))

    def inside(self, plugin: object, stage: str) -> Callable[..., Any]:
        """See `Stages.inside`."""
        key = id(plugin), stage
        if key not in self._inside:
            called = [implementation.plugin for implementation in implementations(self.manager, stage)]
            index = next((index for index, one in enumerate(called) if one is plugin), None)
            if index is None:
                message = (
                    f'{type(plugin).__name__} does not implement the stage "{stage}": there is no stage inside it.'
                )
                raise StageError(message)
            self._inside[key] = self._without(called[: index + 1], stage)
        return self._inside[key]

    def wrappers(self, stage: str, run: Run) -> list[pluggy.HookImpl]:
        """The wrappers around a stage that are due in a run now, the outermost first."""
        idle = [one.plugin for one in self._limited.get(stage, ()) if not one.is_due(run)]
        found = implementations(self.manager, stage)
        return [one for one in found if is_wrapper(one) and not _is_one_of(one.plugin, idle)]

    def seen_by(self, stage: str) -> str | None:
        """See `Stages.seen_by`."""
        if stage not in self._seen_by:
            others = (one.plugin_name for one in implementations(self.manager, stage) if not is_built_in(one))
            self._seen_by[stage] = next(others, None)
        return self._seen_by[stage]

    def schedules(self, stage: str) -> list[object] | None:
        """See `Stages.schedules`."""
        others = [one for one in implementations(self.manager, stage) if not is_built_in(one)]
        are_schedules = all(is_wrapper(one) and _is_schedule(one.plugin) for one in others)
        return [one.plugin for one in others] if are_schedules else None

    def around(self, stage: str, answer: Callable[..., Any]) -> Callable[..., Any]:
        """See `Stages.around`."""
        answering = [one.plugin for one in implementations(self.manager, stage) if not is_wrapper(one)]
        return self._without(answering, stage, answer)

    def _without(
        self, absent: Sequence[object], stage: str, answer: Callable[..., Any] | None = None
    ) -> Callable[..., Any]:
        """Return a function that calls a stage without some plugins and without those that are not due.

        Each combination is resolved once. There may be another answer.
        """
        path = self.manager.place_of("", stage)
        limited: list[Limited] = [one for one in self._limited.get(stage, ()) if not _is_one_of(one.plugin, absent)]
        if not limited:
            return _resolved(_caller(self.manager, stage, absent, answer), path)
        resolved: dict[tuple[bool, ...], Callable[..., Any]] = {}

        def call(**values: Any) -> Any:
            due = tuple(one.is_due(values["run"]) for one in limited)
            if due not in resolved:
                idle = [one.plugin for one, is_due in zip(limited, due, strict=True) if not is_due]
                resolved[due] = _resolved(_caller(self.manager, stage, [*absent, *idle], answer), path)
            return resolved[due](**values)

        return call


def _resolved(caller: pluggy.HookCaller, path: Sequence[PathElement]) -> Callable[..., Any]:
    direct = _direct(caller)
    if direct is not None and caller.name in INNER and is_built_in(caller.get_hookimpls()[0]):
        return direct  # It never returns `None`: the loop calls it directly.
    call, is_of_epoch = direct or caller, caller.name in OF_AN_EPOCH

    def answered(**values: Any) -> Any:
        answer = call(**values)
        if answer is None:
            raise unanswered(caller, path)
        return answer

    def checked(**values: Any) -> Any:
        answer = call(**values)
        if is_of_epoch and is_plain(caller.name, answer):
            return answer
        if answer is None and caller.name not in MAY_BE_UNANSWERED:
            raise unanswered(caller, path)
        if product := wanted(caller.name, answer):
            message = f'The stage "{caller.name}" must be answered with {product}, but the answer is {shown(answer)}.'
            raise StageError(message + describe_calls(caller), path)
        wrong = unfit(caller.name, answer)
        for missing in (missing_predictions, missing_losses):
            wrong = wrong or missing(caller.name, answer, values["run"])
        if wrong:
            message = f'The stage "{caller.name}" must be answered with {wrong}.'
            raise StageError(message + describe_calls(caller), path)
        return answer

    return answered if caller.name in INNER else checked


def _caller(
    manager: pluggy.PluginManager, stage: str, absent: Sequence[object], answer: Callable[..., Any] | None = None
) -> pluggy.HookCaller:
    """A stage without some plugins, and with another answer if there is one."""
    # pluggy's `subset_hook_caller` takes hashable plugins only, and iterates over all of them in each call.
    caller: pluggy.HookCaller = getattr(manager.hook, stage)
    if not absent:
        return caller
    present = [implementation.plugin for implementation in caller.get_hookimpls()]
    fewer = new_manager()
    for name, plugin in manager.list_name_plugin():
        if _is_one_of(plugin, present) and not _is_one_of(plugin, absent):
            fewer.register(plugin, name)
    if answer is not None:
        fewer.register(SimpleNamespace(**{stage: hookimpl(trylast=True)(answer)}))
    fewer_caller: pluggy.HookCaller = getattr(fewer.hook, stage)
    return fewer_caller


def _is_schedule(plugin: object) -> bool:
    has_state = hasattr(plugin, "state_dict") and hasattr(plugin, "load_state_dict")
    return has_state and bool(getattr(plugin, "is_schedule", False))


def _is_one_of(plugin: object, plugins: Sequence[object]) -> bool:
    return any(other is plugin for other in plugins)


def _direct(caller: pluggy.HookCaller) -> Callable[..., Any] | None:
    """Return the implementation of a stage that has only one and no wrapper; otherwise `None`."""
    found = caller.get_hookimpls()
    if len(found) != 1 or is_wrapper(found[0]):
        return None
    function, names = found[0].function, found[0].argnames
    if caller.spec is not None and set(names) == set(caller.spec.argnames):
        return function

    def with_its_arguments(**values: Any) -> Any:
        return function(*(values[name] for name in names))

    return with_its_arguments
