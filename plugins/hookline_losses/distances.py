"""Distances, for the losses that let one choose."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from hookline.spec import DistanceSpec, option, spec

if TYPE_CHECKING:
    from torch import Tensor


@spec
class PairwiseDistance(DistanceSpec):
    """The p-norm of the difference: 2 is Euclid's distance, 1 that of a town of blocks.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.PairwiseDistance.html
    """

    p: float = option(default=2.0, above=0)
    """Which norm it is."""
    eps: float = option(default=1e-06, minimum=0)
    """Added to the difference, so that the distance is never 0."""

    def build(self) -> "Callable[[Tensor, Tensor], Tensor]":
        """Torch's module."""
        from torch import nn

        return nn.PairwiseDistance(self.p, self.eps)


@spec
class CosineDistance(DistanceSpec):
    """1 - the cosine of the angle between the two: their lengths do not matter. From 0 to 2.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CosineSimilarity.html
    """

    eps: float = option(default=1e-08, above=0)
    """The least length by which is divided."""

    def build(self) -> "Callable[[Tensor, Tensor], Tensor]":
        """1 less torch's similarity."""
        from torch import nn

        similarity = nn.CosineSimilarity(eps=self.eps)
        return lambda first, second: 1 - similarity(first, second)


@spec
class SquaredDistance(DistanceSpec):
    """The sum of the squared differences: Euclid's distance squared, which pushes far rows hardest."""

    def build(self) -> "Callable[[Tensor, Tensor], Tensor]":
        """A function of two tensors."""
        return lambda first, second: (first - second).square().sum(dim=1)
