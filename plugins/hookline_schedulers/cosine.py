"""Learning rates that fall along a cosine."""

from hookline import option, spec
from hookline_schedulers.base import TorchScheduler


@spec
class CosineAnnealingLR(TorchScheduler):
    """Lets the learning rate fall to `eta_min` along half a cosine.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html; Loshchilov
    and Hutter, https://arxiv.org/abs/1608.03983
    """

    length_option = "T_max"

    T_max: int | None = option(default=None, minimum=1)
    """After how many epochs (or steps) it is at `eta_min`; left out, at the end of the run."""
    eta_min: float = option(default=0.0, minimum=0)
    """The least learning rate."""


@spec
class CosineAnnealingWarmRestarts(TorchScheduler):
    """Lets the learning rate fall to `eta_min` along half a cosine, again and again, each time for longer.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.html;
    Loshchilov and Hutter, https://arxiv.org/abs/1608.03983
    """

    T_0: int = option(minimum=1)
    """How many epochs (or steps) the first fall takes."""
    T_mult: int = option(default=1, minimum=1)
    """How many times longer each fall is than the one before it."""
    eta_min: float = option(default=0.0, minimum=0)
    """The least learning rate."""
