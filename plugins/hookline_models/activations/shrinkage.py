"""Functions that make small numbers 0, or smaller still."""

from hookline.spec import option, spec
from hookline_models.base import TorchLayer


@spec
class Hardshrink(TorchLayer):
    """x if it is farther than `lambd` from 0, and 0 otherwise.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardshrink.html
    """

    lambd: float = option(default=0.5, minimum=0)
    """How far from 0 numbers are kept."""


@spec
class Softshrink(TorchLayer):
    """x, nearer to 0 by `lambd`; 0 where it is not that far from it.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Softshrink.html
    """

    lambd: float = option(default=0.5, minimum=0)
    """How far numbers are moved."""


@spec
class Tanhshrink(TorchLayer):
    """x - tanh(x).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Tanhshrink.html
    """
