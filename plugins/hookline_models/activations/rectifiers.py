"""Functions that keep numbers above a bend as they are, or nearly so, and hold back those below it."""

from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_models.base import InPlace, TorchLayer


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
    """x if it is positive, and `negative_slope` times x otherwise.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LeakyReLU.html
    """

    negative_slope: float = option(default=0.01, unbounded=True)
    """The slope below 0."""


@spec
class PReLU(TorchLayer):
    """x if it is positive, and a learned number times x otherwise.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.PReLU.html
    """

    num_parameters: int = option(default=1, minimum=1)
    """How many slopes are learned: one, or as many as there are channels (the dimension after that of the rows)."""
    init: float = option(default=0.25, unbounded=True)
    """The slope to begin with."""


@spec
class RReLU(InPlace):
    """x if it is positive, and a random number times x otherwise.

    In evaluation the mean of `lower` and `upper` takes the random number's place.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.RReLU.html
    """

    lower: float = option(default=1 / 8, unbounded=True)
    """The least slope below 0."""
    upper: float = option(default=1 / 3, unbounded=True)
    """The greatest slope below 0."""

    def __attrs_post_init__(self) -> None:
        if not self.lower <= self.upper:
            raise OptionError("upper", f"It must be at least `lower`, which is {self.lower}.")


@spec
class Threshold(InPlace):
    """x if it is greater than `threshold`, and `value` otherwise.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Threshold.html
    """

    threshold: float = option(unbounded=True)
    """Where the step is."""
    value: float = option(unbounded=True)
    """What stands for numbers up to there."""


@spec
class ELU(InPlace):
    """x if it is positive, and alpha (exp(x) - 1) otherwise.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ELU.html
    """

    alpha: float = option(default=1.0, unbounded=True)
    """How far it goes below 0."""


@spec
class CELU(InPlace):
    """x if it is positive, and alpha (exp(x / alpha) - 1) otherwise: ELU without a bend, whatever alpha is.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CELU.html
    """

    alpha: float = option(default=1.0, above=0)
    """How far it goes below 0."""


@spec
class SELU(InPlace):
    """ELU, scaled so that a deep network keeps mean 0 and variance 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.SELU.html
    """


@spec
class Softplus(TorchLayer):
    """log(1 + exp(beta x)) / beta, a smooth ReLU.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Softplus.html
    """

    beta: float = option(default=1.0, above=0)
    """How sharp the bend is."""
    threshold: float = option(default=20.0, unbounded=True)
    """Where beta x is greater than this, the result is x."""
