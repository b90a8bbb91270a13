"""Rprop, and RMSprop, its variant for batches."""

from hookline.errors import OptionError
from hookline.spec import StackedUpdate, option, spec
from hookline_optimizers import stacked
from hookline_optimizers.base import FirstOrder


@spec
class Rprop(FirstOrder):
    """Steps whose size depends only on the signs of the gradients, for full-batch training.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.Rprop.html; Riedmiller and Braun,
    https://doi.org/10.1109/ICNN.1993.298623
    """

    reads_lr_once = True
    for_full_batches = True

    lr: float = option(default=0.01, minimum=0)
    """The initial step size."""
    etas: tuple[float, float] = option(default=(0.5, 1.2), above=0)
    """The factors for the step size when the sign changes (less than 1) and when it stays (more than 1)."""
    step_sizes: tuple[float, float] = option(default=(1e-06, 50.0), minimum=0)
    """The minimum and maximum step size."""
    capturable: bool = False
    """Make the step capturable in a CUDA graph."""

    def __attrs_post_init__(self) -> None:
        if not self.etas[0] < 1 < self.etas[1]:
            raise OptionError("etas", "The first factor must be less than 1 and the second greater than 1.")


@spec
class RMSprop(FirstOrder):
    """Steps scaled by the root of a running mean of the squared gradient of each parameter.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.RMSprop.html; Hinton's lecture notes,
    https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf
    """

    lr: float = option(default=0.01, minimum=0)
    """The learning rate."""
    alpha: float = option(default=0.99, minimum=0)
    """The decay rate of the running mean."""
    eps: float = option(default=1e-08, minimum=0)
    """A constant added to the denominator for numerical stability."""
    weight_decay: float = option(default=0.0, minimum=0)
    """The weight decay (L2 penalty), added to the gradient."""
    momentum: float = option(default=0.0, minimum=0)
    """The momentum factor."""
    centered: bool = False
    """Scale the gradient by an estimate of its variance."""
    capturable: bool = False
    """Make the step capturable in a CUDA graph."""

    def stacked_update(self) -> StackedUpdate | None:
        """Return the step of several models at once."""
        return stacked.RMSPROP
