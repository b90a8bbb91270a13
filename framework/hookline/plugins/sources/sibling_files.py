"""The siblings of a plugin file: the files that it imports from its directory, which are part of the plugin."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

MARK = "__hookline_sibling__"
"""Set in the modules that a plugin file has imported from its directory."""


def sibling_files(source: Path) -> dict[str, list[Path]]:
    """The files that a Python file imports from its directory, directly or indirectly, by module name.

    They are found without running any code. A package is included with all of its files.
    """
    folder = source.absolute().parent
    found: dict[str, list[Path]] = {}
    unread = [source.absolute()]
    while unread:
        for name in _imported(unread.pop()):
            if name not in found and (files := _in_folder(folder, name)):
                found[name] = files
                unread += [file for file in files if file.suffix == ".py"]
    return {name: [file for file in files if file != source.absolute()] for name, files in found.items()}


def forget_modules(found: dict[str, list[Path]]) -> None:
    """Remove modules with these names from `sys.modules` that another plugin file imported from its own directory."""
    for name, files in found.items():
        module = sys.modules.get(name)
        if module is not None and hasattr(module, MARK) and not _is_of(module, files):
            for other in [other for other in sys.modules if other.partition(".")[0] == name]:
                del sys.modules[other]


def marked(found: dict[str, list[Path]]) -> list[Path]:
    """Mark the imported modules; return their files and those of modules that may be imported later."""
    used: list[Path] = []
    for name, files in found.items():
        module = sys.modules.get(name)
        if module is None or _is_of(module, files):
            used += files
            if module is not None:
                setattr(module, MARK, True)
    return used


def package_files(directory: Path) -> list[Path]:
    """The files of a package, without bytecode."""
    return [path for path in directory.rglob("*") if path.is_file() and path.parent.name != "__pycache__"]


def _in_folder(folder: Path, name: str) -> list[Path]:
    package, module = folder / name, folder / f"{name}.py"
    if name in sys.stdlib_module_names:
        return []
    if (package / "__init__.py").is_file():
        return package_files(package)
    if module.is_file():
        return [module]
    # A directory without `__init__.py` is a package only if there is no other module with its name.
    paths = [Path(path).absolute() for path in getattr(sys.modules.get(name), "__path__", ())]
    is_package = package.is_dir() and (name not in sys.modules or package in paths)
    return [file for file in package_files(package) if file.suffix == ".py"] if is_package else []


def _is_of(module: ModuleType, files: list[Path]) -> bool:
    own = getattr(module, "__file__", None)
    if own is not None:
        return Path(own).absolute() in files
    folders = [Path(path).absolute() for path in getattr(module, "__path__", ())]
    return any(folder in file.parents for folder in folders for file in files)


def _imported(source: Path) -> Iterator[str]:
    """The top-level names of the modules that a file imports anywhere."""
    try:
        tree = ast.parse(source.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return  # Reported when the file runs.
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
