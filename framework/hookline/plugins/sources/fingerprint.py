"""The fingerprint of a plugin: of the files that its code is made of."""

import hashlib
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from hookline.plugins.sources.neighbours import package_files


def fingerprint(plugin: object, distribution: str | None = None) -> str:
    """The fingerprint of the code that a plugin is made of, of which nothing is read but its files.

    That is all of the package in which its module is, and what the distribution has installed that brings it; a
    person's own file with its neighbors; of an object, the same of its class; of a short form of a callback, the
    function. Empty if it is in no file, as what is typed in.
    """
    function = getattr(plugin, "__hookline_function__", None)
    if function is not None:
        return of_text("\n".join(_of_function(function)))
    module = plugin if isinstance(plugin, ModuleType) else inspect.getmodule(type(plugin))
    files = dict(_of_distribution(distribution)) if distribution is not None else {}
    if module is not None:
        files |= dict(_of_module(module))
    return of_files(files) if files else ""


def _of_module(module: ModuleType) -> Iterator[tuple[str, Path]]:
    """The files of the outermost package in which a module is, by their names in it, or its own and its neighbors."""
    own = getattr(module, "__file__", None)
    if own is None:
        return
    neighbours = getattr(module, "__hookline_neighbours__", None)
    if neighbours is not None:
        folder = Path(own).absolute().parent
        yield from ((file.relative_to(folder).as_posix(), file) for file in (Path(own).absolute(), *neighbours))
        return
    parts = module.__name__.split(".")
    # What lies outermost may be shared by several distributions: it has no file then.
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
    """What a distribution has installed to be imported, by its names."""
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
    """What a function does, as text: its source, and what it is compiled to, since a line may have two of them."""
    while isinstance(function, partial):
        yield repr((function.args, function.keywords))
        function = function.func
    code = getattr(function, "__code__", None)
    if code is None:
        kind = type(function)
        yield getattr(function, "__qualname__", kind.__qualname__)
        yield fingerprint(function) if kind.__module__ != "builtins" else ""
        return
    with suppress(OSError, TypeError):  # It has no source if it is typed in.
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
    """The fingerprint of files: of the names that they are given and of what is in them, in whichever order."""
    each = sorted(f"{name} {hashlib.sha256(path.read_bytes()).hexdigest()}" for name, path in files.items())
    return of_text("\n".join(each))


def of_text(text: str) -> str:
    """The fingerprint of a text."""
    return hashlib.sha256(text.encode()).hexdigest()
