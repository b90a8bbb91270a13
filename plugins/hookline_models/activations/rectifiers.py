"""Rectifiers."""

from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_models.base import InPlace, SameShape


@spec
class ReLU(InPlace):
    """max(0, x).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU.html
    """


@spec
class ReLU6(InPlace):
    """min(max(0, x), 6).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU6.html
    """


@spec
class LeakyReLU(InPlace):
    """x if positive, otherwise `negative_slope` times x.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html
    """

    negative_slope: float = option(default=0.01, unbounded=True)
    """The slope below 0."""


@spec
class PReLU(SameShape):
    """x if positive, otherwise a learnable parameter times x.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.PReLU.html
    """

    num_parameters: int = option(default=1, minimum=1)
    """The number of slopes: one, or as many as channels (dimension 1)."""
    init: float = option(default=0.25, unbounded=True)
    """The initial slope."""


@spec
class RReLU(InPlace):
    """x if positive, otherwise a random number times x.

    In evaluation the mean of `lower` and `upper` replaces the random number.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.RReLU.html
    """

    unstackable = "it draws random numbers that are not those of each trial"

    lower: float = option(default=1 / 8, unbounded=True)
    """The smallest negative slope."""
    upper: float = option(default=1 / 3, unbounded=True)
    """The largest negative slope."""

    def __attrs_post_init__(self) -> None:
        if not self.lower <= self.upper:
            raise OptionError("upper", f"It must be at least `lower`, which is {self.lower}.")


@spec
class Threshold(InPlace):
    """x if greater than `threshold`, otherwise `value`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Threshold.html
    """

    threshold: float = option(unbounded=True)
    """The threshold."""
    value: float = option(unbounded=True)
    """The value for numbers up to the threshold."""


@spec
class ELU(InPlace):
    """x if positive, otherwise alpha (exp(x) - 1).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ELU.html
    """

    alpha: float = option(default=1.0, unbounded=True)
    """The limit for negative numbers is -alpha."""


@spec
class CELU(InPlace):
    """x if positive, otherwise alpha (exp(x / alpha) - 1): ELU with a continuous derivative for every alpha.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CELU.html
    """

    alpha: float = option(default=1.0, above=0)
    """The limit for negative numbers is -alpha."""


@spec
class SELU(InPlace):
    """ELU, scaled so that a deep network keeps mean 0 and variance 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.SELU.html
    """


@spec
class Softplus(SameShape):
    """log(1 + exp(beta x)) / beta, a smooth ReLU.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Softplus.html
    """

    beta: float = option(default=1.0, above=0)
    """The sharpness of the transition."""
    threshold: float = option(default=20.0, unbounded=True)
    """The result is x if beta x is greater than this."""
