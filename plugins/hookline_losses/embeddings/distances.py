"""Distances, for losses whose distance can be chosen."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from hookline.script import Script, constructor
from hookline.spec import DistanceSpec, option, spec

if TYPE_CHECKING:
    from torch import Tensor


@spec
class PairwiseDistance(DistanceSpec):
    """The p-norm of the difference: for p = 2 the Euclidean distance, for p = 1 the Manhattan distance.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.PairwiseDistance.html
    """

    p: float = option(default=2.0, above=0)
    """The exponent of the norm."""
    eps: float = option(default=1e-06, minimum=0)
    """A number that is added to the difference, so that the distance is never 0."""

    def build(self) -> "Callable[[Tensor, Tensor], Tensor]":
        """Return torch's module."""
        from torch import nn

        return nn.PairwiseDistance(self.p, self.eps)

    def eject(self, script: Script) -> str:
        """Return torch's module."""
        from torch import nn

        return constructor("nn.PairwiseDistance", nn.PairwiseDistance, {"p": self.p, "eps": self.eps})


@spec
class CosineDistance(DistanceSpec):
    """1 minus the cosine of the angle between two vectors, from 0 to 2. Their lengths do not matter.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CosineSimilarity.html
    """

    eps: float = option(default=1e-08, above=0)
    """The minimum of the divisor, to avoid division by 0."""

    def build(self) -> "Callable[[Tensor, Tensor], Tensor]":
        """Return a function that subtracts torch's similarity from 1."""
        from torch import nn

        similarity = nn.CosineSimilarity(eps=self.eps)
        return lambda first, second: 1 - similarity(first, second)

    def eject(self, script: Script) -> str:
        """Return the name of a function."""
        script.use("from torch.nn.functional import cosine_similarity")
        return script.define(COSINE.replace("EPS", repr(self.eps)))


@spec
class SquaredDistance(DistanceSpec):
    """The squared Euclidean distance, whose gradient increases with the distance."""

    def build(self) -> "Callable[[Tensor, Tensor], Tensor]":
        """Return a function of two tensors."""
        return lambda first, second: (first - second).square().sum(dim=1)

    def eject(self, script: Script) -> str:
        """Return the name of a function."""
        return script.define(SQUARED)


COSINE = '''
def cosine_distance(first, second):
    """Return 1 minus the cosine of the angle between two vectors."""
    return 1 - cosine_similarity(first, second, eps=EPS)
'''

SQUARED = '''
def squared_distance(first, second):
    """Return the squared Euclidean distance."""
    return (first - second).square().sum(dim=1)
'''
