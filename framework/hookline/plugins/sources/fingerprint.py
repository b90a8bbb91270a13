"""The fingerprint of a plugin, from the files of its code."""

import hashlib
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from hookline.plugins.sources.sibling_files import package_files

PACKAGE = __name__.partition(".")[0]


def fingerprint(plugin: object, distribution: str | None = None) -> str:
    """The fingerprint of the code of a plugin.

    It covers the whole package of a module and the installed files of its distribution. For your own file, it covers
    the files that it imports from its directory; for an object, the same for its class; for a short form of a
    callback, the function. It is empty for code without a file, such as code typed into a console.
    """
    function = getattr(plugin, "__hookline_function__", None)
    if function is not None:
        return of_text("\n".join(_of_function(function)))
    module = plugin if isinstance(plugin, ModuleType) else inspect.getmodule(type(plugin))
    if module is not None and distribution is None and module.__name__.partition(".")[0] == PACKAGE:
        return _of_hookline()
    files = dict(_of_distribution(distribution)) if distribution is not None else {}
    if module is not None:
        files |= dict(_of_module(module))
    return of_files(files) if files else ""


@cache
def _of_hookline() -> str:
    """The fingerprint of this package, whose code does not change while it runs."""
    return of_files(dict(_of_module(sys.modules[PACKAGE])))


def _of_module(module: ModuleType) -> Iterator[tuple[str, Path]]:
    """The files of the top-level package of a module, by relative path, or its file and those that it imports."""
    own = getattr(module, "__file__", None)
    if own is None:
        return
    sibling_files = getattr(module, "__hookline_siblings__", None)
    if sibling_files is not None:
        folder = Path(own).absolute().parent
        yield from ((file.relative_to(folder).as_posix(), file) for file in (Path(own).absolute(), *sibling_files))
        return
    parts = module.__name__.split(".")
    # The top-level package may be a namespace package, without a file.
    for number in range(1, len(parts) + 1):
        package = sys.modules.get(".".join(parts[:number]))
        file = getattr(package, "__file__", None)
        if file is not None:
            path = Path(file)
            files = package_files(path.parent) if path.name == "__init__.py" else [path]
            root = path.parents[number] if path.name == "__init__.py" else path.parents[number - 1]
            yield from ((file.relative_to(root).as_posix(), file) for file in files)
            return
    yield Path(own).name, Path(own)


def _of_distribution(distribution: str) -> Iterator[tuple[str, Path]]:
    """The importable files that a distribution has installed, by name."""
    from importlib.metadata import PackageNotFoundError, files

    try:
        listed = files(distribution) or []
    except PackageNotFoundError:
        return
    for file in listed:
        is_code = ".." not in file.parts and "__pycache__" not in file.parts and file.suffix not in (".pth", ".pyc")
        path = Path(str(file.locate()))
        if is_code and not file.parts[0].endswith((".dist-info", ".egg-info")) and path.is_file():
            yield file.as_posix(), path


def _of_function(function: Callable[..., Any]) -> Iterator[str]:
    """A function as text: its source, and its bytecode, since one line may have two functions."""
    while isinstance(function, partial):
        yield repr((function.args, function.keywords))
        function = function.func
    code = getattr(function, "__code__", None)
    if code is None:
        kind = type(function)
        yield getattr(function, "__qualname__", kind.__qualname__)
        yield fingerprint(function) if kind.__module__ != "builtins" else ""
        return
    with suppress(OSError, TypeError):  # Code typed into a console has no source.
        yield inspect.getsource(function)
    yield from _of_code(code)


def _of_code(code: CodeType) -> Iterator[str]:
    yield f"{code.co_code.hex()} {code.co_names} {code.co_varnames}"
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _of_code(constant)
        else:
            yield repr(sorted(constant, key=repr) if isinstance(constant, frozenset) else constant)


def of_files(files: Mapping[str, Path]) -> str:
    """The fingerprint of the names and contents of files, independent of their order."""
    each = sorted(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for name, path in files.items())
    return of_text("\n".join(each))


def of_text(text: str) -> str:
    """The fingerprint of a text."""
    return hashlib.sha256(text.encode()).hexdigest()
