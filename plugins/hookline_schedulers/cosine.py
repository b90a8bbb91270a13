"""Learning rates that fall along a cosine."""

from collections.abc import Iterator

from hookline.errors import OptionError, counted
from hookline.spec import option, spec
from hookline_schedulers.base import TorchScheduler


@spec
class CosineAnnealingLR(TorchScheduler):
    """Lets the learning rate fall to `eta_min` along half a cosine.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html; Loshchilov
    and Hutter, https://arxiv.org/abs/1608.03983
    """

    length_option = "T_max"
    takes = ("T_max",)

    T_max: int | None = option(default=None, minimum=1)
    """After how many epochs (or steps) it is at `eta_min`; left out, at the end of the run."""
    eta_min: float = option(default=0.0, minimum=0)
    """The least learning rate."""

    def unfit(self, length: int, unit: str) -> Iterator[OptionError]:
        """As for all; and it is to fall until the end."""
        yield from TorchScheduler.unfit(self, length, unit)
        # It has the least learning rate in the one after as many.
        if self.T_max is not None and self.T_max + 1 < length:
            message = f"The learning rate rises again after {counted(self.T_max, unit)}, and the run has {length}"
            yield OptionError("T_max", f"{message}: leave it out, and it follows from the length of the run.")


@spec
class CosineAnnealingWarmRestarts(TorchScheduler):
    """Lets the learning rate fall to `eta_min` along half a cosine, again and again, each time for longer.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.html;
    Loshchilov and Hutter, https://arxiv.org/abs/1608.03983
    """

    takes = ("T_0",)

    T_0: int = option(minimum=1)
    """How many epochs (or steps) the first fall takes."""
    T_mult: int = option(default=1, minimum=1)
    """How many times longer each fall is than the one before it."""
    eta_min: float = option(default=0.0, minimum=0)
    """The least learning rate."""

    def unfit(self, length: int, unit: str) -> Iterator[OptionError]:
        """As for all; and the run is to end with a fall, at the least learning rate."""
        yield from TorchScheduler.unfit(self, length, unit)
        start, fall = 0, self.T_0
        if self.T_mult == 1:
            start = length // fall * fall
        while start + fall < length:
            start, fall = start + fall, fall * self.T_mult
        if 0 < start < length < start + fall:
            falls = f"one ends after {counted(start, unit)}, the next after {start + fall}, and the run after {length}"
            yield OptionError("T_0", f"The run ends within a fall: {falls}.")
