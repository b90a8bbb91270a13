"""Switch modules to evaluation and back, without calling `eval` and `train` of each."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

FLAG = "training"


class Modes:
    """The modes of modules whose structure does not change."""

    def __init__(self, roots: "Iterable[nn.Module]"):
        """Take the modules that contain all others."""
        modules = [module for root in roots for module in root.modules()]
        self._own = [vars(module) for module in modules]
        self.are_plain = all(map(_is_plain, modules))
        """Whether no module does anything else when its mode is set."""

    def evaluate(self) -> list[bool]:
        """Do what `eval` does, and return the modes before."""
        before = [own[FLAG] for own in self._own]
        for own in self._own:
            own[FLAG] = False
        return before

    def train(self) -> None:
        """Do what `train` does."""
        for own in self._own:
            own[FLAG] = True

    def restore(self, before: Iterable[bool]) -> None:
        """Set the modes that `evaluate` returned."""
        for own, mode in zip(self._own, before, strict=True):
            own[FLAG] = mode


def _is_plain(module: "nn.Module") -> bool:
    from torch import nn

    kind: Any = type(module)
    own = vars(module)
    return (
        FLAG in own
        and not hasattr(kind, FLAG)
        and all(
            name not in own and getattr(kind, name) is getattr(nn.Module, name)
            for name in ("train", "eval", "__setattr__")
        )
    )
