"""Functions that are applied to each number, or along one dimension; the shape stays the same."""

from typing import Literal

from hookline import option, spec
from hookline_models.base import TorchLayer


@spec
class Identity(TorchLayer):
    """What goes in comes out.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Identity.html
    """


@spec
class InPlace(TorchLayer):
    """The option of functions that can write over what goes in."""

    inplace: bool = False
    """Whether the result is written over what goes in, which saves memory."""


@spec
class ReLU(InPlace):
    """max(0, x).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU.html
    """


@spec
class LeakyReLU(InPlace):
    """x if it is positive, and `negative_slope` times x otherwise.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html
    """

    negative_slope: float = 0.01
    """The slope below 0."""


@spec
class ELU(InPlace):
    """x if it is positive, and alpha (exp(x) - 1) otherwise.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ELU.html
    """

    alpha: float = 1.0
    """How far it goes below 0."""


@spec
class SELU(InPlace):
    """ELU, scaled so that a deep network keeps mean 0 and variance 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.SELU.html
    """


@spec
class SiLU(InPlace):
    """x sigmoid(x), also called swish.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.SiLU.html
    """


@spec
class GELU(TorchLayer):
    """x Φ(x), Φ being the distribution function of the normal distribution.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GELU.html
    """

    approximate: Literal["none", "tanh"] = "none"
    """Whether Φ is computed exactly or by tanh."""


@spec
class Tanh(TorchLayer):
    """The hyperbolic tangent, between -1 and 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Tanh.html
    """


@spec
class Sigmoid(TorchLayer):
    """1 / (1 + exp(-x)), between 0 and 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html
    """


@spec
class Softplus(TorchLayer):
    """log(1 + exp(beta x)) / beta, a smooth ReLU.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Softplus.html
    """

    beta: float = option(default=1.0, above=0)
    """How sharp the bend is."""
    threshold: float = 20.0
    """Where beta x is greater than this, the result is x."""


@spec
class Softmax(TorchLayer):
    """Numbers between 0 and 1 whose sum along a dimension is 1.

    torch's own default of `dim` is deprecated.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax.html
    """

    dim: int = -1
    """The dimension, counted with that of the rows; the last one by default."""


@spec
class LogSoftmax(TorchLayer):
    """The logarithm of Softmax, as NLLLoss wants it.

    torch's own default of `dim` is deprecated.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html
    """

    dim: int = -1
    """The dimension, counted with that of the rows; the last one by default."""


LAYERS = (
    ELU,
    GELU,
    Identity,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    SELU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
