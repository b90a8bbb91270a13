"""Functions that multiply numbers by what lies between 0 and 1 and follows from them."""

from typing import Literal

from hookline.spec import option, spec
from hookline_models.base import InPlace, TorchLayer


@spec
class SiLU(InPlace):
    """x sigmoid(x), also called swish.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.SiLU.html
    """


@spec
class Hardswish(InPlace):
    """x Hardsigmoid(x), which is nearly SiLU, of straight lines and a parabola.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardswish.html
    """


@spec
class Mish(InPlace):
    """x tanh(log(1 + exp(x))).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Mish.html
    """


@spec
class GELU(TorchLayer):
    """x Φ(x), Φ being the distribution function of the normal distribution.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GELU.html
    """

    approximate: Literal["none", "tanh"] = "none"
    """Whether Φ is computed exactly or by tanh."""


@spec
class GLU(TorchLayer):
    """a sigmoid(b), a and b being the halves of what goes in: `(N, …, 2 C)` to `(N, …, C)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GLU.html
    """

    dim: int = option(default=-1, unbounded=True)
    """The dimension that is halved, counted with that of the rows."""
