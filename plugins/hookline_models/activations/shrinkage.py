"""Shrinkage functions."""

from hookline.spec import option, spec
from hookline_models.base import SameShape


@spec
class Hardshrink(SameShape):
    """x if |x| is greater than `lambd`, otherwise 0.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardshrink.html
    """

    lambd: float = option(default=0.5, minimum=0)
    """The threshold."""


@spec
class Softshrink(SameShape):
    """x moved towards 0 by `lambd`, or 0 if |x| is smaller than that.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Softshrink.html
    """

    lambd: float = option(default=0.5, minimum=0)
    """The distance."""


@spec
class Tanhshrink(SameShape):
    """x - tanh(x).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Tanhshrink.html
    """
