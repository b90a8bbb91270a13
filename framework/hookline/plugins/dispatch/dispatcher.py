"""Asking a stage: directly where one plugin answers and nobody wraps, and never without an answer."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import pluggy

from hookline.errors.exceptions import HooklineError, StageError
from hookline.errors.failures import FAILURES
from hookline.plugins import stages
from hookline.plugins.dispatch.answers import is_scalar, shown, unfit, wanted
from hookline.plugins.dispatch.blame import ANSWERING, blamed, is_wrapper, said_of_asked, section_of, unanswered
from hookline.plugins.dispatch.limits import Limited, limits_by_stage
from hookline.plugins.dispatch.resources import Resources
from hookline.plugins.stages import INNER, PROJECT, STAGES

if TYPE_CHECKING:
    from hookline.spec.families.components import CallbackSpec

MAY_BE_UNANSWERED = frozenset({"tune"})
"""The stages for which `None` is an answer."""


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
    predict: Callable[..., Any]
    evaluate: Callable[..., Any]
    log: Callable[..., Any]
    tune: Callable[..., Any]
    deploy: Callable[..., Any]

    limited: Mapping[str, list[Limited]]
    """The callbacks that do something in some steps or epochs only, by the names of the stages."""

    def __init__(self, manager: pluggy.PluginManager, limits: "Mapping[str, tuple[int, CallbackSpec]] | None" = None):
        """Resolve every stage with the plugins that are registered now.

        `limits` are the callbacks that do something in some steps or epochs only, by the names of the plugins, with
        their places in the spec.
        """
        self._manager = manager
        self.limited = limits_by_stage(manager, limits or {})
        self._inside: dict[tuple[int, str], Callable[..., Any]] = {}
        for stage in STAGES:
            setattr(self, stage, _asking(manager, stage, self.limited.get(stage, ()), ()))

    def asked(self, stage: str) -> list[tuple[str, bool]]:
        """The plugins in the order in which a stage asks them, and whether each wraps it: first those that do."""
        implementations = getattr(self._manager.hook, stage).get_hookimpls()[::-1]
        return [(implementation.plugin_name, is_wrapper(implementation)) for implementation in implementations]

    def inside(self, plugin: object, stage: str) -> Callable[..., Any]:
        """The stage as it is inside of a plugin: asked without it and without all that is outside of it.

        For a wrapper that needs more than the one answer that its `yield` gives, such as the loss with other targets:
        `run.stages.inside(self, "loss")(run=run, criterion=criterion, outputs=outputs, batch=other)`. It is resolved
        when it is first wanted, and then only looked up.
        """
        key = id(plugin), stage
        if key not in self._inside:
            outside: list[object] = []
            for implementation in getattr(self._manager.hook, stage).get_hookimpls()[::-1]:
                outside.append(implementation.plugin)
                if implementation.plugin is plugin:
                    break
            else:
                message = f'{type(plugin).__name__} has nothing to do with the stage "{stage}": there is no inside.'
                raise StageError(message)
            self._inside[key] = _asking(self._manager, stage, self.limited.get(stage, ()), outside)
        return self._inside[key]

    def wrong_answer(
        self,
        stage: str,
        wanted: str,
        answer: object,
        is_right: Callable[[Any], bool],
        given: Mapping[str, Any],
        *,
        hint: str = "",
    ) -> StageError:
        """The error for a stage that was answered with something else than is wanted, at the place of whoever did it.

        The stage is asked again with what it was given, each time without one more plugin, until an answer is right: so
        only for stages that may be asked again. `hint` is added if it is the built-in answer that is wrong.
        """
        for name, wraps in self.asked(stage):
            if name == ANSWERING:
                break
            if is_right(self.inside(self.plugin(name), stage)(**given)):
                who = f"The wrapper of {name} around" if wraps else f"The implementation by {name} of"
                message = f'{who} the stage "{stage}" must return {wanted}, and what it returns is {shown(answer)}.'
                return StageError(message, section_of(name, stage))
        message = f'The stage "{stage}" must be answered with {wanted}, and it is {shown(answer)}.{hint}'
        return StageError(message, section_of("", stage))

    def refuse_wrong_loss(self, answer: object, **given: Any) -> None:
        """Raise a `StageError` if the stage `loss`, given this, was answered with anything but a scalar tensor."""
        if not is_scalar(answer):
            hint = f" {given['run'].objective.name_for(None)} must add up its rows, or take their mean."
            raise self.wrong_answer("loss", "a scalar tensor", answer, is_scalar, given, hint=hint)

    def plugin(self, name: str) -> Any:
        """The plugin, or the callback, that messages call so; `None` if there is none."""
        return self._manager.get_plugin(name)

    def resources(self) -> ExitStack:
        """What a run closes when it ends, with nothing in it yet."""
        return Resources(self._manager)

    @contextmanager
    def naming_plugins(self) -> Iterator[None]:
        """An error that is raised inside by a plugin's implementation becomes one that names plugin and stage."""
        try:
            yield
        except HooklineError:
            raise
        except FAILURES as error:
            if named := blamed(error, self._manager):
                raise named from error
            raise


def _resolved(caller: pluggy.HookCaller) -> Callable[..., Any]:
    direct = _direct(caller)
    if direct is not None and caller.name in INNER and caller.get_hookimpls()[0].plugin_name == ANSWERING:
        return direct  # It has an answer for everything, so that nothing stands between the loop and it.
    ask = direct or caller

    def answered(**values: Any) -> Any:
        answer = ask(**values)
        if answer is None:
            raise unanswered(caller)
        return answer

    def looked_at(**values: Any) -> Any:
        answer = ask(**values)
        if answer is None and caller.name not in MAY_BE_UNANSWERED:
            raise unanswered(caller)
        if product := wanted(caller.name, answer):
            message = f'The stage "{caller.name}" must be answered with {product}, and it is {shown(answer)}.'
            raise StageError(message + said_of_asked(caller), section_of("", caller.name))
        if wrong := unfit(caller.name, answer):
            message = f'The stage "{caller.name}" must be answered with {wrong}.'
            raise StageError(message + said_of_asked(caller), section_of("", caller.name))
        return answer

    return answered if caller.name in INNER else looked_at


def _asking(
    manager: pluggy.PluginManager, stage: str, limited: Sequence[Limited], absent: Sequence[object]
) -> Callable[..., Any]:
    """Asks a stage without some plugins, and without those that are not due; what is left is resolved once."""
    limited = [one for one in limited if not _is_one_of(one.plugin, absent)]
    if not limited:
        return _resolved(_caller(manager, stage, absent))
    resolved: dict[tuple[bool, ...], Callable[..., Any]] = {}

    def ask(**values: Any) -> Any:
        due = tuple(one.is_due(values["run"]) for one in limited)
        if due not in resolved:
            idle = [one.plugin for one, is_due in zip(limited, due, strict=True) if not is_due]
            resolved[due] = _resolved(_caller(manager, stage, [*absent, *idle]))
        return resolved[due](**values)

    return ask


def _caller(manager: pluggy.PluginManager, stage: str, absent: Sequence[object]) -> pluggy.HookCaller:
    """A stage without some plugins."""
    # pluggy's `subset_hook_caller` takes hashable plugins only, and goes through all of them in each call.
    caller: pluggy.HookCaller = getattr(manager.hook, stage)
    if not absent:
        return caller
    present = [implementation.plugin for implementation in caller.get_hookimpls()]
    fewer = pluggy.PluginManager(PROJECT)
    fewer.add_hookspecs(stages)
    for name, plugin in manager.list_name_plugin():
        if _is_one_of(plugin, present) and not _is_one_of(plugin, absent):
            fewer.register(plugin, name)
    fewer_caller: pluggy.HookCaller = getattr(fewer.hook, stage)
    return fewer_caller


def _is_one_of(plugin: object, plugins: Sequence[object]) -> bool:
    return any(other is plugin for other in plugins)


def _direct(caller: pluggy.HookCaller) -> Callable[..., Any] | None:
    """The only implementation, if there is nothing but that."""
    implementations = caller.get_hookimpls()
    if len(implementations) != 1 or is_wrapper(implementations[0]):
        return None
    function, names = implementations[0].function, implementations[0].argnames
    if caller.spec is not None and set(names) == set(caller.spec.argnames):
        return function

    def with_its_arguments(**values: Any) -> Any:
        return function(*(values[name] for name in names))

    return with_its_arguments
