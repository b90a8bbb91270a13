"""Import torch's compiler only when it is used, so that `hookline train` starts a second earlier.

torch imports `torch._dynamo`, which takes about as long as torch itself, when it creates the first optimizer. It uses
`disable` to mark some functions as not to be compiled, and calls `graph_break` at each step. Neither has an effect if
nothing is compiled. The command line, which has a process of its own, installs a stand-in module that provides these
two functions and loads the real module as soon as any other attribute is used. The library never does so.
"""

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

NAME = "torch._dynamo"


def defer() -> None:
    """Install the stand-in, unless the compiler has already been imported."""
    import torch

    if NAME not in sys.modules:
        stand_in = _StandIn(NAME)
        sys.modules[NAME] = stand_in
        torch._dynamo = stand_in


class _StandIn(ModuleType):
    """Provides what torch uses of its compiler if nothing is compiled."""

    _marked: list[Callable[..., Any]]

    def __init__(self, name: str):
        super().__init__(name)
        self._marked = []

    @staticmethod
    def graph_break() -> None:
        """Do nothing: no compilation is in progress."""

    def disable(self, function: Callable[..., Any] | None = None, *more: Any, **options: Any) -> Any:
        """Return the function itself, and remember it for the real compiler."""
        if function is None or not function.__module__.startswith("torch.optim"):
            return self.__getattr__("disable")(function, *more, **options)
        self._marked.append(function)
        return function

    def __getattr__(self, name: str) -> Any:
        """Load the real compiler and return its attribute."""
        if name == "__file__":
            raise AttributeError(name)  # Tracebacks and debuggers look this up in all modules.
        import torch

        if sys.modules.get(NAME) is self:
            del sys.modules[NAME]
            del torch._dynamo
            for function in self._marked:
                vars(function).pop("__dynamo_disable", None)
            importlib.import_module(NAME)
        return getattr(sys.modules[NAME], name)
