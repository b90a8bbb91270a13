"""Distances, which some losses take."""

from typing import TYPE_CHECKING

from hookline.script.written import without_lines
from hookline.spec.options import Spec

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from hookline.script.script import Script


class DistanceSpec(Spec):
    """A distance, for losses whose distance can be chosen."""

    __slots__ = ()
    family = "distance"
    behavior = ("build",)

    @without_lines
    def eject(self, script: "Script") -> str:
        """Return an expression of the function, for `hookline eject`."""
        raise NotImplementedError(f"{type(self).__name__} has no `eject`.")

    def build(self) -> "Callable[[Tensor, Tensor], Tensor]":
        """Return a function of two tensors `(N, features)` that computes the distances of their rows, `(N,)`."""
        raise NotImplementedError(f"{type(self).__name__} has no `build`.")
