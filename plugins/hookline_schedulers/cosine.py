"""Cosine annealing."""

from collections.abc import Iterator

from hookline.errors import OptionError, counted
from hookline.spec import option, spec
from hookline_schedulers.base import TorchScheduler


@spec
class CosineAnnealingLR(TorchScheduler):
    """Anneals the learning rate to `eta_min` along half a cosine.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingLR.html; Loshchilov
    and Hutter, https://arxiv.org/abs/1608.03983
    """

    length_option = "T_max"
    takes = ("T_max",)

    T_max: int | None = option(default=None, minimum=1)
    """The number of epochs (or steps) until `eta_min`. Default: the length of the run."""
    eta_min: float = option(default=0.0, minimum=0)
    """The minimum learning rate."""

    def unfit(self, length: int, unit: str) -> Iterator[OptionError]:
        """Warn if the learning rate rises again before the end."""
        yield from TorchScheduler.unfit(self, length, unit)
        # The minimum learning rate applies to the epoch (or step) after T_max.
        if self.T_max is not None and self.T_max + 1 < length:
            message = f"The learning rate rises again after {counted(self.T_max, unit)}, but the run has {length}"
            yield OptionError("T_max", f"{message}: remove it to use the length of the run.")


@spec
class CosineAnnealingWarmRestarts(TorchScheduler):
    """Anneals the learning rate to `eta_min` along half a cosine repeatedly, each time for longer.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CosineAnnealingWarmRestarts.html;
    Loshchilov and Hutter, https://arxiv.org/abs/1608.03983
    """

    takes = ("T_0",)

    T_0: int = option(minimum=1)
    """The number of epochs (or steps) of the first cycle."""
    T_mult: int = option(default=1, minimum=1)
    """The factor for the length of each next cycle."""
    eta_min: float = option(default=0.0, minimum=0)
    """The minimum learning rate."""

    def unfit(self, length: int, unit: str) -> Iterator[OptionError]:
        """Warn if the run does not end at the end of a cycle, at the minimum learning rate."""
        yield from TorchScheduler.unfit(self, length, unit)
        start, fall = 0, self.T_0
        if self.T_mult == 1:
            start = length // fall * fall
        while start + fall < length:
            start, fall = start + fall, fall * self.T_mult
        if 0 < start < length < start + fall:
            falls = f"one ends after {counted(start, unit)}, the next after {start + fall}, and the run after {length}"
            yield OptionError("T_0", f"The run ends within a cycle: {falls}.")
