"""Averaged stochastic gradient descent."""

from hookline.spec import option, spec
from hookline_optimizers.base import FirstOrder


@spec
class ASGD(FirstOrder):
    """Stochastic gradient descent that also keeps an average of the parameters.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.ASGD.html; Polyak and Juditsky,
    https://doi.org/10.1137/0330046
    """

    lr: float = option(default=0.01, minimum=0)
    """The learning rate."""
    lambd: float = option(default=0.0001, minimum=0)
    """The decay of parameters and learning rate."""
    alpha: float = option(default=0.75, minimum=0)
    """The exponent of the decay of the learning rate."""
    t0: float = option(default=1000000.0, minimum=0)
    """The step at which averaging starts."""
    weight_decay: float = option(default=0.0, minimum=0)
    """The weight decay (L2 penalty), added to the gradient."""
    capturable: bool = False
    """Make the step capturable in a CUDA graph."""
