"""Layers that take two inputs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from attrs import asdict

from hookline.spec import LayerSpec, option, spec

if TYPE_CHECKING:
    from torch import Tensor, nn


@spec
class Pair(LayerSpec):
    """A layer of `torch.nn` that takes two inputs. A class below it declares torch's options and is complete."""

    follows: ClassVar[Mapping[str, int]] = {}
    """Options that may be left out, and the input, 0 or 1, whose last size each is then."""

    def build(self, input1: "Tensor", input2: "Tensor") -> "nn.Module":
        """`torch.nn.<the name of this class>` with these options, and sizes that follow from the inputs."""
        import torch

        options = asdict(self, recurse=False)
        for name, index in self.follows.items():
            if options[name] is None:
                options[name] = (input1, input2)[index].shape[-1]
        module: nn.Module = getattr(torch.nn, type(self).__name__)(**options)
        return module


@spec
class Bilinear(Pair):
    """A bilinear map of two inputs, x₁ᵀ A x₂ + b.

    `(N, …, in1_features)` and `(N, …, in2_features)` to `(N, …, out_features)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Bilinear.html
    """

    follows = {"in1_features": 0, "in2_features": 1}

    in1_features: int | None = option(default=None, minimum=1)
    """How many features the first input has; left out, it follows from it."""
    in2_features: int | None = option(default=None, minimum=1)
    """How many features the second input has; left out, it follows from it."""
    out_features: int = option(minimum=1)
    """How many features come out."""
    bias: bool = True
    """Whether a learned number is added to each feature."""


@spec
class Comparison(Pair):
    """A layer that compares two inputs of one shape."""

    def build(self, input1: "Tensor", input2: "Tensor") -> "nn.Module":
        """`torch.nn.<the name of this class>` with these options, unless torch would stretch one of the inputs."""
        if input1.shape != input2.shape:
            raise ValueError("Both must have the same shape.")
        return super().build(input1, input2)


@spec
class PairwiseDistance(Comparison):
    """The distance between the rows of two inputs: `(N, D)` and `(N, D)` to `(N,)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.PairwiseDistance.html
    """

    p: float = option(default=2.0, unbounded=True)
    """The p of the p-norm of their difference."""
    eps: float = option(default=1e-06, minimum=0)
    """Added to the difference, so that it is never 0."""
    keepdim: bool = False
    """Whether the last dimension is kept, with size 1: `(N, 1)`."""


@spec
class CosineSimilarity(Comparison):
    """The cosine of the angle between two inputs along a dimension: `(N, D)` and `(N, D)` to `(N,)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CosineSimilarity.html
    """

    dim: int = option(default=1, unbounded=True)
    """The dimension, counted with that of the rows."""
    eps: float = option(default=1e-08, minimum=0)
    """The least length that is divided by, so that it is never 0."""
