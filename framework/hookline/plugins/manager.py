"""The plugins of a run: the built-in ones, the installed ones that its spec lists, and your own files and objects."""

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from typing import Any, cast

from hookline.errors.exceptions import PluginError, StageError
from hookline.errors.failures import FAILURES, reason
from hookline.plugins.catalog import Catalog
from hookline.plugins.dispatch.located_manager import LocatedManager
from hookline.plugins.origin import Origin
from hookline.plugins.registration import new_manager, register
from hookline.plugins.sources.installed import InstalledPlugins
from hookline.plugins.sources.local import with_origins
from hookline.spec.training import TrainingSpec

BUILT_IN = (
    "hookline_stages",
    "hookline_data",
    "hookline_transforms",
    "hookline_columns",
    "hookline_models",
    "hookline_tabular",
    "hookline_initialization",
    "hookline_losses",
    "hookline_optimizers",
    "hookline_metrics",
    "hookline_callbacks",
    "hookline_schedulers",
    "hookline_tune",
    "hookline_deploy",
)
"""The modules of the built-in plugins: ordinary plugins that are always loaded, and called last.

They are listed here instead of being found by entry points, as third parties' plugins are: a search of the installed
distributions would slow down the start, and no other distribution may replace them. The core names them nowhere else.
"""

Named = tuple[Origin, object]


class Plugins:
    """The plugins of one run, in order: the first one is called first, and its wrappers are outermost."""

    def __init__(
        self, listed: Iterable[str] = (), extra: Iterable[object] = (), unusable: list[PluginError] | None = None
    ):
        """Load plugins.

        Args:
            listed: the names of installed plugins, as a spec lists them.
            extra: modules or objects with hook implementations.
            unusable: collects the errors of listed plugins, which are then skipped. By default an error is raised.

        Raises:
            PluginError: if a plugin is not installed, cannot be loaded, or has a hook that does not fit.

        """
        self._unusable = unusable
        self._arrange: Callable[[Sequence[Named]], Sequence[Named]] = list
        listed = tuple(listed)
        installed = InstalledPlugins()
        names: dict[str, str] = {}
        self.built_in = [(Origin(name, distribution="hookline"), importlib.import_module(name)) for name in BUILT_IN]
        """The built-in plugins and where they come from; the last one is called first."""
        self.added: list[Named] = []
        """The other plugins, in calling order."""
        for name in listed:
            try:
                origin, plugin = installed.load(name)
                register(new_manager(), origin, plugin, name)
            except PluginError as error:
                self._skip(error)
            else:
                self.added.append((origin, plugin))
                names[origin.name] = name
        self.added += with_origins(extra)
        self._answering: list[Named] = []
        """The built-in plugins with more than components, which a run or a command may call."""
        self.catalog = self._catalog(names)
        self.catalog.not_listed = lambda: installed.not_listed(listed)

    def inside(self, *outer: object) -> "Plugins":
        """Return the same plugins inside the wrappers of other objects, such as for one run."""
        made = copy(self)
        made.added = [*with_origins(outer), *self.added]
        return made

    def arranged(self, arrange: Callable[[Sequence[Named]], Sequence[Named]]) -> "Plugins":
        """Return the same plugins in another arrangement, such as with observers between them.

        Args:
            arrange: receives the plugins and callbacks of a run, from the outermost to the innermost, without the
                built-in plugins, and returns those to use.

        """
        made = copy(self)
        made._arrange = arrange
        return made

    def all(self) -> list[Named]:
        """The plugins and where they come from, in the order in which they are called: the built-in ones last."""
        return [*self.added, *reversed(self.built_in)]

    def manager(self, callbacks: Sequence[tuple[str, object]] = (), spec: TrainingSpec | None = None) -> LocatedManager:
        """A new plugin manager for one run. The callbacks of the spec are inside the wrappers of the plugins.

        Args:
            callbacks: all callbacks of the spec, built, with their names.
            spec: the spec of the run.

        Raises:
            PluginError: if a plugin implements a hook that does not exist, or takes arguments that the hook does not
                have.

        """
        manager = new_manager()
        inside = [(Origin(name), plugin) for name, plugin in callbacks]
        # pluggy calls the plugin last that was registered first.
        for origin, plugin in [*self._answering, *reversed(self._arrange([*self.added, *inside]))]:
            register(manager, origin, plugin)
        manager.callbacks = {name: ("callbacks", index) for index, (name, _) in enumerate(callbacks)}
        manager.spec = spec
        return manager

    def _catalog(self, listed: Mapping[str, str]) -> Catalog:
        """The components of the plugins, in their order; `listed` maps names of plugins to how the spec lists them."""
        manager = new_manager()
        origins = {origin.name: origin for origin, _ in self.all()}
        for origin, plugin in [*self.built_in, *self.added]:
            register(manager, origin, plugin)
        self._answering = [
            (origin, plugin)
            for origin, plugin in self.built_in
            if any(caller.name != "register_specs" for caller in manager.get_hookcallers(plugin) or ())
        ]
        catalog = Catalog()
        for implementation in manager.hook.register_specs.get_hookimpls():
            origin = origins[implementation.plugin_name]
            try:
                components = cast("Any", implementation.function())
                if components is None:
                    raise TypeError("it returns None: return the classes")
                if not isinstance(components, Mapping):
                    components = list(components)
            except FAILURES as error:  # Reported, or raised as the cause of another error.
                message = f'The plugin {origin} failed in "register_specs". {reason(error)}'
                self._skip(PluginError(message, listed.get(origin.name)), origin, cause=error)
                continue
            try:
                catalog.add(components, origin)
            except PluginError as error:
                self._skip(PluginError(str(error), listed.get(origin.name)), origin, cause=error.__cause__)
        return catalog

    def _skip(self, error: PluginError, origin: Origin | None = None, cause: BaseException | None = None) -> None:
        """Collect the error of a plugin that the spec lists, and skip the plugin; raise any other error."""
        if self._unusable is None or error.listed is None:
            raise error from cause or error.__cause__
        self._unusable.append(error)
        self.added = [(other, plugin) for other, plugin in self.added if other is not origin]


def callback_name(index: int, callback: object) -> str:
    """The name of a callback of a spec in messages."""
    return f"callbacks[{index}] {type(callback).__name__}"


def built(callbacks: Iterable[Any]) -> list[tuple[str, object]]:
    """Build the callbacks of a spec; returns each with its name in messages.

    Raises:
        StageError: if one cannot be built; its path is that of the callback.

    """
    named: list[tuple[str, object]] = []
    for index, spec in enumerate(callbacks):
        name = callback_name(index, spec)
        try:
            named.append((name, spec.build()))
        except FAILURES as error:
            message = f"{type(spec).__name__} cannot be built. {reason(error)}"
            raise StageError(message, ("callbacks", index)) from error
    return named
