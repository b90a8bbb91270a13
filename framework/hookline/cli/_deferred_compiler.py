"""torch's compiler, imported only when somebody wants it: a run of `hookline train` then begins a second earlier.

torch imports `torch._dynamo`, which takes about as long as torch itself, when the first optimizer is made, to mark
some functions as not to be compiled, and asks it at each step to interrupt a compilation that may be going on. Where
nothing is compiled neither does anything. The command line, whose process is its own, puts a module in its place that
answers these two and becomes the real one as soon as anything else is asked of it. The library never does so.
"""

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

NAME = "torch._dynamo"


def defer() -> None:
    """Put the stand-in there, unless the compiler has been imported already."""
    import torch

    if NAME not in sys.modules:
        stand_in = _StandIn(NAME)
        sys.modules[NAME] = stand_in
        torch._dynamo = stand_in


class _StandIn(ModuleType):
    """Answers what torch asks of its compiler where nothing is compiled."""

    _marked: list[Callable[..., Any]]

    def __init__(self, name: str):
        super().__init__(name)
        self._marked = []

    @staticmethod
    def graph_break() -> None:
        """Nothing is compiled, so there is nothing to interrupt."""

    def disable(self, function: Callable[..., Any] | None = None, *more: Any, **options: Any) -> Any:
        """The function itself, remembered so that the real compiler is asked when it is there."""
        if function is None or not function.__module__.startswith("torch.optim"):
            return self.__getattr__("disable")(function, *more, **options)
        self._marked.append(function)
        return function

    def __getattr__(self, name: str) -> Any:
        """Anything else is asked of the real compiler."""
        if name == "__file__":
            raise AttributeError(name)  # Asked by whoever lists modules, such as tracebacks and debuggers.
        import torch

        if sys.modules.get(NAME) is self:
            del sys.modules[NAME]
            del torch._dynamo
            for function in self._marked:
                vars(function).pop("__dynamo_disable", None)
            importlib.import_module(NAME)
        return getattr(sys.modules[NAME], name)
