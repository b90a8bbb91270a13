"""Stochastic gradient descent."""

from hookline.errors import OptionError
from hookline.spec import StackedUpdate, option, spec
from hookline_optimizers import stacked
from hookline_optimizers.base import Fusible


@spec
class SGD(Fusible):
    """Stochastic gradient descent, optionally with momentum.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html
    """

    takes_sparse_gradients = True

    lr: float = option(default=0.001, minimum=0)
    """The learning rate."""
    momentum: float = option(default=0.0, minimum=0)
    """The momentum factor."""
    dampening: float = option(default=0.0, unbounded=True)
    """The dampening of the momentum."""
    weight_decay: float = option(default=0.0, minimum=0)
    """The weight decay (L2 penalty), added to the gradient."""
    nesterov: bool = False
    """Use Nesterov momentum; requires a momentum and no dampening."""

    def __attrs_post_init__(self) -> None:
        Fusible.__attrs_post_init__(self)
        if self.nesterov and (self.momentum <= 0 or self.dampening != 0):
            raise OptionError("nesterov", "Nesterov momentum requires `momentum` and no `dampening`.")

    def stacked_update(self) -> StackedUpdate | None:
        """Return the step of several models at once."""
        return stacked.SGD
