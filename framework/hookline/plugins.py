"""Plugins: the built-in ones, the installed ones that a spec lists, and a person's own files and objects."""

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, cast

import pluggy

from hookline import stages
from hookline.catalog import Catalog
from hookline.errors import HooklineError, PluginError
from hookline.wording import did_you_mean

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

Named = tuple[str, object]


class Plugins:
    """The plugins of one run, in order: what stands first is asked first, and its wrappers are outermost."""

    def __init__(self, listed: Iterable[str] = (), extra: Iterable[object] = ()):
        """Load the built-in plugins, those that a spec lists, and the modules or objects of `extra`.

        Raises:
            PluginError: if one is not installed, cannot be loaded, or does not fit in.

        """
        self._built_in: list[Named] = [(name, importlib.import_module(name)) for name in BUILT_IN]
        self._added = _installed(list(listed)) + _named(extra)
        self.catalog = self._catalog()

    def manager(self, callbacks: Sequence[Named] = ()) -> pluggy.PluginManager:
        """A new plugin manager for one run, with the spec's callbacks inside of the plugins' wrappers.

        Raises:
            PluginError: if a plugin implements a hook that does not exist, or with arguments that it does not have.

        """
        manager = new_manager()
        # pluggy asks the plugin last that was registered first.
        for name, plugin in [*self._built_in, *reversed([*self._added, *callbacks])]:
            register(manager, name, plugin)
        return manager

    def _catalog(self) -> Catalog:
        """What the plugins bring, in their order."""
        manager = new_manager()
        for name, plugin in [*self._built_in, *self._added]:
            register(manager, name, plugin)
        catalog = Catalog()
        for implementation in manager.hook.register_specs.get_hookimpls():
            name = implementation.plugin_name
            try:
                components = cast("Any", implementation.function())
                if not isinstance(components, Mapping):
                    components = list(components)
            except Exception as error:
                what = f"{type(error).__name__}: {error}"
                raise PluginError(f'The plugin "{name}" failed in "register_specs". {what}') from error
            catalog.add(components, name)
        return catalog


def new_manager() -> pluggy.PluginManager:
    """A plugin manager that knows the stages and no plugin."""
    manager = pluggy.PluginManager(stages.PROJECT)
    manager.add_hookspecs(stages)
    return manager


def register(manager: pluggy.PluginManager, name: str, plugin: object) -> None:
    """Register a plugin, and refuse it if one of its hooks does not fit."""
    try:
        manager.register(plugin, name)
        manager.check_pending()
        if not manager.get_hookcallers(plugin):
            raise PluginError(f'The plugin "{name}" implements no hook: nothing in it is marked with @hookimpl.')
    except pluggy.PluginValidationError as error:
        known = [*stages.STAGES, "register_specs"]
        hook = next((hook for hook in dir(plugin) if _is_unknown_hook(manager, plugin, hook, known)), None)
        if hook is not None:
            raise PluginError(
                f'The plugin "{name}" implements "{hook}", which is not a stage.{did_you_mean(hook, known)}'
            ) from None
        raise PluginError(
            f'The plugin "{name}" has a hook that does not fit. {_misfit(manager, plugin, error)}'
        ) from None
    except ValueError:
        raise PluginError(f'The plugin "{name}" is used twice.') from None


def from_file(path: str | Path) -> ModuleType:
    """The module in a person's own file, which is run.

    Raises:
        PluginError: if there is no such file, if it fails, or if nothing in it is a hook.

    """
    source = Path(path)
    if not source.is_file():
        raise PluginError(f"{path}: There is no such file.")
    name = f"hookline_file_{source.stem}"
    found = importlib.util.spec_from_file_location(name, source)
    if found is None or found.loader is None:
        raise PluginError(f"{path}: A plugin is a Python file, whose name ends in .py.")
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module  # Where attrs and typing look names up.
    sys.path.insert(0, str(source.absolute().parent))  # It may import its neighbours, as a script may.
    try:
        found.loader.exec_module(module)
    except HooklineError:
        raise
    except (Exception, SystemExit) as error:
        raise PluginError(f"{path}: {_reason(error, str(source.absolute()))}") from error
    finally:
        sys.path.remove(str(source.absolute().parent))
    module.__hookline_name__ = source.stem  # type: ignore[attr-defined]
    _refuse_unmarked(module, str(path))
    return module


def _refuse_unmarked(module: ModuleType, path: str) -> None:
    """Refuse a file in which nothing is marked, or a stage's name is not: it would do nothing, silently."""
    marked = 0
    for name, value in vars(module).items():
        if isinstance(value, FunctionType) and hasattr(value, f"{stages.PROJECT}_impl"):
            marked += 1
        elif (
            name in (*stages.STAGES, "register_specs")
            and isinstance(value, FunctionType)
            and value.__module__ == module.__name__
        ):
            line = value.__code__.co_firstlineno
            raise PluginError(
                f'{path}, line {line}: "{name}" is the name of a stage; mark the function with @hookimpl.'
            )
    if not marked:
        raise PluginError(f"{path}: Nothing in this file is marked with @hookimpl.")


def _installed(names: list[str]) -> list[Named]:
    if not names:
        return []
    from importlib.metadata import (
        entry_points,  # As slow to import as all of the plugins together.
    )

    available = {point.name: point for point in entry_points(group=stages.PROJECT)}
    loaded: list[Named] = []
    for name in names:
        if name not in available:
            none = " No plugin is installed." if not available else ""
            message = f'No plugin called "{name}" is installed.{none}{did_you_mean(name, available)}'
            raise PluginError(message, missing=name)
        try:
            loaded.append((name, available[name].load()))
        except Exception as error:
            raise PluginError(f'The plugin "{name}" cannot be loaded: {type(error).__name__}: {error}') from error
    return loaded


def _named(plugins: Iterable[object]) -> list[Named]:
    """Modules and objects with the names by which messages call them; a second one of a kind is numbered."""
    named: list[Named] = []
    for plugin in plugins:
        if isinstance(plugin, str):
            raise PluginError(f'"{plugin}" is a string: a plugin is a module or an object. Specs list installed ones.')
        if isinstance(plugin, ModuleType):
            name = str(getattr(plugin, "__hookline_name__", plugin.__name__))
        else:
            name = type(plugin).__name__
        if isinstance(plugin, type):
            raise PluginError(
                f"{plugin.__name__} is a class: a plugin is a module, or an object such as {plugin.__name__}()."
            )
        same = sum(other == name or other.startswith(f"{name} (") for other, _ in named)
        named.append((f"{name} ({same + 1})" if same else name, plugin))
    return named


def _is_unknown_hook(manager: pluggy.PluginManager, plugin: object, name: str, known: Sequence[str]) -> bool:
    return name not in known and manager.parse_hookimpl_opts(plugin, name) is not None


def _misfit(manager: pluggy.PluginManager, plugin: object, error: pluggy.PluginValidationError) -> str:
    """What is wrong with a hook: which argument its stage does not give, or else what pluggy says."""
    for stage in (*stages.STAGES, "register_specs"):
        caller = getattr(manager.hook, stage)
        if manager.parse_hookimpl_opts(plugin, stage) is None:
            continue
        function = getattr(plugin, stage)
        for argument in inspect.signature(function).parameters:
            if argument not in caller.spec.argnames:
                code = inspect.unwrap(function).__code__
                return (
                    f'{code.co_filename}, line {code.co_firstlineno}: "{stage}" takes "{argument}", which this stage '
                    f"does not give.{did_you_mean(argument, caller.spec.argnames)}"
                )
    return " ".join(str(error).split())


def _reason(error: BaseException, file: str) -> str:
    """What went wrong, with the last line of this file that had to do with it."""
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}."
    line, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"line {line}: {type(error).__name__}: {error}"


def built(callbacks: Iterable[Any]) -> list[Named]:
    """The callbacks of a spec, built, with the names by which messages call them."""
    named: list[Named] = []
    for index, spec in enumerate(callbacks):
        name = f"callbacks[{index}] {type(spec).__name__}"
        try:
            named.append((name, spec.build()))
        except Exception as error:
            raise PluginError(f"{name} cannot be built: {type(error).__name__}: {error}") from error
    return named
