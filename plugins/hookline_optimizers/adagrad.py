"""Adagrad and Adadelta."""

from hookline.spec import StackedUpdate, option, spec
from hookline_optimizers import stacked
from hookline_optimizers.base import FirstOrder, Fusible


@spec
class Adagrad(Fusible):
    """Steps scaled by the root of the sum of squared gradients of each parameter; suits sparse gradients.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Adagrad.html; Duchi, Hazan and Singer,
    https://jmlr.org/papers/v12/duchi11a.html
    """

    takes_sparse_gradients = True
    not_in_groups = (*Fusible.not_in_groups, "initial_accumulator_value")  # torch ignores it there.

    lr: float = option(default=0.01, minimum=0)
    """The learning rate."""
    lr_decay: float = option(default=0.0, minimum=0)
    """The decay of the learning rate, which is divided by 1 + `lr_decay` times the number of steps."""
    weight_decay: float = option(default=0.0, minimum=0)
    """The weight decay (L2 penalty), added to the gradient."""
    initial_accumulator_value: float = option(default=0.0, minimum=0)
    """The initial value of the sum of squared gradients."""
    eps: float = option(default=1e-10, minimum=0)
    """A constant added to the denominator for numerical stability."""

    def stacked_update(self) -> StackedUpdate | None:
        """Return the step of several models at once."""
        return stacked.ADAGRAD


@spec
class Adadelta(FirstOrder):
    """Steps scaled by running means of squared gradients and squared steps; not sensitive to the learning rate.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Adadelta.html; Zeiler,
    https://arxiv.org/abs/1212.5701
    """

    lr: float = option(default=1.0, minimum=0)
    """The final factor of each step."""
    rho: float = option(default=0.9, minimum=0, maximum=1)
    """The decay rate of the running means."""
    eps: float = option(default=1e-06, minimum=0)
    """A constant added under the roots for numerical stability."""
    weight_decay: float = option(default=0.0, minimum=0)
    """The weight decay (L2 penalty), added to the gradient."""
    capturable: bool = False
    """Make the step capturable in a CUDA graph."""
