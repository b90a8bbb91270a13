"""Register plugins with pluggy, and say what is wrong with a hook that does not fit."""

import inspect

import pluggy

from hookline.errors.exceptions import PluginError
from hookline.errors.suggestions import did_you_mean
from hookline.plugins import stages
from hookline.plugins.dispatch.located_manager import LocatedManager
from hookline.plugins.origin import Origin


def new_manager() -> LocatedManager:
    """A plugin manager that knows the stages and no plugin."""
    manager = LocatedManager(stages.PROJECT)
    manager.add_hookspecs(stages)
    manager.add_hookspecs(stages.Stages)
    return manager


def register(manager: pluggy.PluginManager, origin: Origin, plugin: object, listed: str | None = None) -> None:
    """Register a plugin; raise a `PluginError` if one of its hooks does not fit."""
    try:
        manager.register(plugin, origin.name)
        if origin.is_built_in:
            return  # Tests check these: checking takes as long as everything else here.
        manager.check_pending()
        _refuse_unfit_functions(manager, origin, plugin, listed)
        if not manager.get_hookcallers(plugin):
            message = f"The plugin {origin} implements no hook: nothing in it is marked with @hookimpl."
            raise PluginError(message, listed)
    except pluggy.PluginValidationError as error:
        raise PluginError(f"The plugin {origin} {_wrong_hook(manager, plugin, error)}", listed) from None
    except ValueError:
        raise PluginError(f"The plugin {origin} is used twice.", listed) from None


def _refuse_unfit_functions(manager: pluggy.PluginManager, origin: Origin, plugin: object, listed: str | None) -> None:
    """Raise a `PluginError` for a function that pluggy calls, but not as its author meant it."""
    for caller in manager.get_hookcallers(plugin) or ():
        for implementation in caller.get_hookimpls():
            if implementation.plugin is plugin and (message := _misunderstood(implementation, caller)):
                raise PluginError(f"The plugin {origin} has a hook that does not fit. {message}", listed)


def _misunderstood(implementation: pluggy.HookImpl, caller: pluggy.HookCaller) -> str | None:
    """Describe a generator function not marked as a wrapper, or a method without `self`; `None` for all others.

    The answer of the former would be a generator. The latter would get its object in place of its first argument.
    """
    function = inspect.unwrap(implementation.function)
    place = f"{function.__code__.co_filename}, line {function.__code__.co_firstlineno}"
    if inspect.isgeneratorfunction(function) and not (implementation.wrapper or implementation.hookwrapper):
        return f'{place}: "{caller.name}" yields, so it is a wrapper: mark it with @hookimpl(wrapper=True).'
    if inspect.ismethod(function) and caller.spec is not None:
        first = function.__code__.co_varnames[: function.__code__.co_argcount][:1]
        if first and first[0] in caller.spec.argnames:
            return f'{place}: "{caller.name}" is a method, so its first argument must be `self`, not "{first[0]}".'
    return None


def _wrong_hook(manager: pluggy.PluginManager, plugin: object, error: pluggy.PluginValidationError) -> str:
    """Describe what is wrong with a hook: its name, an argument that its stage does not have, or pluggy's message."""
    marked = [name for name in dir(plugin) if manager.parse_hookimpl_opts(plugin, name) is not None]
    for name in marked:
        function = inspect.unwrap(getattr(plugin, name))
        place = f"{function.__code__.co_filename}, line {function.__code__.co_firstlineno}"
        if name not in stages.HOOKS:
            return f'implements "{name}", which is not a stage ({place}).{did_you_mean(name, stages.HOOKS)}'
        known = getattr(manager.hook, name).spec.argnames
        for argument in inspect.signature(function).parameters:
            if argument not in known and argument != "self":
                return (
                    f'has a hook that does not fit. {place}: "{name}" takes "{argument}", which this stage does not '
                    f"have.{did_you_mean(argument, known)}"
                )
        if "function is not a generator" in str(error) and f"hook {name!r}" in str(error):
            return f'has a hook that does not fit. {place}: "{name}" is marked as a wrapper but has no `yield`.'
        if f"hook {name!r}" in str(error) or len(marked) == 1:
            return f"has a hook that does not fit. {place}: {' '.join(str(error).split())}"
    return f"has a hook that does not fit. {' '.join(str(error).split())}"
