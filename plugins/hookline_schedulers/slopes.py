"""Constant, linear, polynomial and exponential schedules."""

from collections.abc import Iterator

from hookline import Run
from hookline.errors import OptionError, counted
from hookline.spec import option, spec
from hookline_schedulers.base import TorchScheduler


@spec
class ConstantLR(TorchScheduler):
    """Multiplies the learning rate by `factor` for the first epochs (or steps) only.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ConstantLR.html
    """

    factor: float = option(default=1 / 3, minimum=0, maximum=1)
    """The factor."""
    total_iters: int = option(default=5, minimum=0)
    """The number of epochs (or steps)."""

    def doubts(self, run: Run) -> Iterator[OptionError]:
        """Warn if the factor applies to the whole run. In a combination it may apply to its whole turn."""
        yield from TorchScheduler.doubts(self, run)
        if (length := self.length(run)) is not None and self.total_iters >= length:
            times = counted(self.total_iters, "step" if self.is_per_step else "epoch")
            message = f"The factor applies to the whole run: `total_iters` is {times}, but the run has {length}."
            yield OptionError("total_iters", message)


@spec
class LinearLR(TorchScheduler):
    """Multiplies the learning rate by a factor that changes linearly from `start_factor` to `end_factor`: a warm-up.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LinearLR.html
    """

    takes = ("total_iters",)

    start_factor: float = option(default=1 / 3, above=0, maximum=1)
    """The first factor."""
    end_factor: float = option(default=1.0, minimum=0, maximum=1)
    """The last factor."""
    total_iters: int = option(default=5, minimum=1)
    """The number of epochs (or steps) from the first to the last factor."""


@spec
class ExponentialLR(TorchScheduler):
    """Multiplies the learning rate by `gamma` after every epoch.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ExponentialLR.html
    """

    gamma: float = option(minimum=0)
    """The factor."""


@spec
class PolynomialLR(TorchScheduler):
    """Lowers the learning rate to 0 along a polynomial: lr (1 - t / total_iters)ᵖ after t epochs.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.PolynomialLR.html
    """

    takes = ("total_iters",)

    total_iters: int = option(default=5, minimum=1)
    """The number of epochs (or steps) until 0."""
    power: float = option(default=1.0, minimum=0)
    """The exponent p."""

    def unfit(self, length: int, unit: str) -> Iterator[OptionError]:
        """Warn if the learning rate is 0 before the end."""
        yield from TorchScheduler.unfit(self, length, unit)
        if self.total_iters < length and self.power > 0:
            rest = f"the last {counted(length - self.total_iters, unit)} of {length} change nothing"
            yield OptionError("total_iters", f"The learning rate is 0 after {counted(self.total_iters, unit)}: {rest}.")
