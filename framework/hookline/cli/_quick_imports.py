"""Import torch and matplotlib faster. Only the command line, which has a process of its own, does this.

While torch is imported, Python would search its objects for garbage whenever there are a quarter more than before, and
once more at exit. They are not garbage until then. The search takes a third of the time of `import torch`.

matplotlib writes the docstrings of its artists when it is imported, which takes half of that time. No command shows
them.
"""

import atexit
import gc
import importlib.util
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class QuickImports:
    """A finder of modules that finds them as usual, and changes how two of them are imported, whatever needs them."""

    def __init__(self) -> None:
        self._ways = {"torch": _without_collection, "matplotlib.artist": _without_docstrings}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of one of the two modules, and leave all others to the other finders."""
        way = self._ways.pop(fullname, None)
        if way is None:
            return None
        if not self._ways:
            sys.meta_path.remove(self)
        found = importlib.util.find_spec(fullname)
        if found is not None and found.loader is not None:
            found.loader.exec_module = partial(way, found.loader.exec_module)  # type: ignore[method-assign]
        return found


def _without_collection(execute: Callable[[ModuleType], None], module: ModuleType) -> None:
    """Import a module, and exclude all objects that exist then from garbage collection."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        execute(module)
    finally:
        gc.freeze()
        atexit.register(_unfreeze_own_files)
        if was_enabled:
            gc.enable()


def _unfreeze_own_files() -> None:
    """Let Python search all objects at exit if there is a plugin file: the search closes what the file left open."""
    from hookline.plugins.sources.local import MODULE

    if any(name.startswith(MODULE) for name in list(sys.modules)):
        gc.unfreeze()


def _without_docstrings(execute: Callable[[ModuleType], None], module: Any) -> None:
    """Import matplotlib's artists, and replace the function that writes the properties into the docstrings."""
    execute(module)
    module.kwdoc = lambda artist: ""
