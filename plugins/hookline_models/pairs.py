"""Layers that take two inputs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from attrs import asdict

from hookline.spec import LayerSpec, option, spec
from hookline_models.base import ejected_layer, refuse_missing_size

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.script import Script


@spec
class Pair(LayerSpec):
    """A layer of `torch.nn` that takes two inputs. A subclass only declares torch's options."""

    follows: ClassVar[Mapping[str, int]] = {}
    """Options with an inferred default, and the input, 0 or 1, whose last size it is."""

    def build(self, input1: "Tensor", input2: "Tensor") -> "nn.Module":
        """Return `torch.nn.<the name of this class>` with these options and inferred sizes."""
        import torch

        refuse_missing_size(self)
        options = asdict(self, recurse=False)
        for name, index in self.follows.items():
            if options[name] is None:
                options[name] = (input1, input2)[index].shape[-1]
        module: nn.Module = getattr(torch.nn, type(self).__name__)(**options)
        return module

    def eject(self, script: "Script", module: "nn.Module") -> str:
        """Return `nn.<the name of this class>(…)` with the options that differ from torch's defaults."""
        return ejected_layer(self, script, module)


@spec
class Bilinear(Pair):
    """A bilinear transformation of two inputs, x₁ᵀ A x₂ + b.

    `(N, …, in1_features)` and `(N, …, in2_features)` to `(N, …, out_features)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Bilinear.html
    """

    follows = {"in1_features": 0, "in2_features": 1}
    size_option = "out_features"

    in1_features: int | None = option(default=None, minimum=1)
    """The number of features of the first input. Default: inferred from it."""
    in2_features: int | None = option(default=None, minimum=1)
    """The number of features of the second input. Default: inferred from it."""
    out_features: int | None = option(default=None, minimum=1)
    """The number of output features. Default: in the last layer, what the loss takes."""
    bias: bool = True
    """Add a learnable bias to each output feature."""


@spec
class Comparison(Pair):
    """A layer that compares two inputs of the same shape."""

    def build(self, input1: "Tensor", input2: "Tensor") -> "nn.Module":
        """Return `torch.nn.<the name of this class>` with these options, unless torch would broadcast an input."""
        if input1.shape != input2.shape:
            raise ValueError("Both inputs must have the same shape.")
        return super().build(input1, input2)

    eject = Pair.eject


@spec
class PairwiseDistance(Comparison):
    """The distance between the rows of two inputs: `(N, D)` and `(N, D)` to `(N,)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.PairwiseDistance.html
    """

    p: float = option(default=2.0, unbounded=True)
    """The p of the p-norm of the difference."""
    eps: float = option(default=1e-06, minimum=0)
    """A constant added to the difference for numerical stability."""
    keepdim: bool = False
    """Keep the last dimension with size 1: `(N, 1)`."""


@spec
class CosineSimilarity(Comparison):
    """The cosine of the angle between two inputs along a dimension: `(N, D)` and `(N, D)` to `(N,)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CosineSimilarity.html
    """

    dim: int = option(default=1, unbounded=True)
    """The dimension, where 0 is the batch dimension."""
    eps: float = option(default=1e-08, minimum=0)
    """The smallest norm to divide by, for numerical stability."""
