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
    """How fast parameters and learning rate decay."""
    alpha: float = option(default=0.75, minimum=0)
    """The power by which the learning rate falls."""
    t0: float = option(default=1000000.0, minimum=0)
    """The step at which averaging begins."""
    weight_decay: float = option(default=0.0, minimum=0)
    """How strongly parameters are drawn towards 0, as an addition to the gradient."""
    capturable: bool = False
    """Whether a step can be captured in a CUDA graph."""
