"""Learning rates that rise or fall along a line, a power or an exponential."""

from hookline import option, spec
from hookline_schedulers.base import TorchScheduler


@spec
class ConstantLR(TorchScheduler):
    """Multiplies the learning rate by `factor` for the first epochs, and leaves it alone afterwards.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ConstantLR.html
    """

    factor: float = option(default=1 / 3, minimum=0, maximum=1)
    """By what it is multiplied."""
    total_iters: int = option(default=5, minimum=0)
    """For how many epochs (or steps)."""


@spec
class LinearLR(TorchScheduler):
    """Multiplies the learning rate by a number that goes from `start_factor` to `end_factor`: a warm-up.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LinearLR.html
    """

    start_factor: float = option(default=1 / 3, above=0, maximum=1)
    """By what it is multiplied at first."""
    end_factor: float = option(default=1.0, minimum=0, maximum=1)
    """By what it is multiplied at last."""
    total_iters: int = option(default=5, minimum=1)
    """For how many epochs (or steps) it goes from the one to the other."""


@spec
class ExponentialLR(TorchScheduler):
    """Multiplies the learning rate by `gamma` after every epoch.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html
    """

    gamma: float = option(minimum=0)
    """By what it is multiplied."""


@spec
class PolynomialLR(TorchScheduler):
    """Lets the learning rate fall to 0 along a power: lr (1 - t / total_iters)ᵖ after t epochs.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.PolynomialLR.html
    """

    total_iters: int = option(default=5, minimum=1)
    """After how many epochs (or steps) it is 0."""
    power: float = option(default=1.0, minimum=0)
    """The power."""
