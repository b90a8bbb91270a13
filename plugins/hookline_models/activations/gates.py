"""Gated activation functions."""

from typing import Literal

from hookline.spec import option, spec
from hookline_models.base import InPlace, SameShape, TorchLayer


@spec
class SiLU(InPlace):
    """x sigmoid(x), also called swish.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.SiLU.html
    """


@spec
class Hardswish(InPlace):
    """x Hardsigmoid(x), a piecewise approximation of SiLU.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardswish.html
    """


@spec
class Mish(InPlace):
    """x tanh(log(1 + exp(x))).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Mish.html
    """


@spec
class GELU(SameShape):
    """x Φ(x), where Φ is the cumulative distribution function of the normal distribution.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GELU.html
    """

    approximate: Literal["none", "tanh"] = "none"
    """Whether to compute Φ exactly or approximate it by tanh."""


@spec
class GLU(TorchLayer):
    """a sigmoid(b), where a and b are the halves of the input: `(N, …, 2 C)` to `(N, …, C)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GLU.html
    """

    dim: int = option(default=-1, unbounded=True)
    """The dimension to split in half, where 0 is the batch dimension."""
