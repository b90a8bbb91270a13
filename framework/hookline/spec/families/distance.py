"""Distances, which some losses take."""

from typing import TYPE_CHECKING

from hookline.spec.options import Spec

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor


class DistanceSpec(Spec):
    """A distance, for losses whose distance can be chosen."""

    __slots__ = ()
    family = "distance"

    def build(self) -> "Callable[[Tensor, Tensor], Tensor]":
        """Return a function of two tensors `(N, features)` that computes the distances of their rows, `(N,)`."""
        raise NotImplementedError(f"{type(self).__name__} has no `build`.")
