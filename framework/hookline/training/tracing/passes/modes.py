"""Switch modules to evaluation and back, without calling `eval` and `train` of each."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

FLAG = "training"

METHODS = frozenset({"train", "eval", "children", "named_children", "__setattr__"})
"""The methods that `train` and `eval` call."""


class Modes:
    """The modes of modules whose structure does not change."""

    def __init__(self, roots: "Iterable[nn.Module]"):
        """Take the modules that contain all others."""
        from torch import nn

        modules = [module for root in roots for module in root.modules()]
        self._own = [vars(module) for module in modules]
        self.are_plain = all(_is_plain(module, nn.Module) for module in modules)
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


def set_modes(roots: "Iterable[nn.Module]", *, is_training: bool) -> None:
    """Do what `train` or `eval` of each module does, in a fraction of the time."""
    from torch import nn

    for root in roots:
        if not _is_plain(root, nn.Module):
            root.train() if is_training else root.eval()
            continue
        plain = [root]
        for module in plain:  # It grows.
            own = vars(module)
            own[FLAG] = is_training
            for child in own["_modules"].values():
                if child is not None:
                    plain.append(child) if _is_plain(child, nn.Module) else child.train(is_training)


def _is_plain(module: "nn.Module", usual: Any) -> bool:
    kind: Any = type(module)
    own = vars(module)
    return (
        kind.train is usual.train
        and kind.eval is usual.eval
        and kind.children is usual.children
        and kind.named_children is usual.named_children
        and kind.__setattr__ is usual.__setattr__
        and METHODS.isdisjoint(own)
        and FLAG in own
        and not hasattr(kind, FLAG)
    )
