"""Your own files and objects as plugins, without packaging."""

import importlib.util
import sys
from collections.abc import Iterable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import TypeGuard

from hookline.errors.exceptions import HooklineError, PluginError
from hookline.errors.failures import FAILURES, place_of, reason, what
from hookline.errors.near_files import no_such_file
from hookline.plugins import stages
from hookline.plugins.origin import Origin
from hookline.plugins.sources.sibling_files import forget_modules, marked, sibling_files
from hookline.spec.options import Spec

MODULE = "hookline_file_"
"""How the names of the modules of your own files begin."""


def from_file(path: str | Path) -> ModuleType:
    """Run a Python file and return its module.

    Raises:
        PluginError: if the file does not exist, fails, or contains no hook.

    """
    source = Path(path)
    if source.is_dir():
        raise PluginError("This is a directory, not a Python file.", file=path)
    if not source.is_file():
        raise PluginError(no_such_file(path), file=path)
    name = f"{MODULE}{source.stem}"
    found = importlib.util.spec_from_file_location(name, source)
    if found is None or found.loader is None:
        raise PluginError("A plugin must be a Python file (.py).", file=path)
    module = importlib.util.module_from_spec(found)
    sys.modules[name] = module  # attrs and typing resolve names there.
    siblings = sibling_files(source)
    forget_modules(siblings)
    sys.path.insert(0, str(source.absolute().parent))  # It can import from its directory, like a script.
    try:
        found.loader.exec_module(module)
    except HooklineError:
        raise
    except FAILURES as error:
        raise PluginError(_with_line(error, str(source.absolute())), file=path) from error
    finally:
        sys.path.remove(str(source.absolute().parent))
    module.__hookline_file__ = source  # type: ignore[attr-defined]
    module.__hookline_siblings__ = tuple(marked(siblings))  # type: ignore[attr-defined]
    _refuse_unmarked(module, str(path))
    return module


def _with_line(error: BaseException, file: str) -> str:
    """An error in a file in words, with its line; a syntax error in another file also has its name."""
    place = place_of(error, file)
    if place is None:
        return what(error)
    return f"line {place[1]}: {what(error)}" if place[0] == file else reason(error)


def _refuse_unmarked(module: ModuleType, path: str) -> None:
    """Raise a `PluginError` for a file without marked functions, or with an unmarked function named like a stage."""
    found = 0
    for name, value in vars(module).items():
        if isinstance(value, FunctionType) and hasattr(value, f"{stages.PROJECT}_impl"):
            found += 1
        elif name in stages.HOOKS and isinstance(value, FunctionType) and value.__module__ == module.__name__:
            line = value.__code__.co_firstlineno
            raise PluginError(
                f'{path}, line {line}: "{name}" is the name of a stage; mark the function with @hookimpl.'
            )
    if not found:
        message = "No function of this file is marked with @hookimpl."
        if (kind := next(filter(_has_hooks, vars(module).values()), None)) is not None:
            message += (
                f" The hooks of the class {kind.__name__} need an object: write them as functions of the file, or "
                f"train from Python with `plugins=[{kind.__name__}()]`."
            )
        raise PluginError(message, file=path)


def _has_hooks(value: object) -> TypeGuard[type]:
    return isinstance(value, type) and any(hasattr(method, f"{stages.PROJECT}_impl") for method in vars(value).values())


def with_origins(plugins: Iterable[object]) -> list[tuple[Origin, object]]:
    """Give modules and objects their names in messages; a second one with the same name is numbered.

    Raises:
        PluginError: if one is a string or a class.

    """
    named: list[tuple[Origin, object]] = []
    if not isinstance(plugins, Iterable):
        raise PluginError("`plugins` must be a list of modules and objects; write `[plugin]` for a single one.")
    for plugin in plugins:
        if isinstance(plugin, Spec):
            name = type(plugin).__name__
            message = f"{name}(…) belongs in a spec: list it there among the callbacks, or pass `{name}(…).build()`."
            raise PluginError(message)
        if isinstance(plugin, str):
            raise PluginError(
                f'"{plugin}" is a string, but a plugin is a module or an object. List installed plugins in the spec.'
            )
        if isinstance(plugin, type):
            raise PluginError(
                f"{plugin.__name__} is a class, but a plugin is a module or an object, such as {plugin.__name__}()."
            )
        file = getattr(plugin, "__hookline_file__", None) if isinstance(plugin, ModuleType) else None
        name = file.stem if file else plugin.__name__ if isinstance(plugin, ModuleType) else type(plugin).__name__
        name = getattr(plugin, "__hookline_name__", name)
        same = sum(other.name == name or other.name.startswith(f"{name} (") for other, _ in named)
        beside = getattr(plugin, "__hookline_siblings__", ()) if file else ()
        named.append((Origin(f"{name} ({same + 1})" if same else name, file=file, sibling_files=beside), plugin))
    return named
