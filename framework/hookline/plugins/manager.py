"""The plugins of a run: the built-in ones, the installed ones that its spec lists, and a person's own."""

import importlib
import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import pluggy

from hookline.errors.exceptions import PluginError
from hookline.errors.failures import FAILURES, reason
from hookline.errors.text import did_you_mean
from hookline.plugins import stages
from hookline.plugins.catalog import Catalog
from hookline.plugins.origin import Origin
from hookline.plugins.sources.installed import InstalledPlugins
from hookline.plugins.sources.local import with_origins

BUILT_IN = (
    "hookline_stages",
    "hookline_data",
    "hookline_models",
    "hookline_initialization",
    "hookline_losses",
    "hookline_optimizers",
    "hookline_metrics",
    "hookline_callbacks",
    "hookline_schedulers",
    "hookline_deploy",
)
"""The modules of the built-in plugins. They are ordinary plugins that are always used, and asked last."""

HOOKS = (*stages.STAGES, "register_specs", "draft_spec")
"""What a plugin can implement."""

Named = tuple[Origin, object]


class Plugins:
    """The plugins of one run, in order: what stands first is asked first, and its wrappers are outermost."""

    def __init__(
        self, listed: Iterable[str] = (), extra: Iterable[object] = (), unusable: list[PluginError] | None = None
    ):
        """Load the built-in plugins, those that a spec lists, and the modules or objects of `extra`.

        Errors of listed ones are added to `unusable`, if it is given, and these plugins are left out.

        Raises:
            PluginError: if one is not installed, cannot be loaded, or does not fit in.

        """
        self._unusable = unusable
        listed = tuple(listed)
        installed = InstalledPlugins()
        names: dict[str, str] = {}
        self.built_in = [(Origin(name, distribution="hookline"), importlib.import_module(name)) for name in BUILT_IN]
        """The built-in plugins, with where they come from; the last is asked first."""
        self.added: list[Named] = []
        """The others, in the order in which they are asked."""
        for name in listed:
            try:
                origin, plugin = installed.load(name)
                _register(new_manager(), origin, plugin, name)
            except PluginError as error:
                self._leave_out(error)
            else:
                self.added.append((origin, plugin))
                names[origin.name] = name
        self.added += with_origins(extra)
        self.catalog = self._catalog(names)
        self.catalog.not_listed = lambda: installed.not_listed(listed)

    def all(self) -> list[Named]:
        """The plugins with where they come from, in the order in which they are asked: the built-in ones last."""
        return [*self.added, *reversed(self.built_in)]

    def manager(self, callbacks: Sequence[tuple[str, object]] = ()) -> pluggy.PluginManager:
        """A new plugin manager for one run, with the spec's callbacks inside of the plugins' wrappers.

        Raises:
            PluginError: if a plugin implements a hook that does not exist, or with arguments that it does not have.

        """
        manager = new_manager()
        inside = [(Origin(name), plugin) for name, plugin in callbacks]
        # pluggy asks the plugin last that was registered first.
        for origin, plugin in [*self.built_in, *reversed([*self.added, *inside])]:
            _register(manager, origin, plugin)
        return manager

    def _catalog(self, listed: Mapping[str, str]) -> Catalog:
        """What the plugins bring, in their order; `listed` says how the spec lists those that it does."""
        manager = new_manager()
        origins = {origin.name: origin for origin, _ in self.all()}
        for origin, plugin in [*self.built_in, *self.added]:
            _register(manager, origin, plugin)
        catalog = Catalog()
        for implementation in manager.hook.register_specs.get_hookimpls():
            origin = origins[implementation.plugin_name]
            try:
                components = cast("Any", implementation.function())
                if components is None:
                    raise TypeError("it returns nothing: return the classes")
                if not isinstance(components, Mapping):
                    components = list(components)
            except FAILURES as error:  # It is told, or raised from another.
                message = f'The plugin {origin} failed in "register_specs". {reason(error)}'
                self._leave_out(PluginError(message, listed.get(origin.name)), origin, cause=error)
                continue
            try:
                catalog.add(components, origin)
            except PluginError as error:
                self._leave_out(PluginError(str(error), listed.get(origin.name)), origin, cause=error.__cause__)
        return catalog

    def _leave_out(self, error: PluginError, origin: Origin | None = None, cause: BaseException | None = None) -> None:
        """Note the error of a plugin that the spec lists, and do without it; raise all others, or if none are noted."""
        if self._unusable is None or error.listed is None:
            raise error from cause or error.__cause__
        self._unusable.append(error)
        self.added = [(other, plugin) for other, plugin in self.added if other is not origin]


def new_manager() -> pluggy.PluginManager:
    """A plugin manager that knows the stages and no plugin."""
    manager = pluggy.PluginManager(stages.PROJECT)
    manager.add_hookspecs(stages)
    return manager


def _register(manager: pluggy.PluginManager, origin: Origin, plugin: object, listed: str | None = None) -> None:
    """Register a plugin, and refuse it if one of its hooks does not fit."""
    try:
        manager.register(plugin, origin.name)
        manager.check_pending()
        _refuse_unmarked_wrappers(manager, origin, plugin, listed)
        if not manager.get_hookcallers(plugin):
            message = f"The plugin {origin} implements no hook: nothing in it is marked with @hookimpl."
            raise PluginError(message, listed)
    except pluggy.PluginValidationError as error:
        raise PluginError(f"The plugin {origin} {_misfit(manager, plugin, error)}", listed) from None
    except ValueError:
        raise PluginError(f"The plugin {origin} is used twice.", listed) from None


def _refuse_unmarked_wrappers(
    manager: pluggy.PluginManager, origin: Origin, plugin: object, listed: str | None
) -> None:
    """Refuse a function that yields and is not marked as a wrapper: the generator that it gives would be the answer."""
    for caller in manager.get_hookcallers(plugin) or ():
        for implementation in caller.get_hookimpls():
            function = inspect.unwrap(implementation.function)
            is_wrapper = implementation.wrapper or implementation.hookwrapper
            if implementation.plugin is plugin and inspect.isgeneratorfunction(function) and not is_wrapper:
                place = f"{function.__code__.co_filename}, line {function.__code__.co_firstlineno}"
                message = f'{place}: "{caller.name}" yields, so it is a wrapper: mark it with @hookimpl(wrapper=True).'
                raise PluginError(f"The plugin {origin} has a hook that does not fit. {message}", listed)


def _misfit(manager: pluggy.PluginManager, plugin: object, error: pluggy.PluginValidationError) -> str:
    """What is wrong with a hook: its name, or an argument that its stage does not give, or else what pluggy says."""
    marked = [name for name in dir(plugin) if manager.parse_hookimpl_opts(plugin, name) is not None]
    for name in marked:
        function = inspect.unwrap(getattr(plugin, name))
        place = f"{function.__code__.co_filename}, line {function.__code__.co_firstlineno}"
        if name not in HOOKS:
            return f'implements "{name}", which is not a stage ({place}).{did_you_mean(name, HOOKS)}'
        known = getattr(manager.hook, name).spec.argnames
        for argument in inspect.signature(function).parameters:
            if argument not in known and argument != "self":
                return (
                    f'has a hook that does not fit. {place}: "{name}" takes "{argument}", which this stage does not '
                    f"give.{did_you_mean(argument, known)}"
                )
        if "function is not a generator" in str(error) and f"hook {name!r}" in str(error):
            return f'has a hook that does not fit. {place}: "{name}" is marked as a wrapper, and has no `yield`.'
        if f"hook {name!r}" in str(error) or len(marked) == 1:
            return f"has a hook that does not fit. {place}: {' '.join(str(error).split())}"
    return f"has a hook that does not fit. {' '.join(str(error).split())}"


def callback_name(index: int, callback: object) -> str:
    """What messages call the callback at a place of the spec."""
    return f"callbacks[{index}] {type(callback).__name__}"


def built(callbacks: Iterable[Any]) -> list[tuple[str, object]]:
    """The callbacks of a spec, built, with the names by which messages call them."""
    named: list[tuple[str, object]] = []
    for index, spec in enumerate(callbacks):
        name = callback_name(index, spec)
        try:
            named.append((name, spec.build()))
        except FAILURES as error:
            raise PluginError(f"{name} cannot be built: {reason(error)}") from error
    return named
