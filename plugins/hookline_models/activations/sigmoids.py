"""Sigmoids and similar functions."""

from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_models.base import InPlace, SameShape


@spec
class Sigmoid(SameShape):
    """1 / (1 + exp(-x)), between 0 and 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Sigmoid.html
    """


@spec
class LogSigmoid(SameShape):
    """The logarithm of Sigmoid.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSigmoid.html
    """


@spec
class Hardsigmoid(InPlace):
    """min(max(0, x / 6 + 1 / 2), 1), a piecewise linear approximation of Sigmoid.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardsigmoid.html
    """


@spec
class Tanh(SameShape):
    """The hyperbolic tangent, between -1 and 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Tanh.html
    """


@spec
class Hardtanh(InPlace):
    """min(max(min_val, x), max_val).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Hardtanh.html
    """

    min_val: float = option(default=-1.0, unbounded=True)
    """The minimum of the output."""
    max_val: float = option(default=1.0, unbounded=True)
    """The maximum of the output."""

    def __attrs_post_init__(self) -> None:
        if not self.min_val < self.max_val:
            raise OptionError("max_val", f"It must be greater than `min_val`, which is {self.min_val}.")


@spec
class Softsign(SameShape):
    """x / (1 + |x|), between -1 and 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Softsign.html
    """
