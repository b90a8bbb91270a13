"""Stochastic gradient descent."""

from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_optimizers.base import Fusible


@spec
class SGD(Fusible):
    """Stochastic gradient descent, with momentum on request.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.SGD.html
    """

    takes_sparse_gradients = True

    lr: float = option(default=0.001, minimum=0)
    """The learning rate."""
    momentum: float = option(default=0.0, minimum=0)
    """How much of the last step is kept in the next."""
    dampening: float = option(default=0.0, unbounded=True)
    """How much less a new gradient counts in the momentum."""
    weight_decay: float = option(default=0.0, minimum=0)
    """How strongly parameters are drawn towards 0, as an addition to the gradient."""
    nesterov: bool = False
    """Whether the gradient is taken where the momentum leads; needs a momentum, and no dampening."""

    def __attrs_post_init__(self) -> None:
        Fusible.__attrs_post_init__(self)
        if self.nesterov and (self.momentum <= 0 or self.dampening != 0):
            raise OptionError("nesterov", "Nesterov's momentum needs a `momentum` and no `dampening`.")
