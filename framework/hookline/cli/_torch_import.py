"""Import torch without a search for garbage among its objects, which would take a third of the time of `import torch`.

Python searches them while they are created, whenever there are a quarter more than before, and once more at exit. They
are not garbage until then. Only the command line, which has a process of its own, uses this.
"""

import gc
import importlib.util
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib.machinery import ModuleSpec
from types import ModuleType


class TorchFinder:
    """Finds torch as usual, and disables garbage collection while torch is imported by whatever needs it first."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of torch, and leave all other modules to the other finders."""
        if fullname != "torch":
            return None
        sys.meta_path.remove(self)
        found = importlib.util.find_spec(fullname)
        if found is not None and found.loader is not None:
            found.loader.exec_module = partial(_import, found.loader.exec_module)  # type: ignore[method-assign]
        return found


def _import(execute: Callable[[ModuleType], None], module: ModuleType) -> None:
    """Import a module, and exclude all objects that exist then from garbage collection."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        execute(module)
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
