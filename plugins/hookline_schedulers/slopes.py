"""Learning rates that rise or fall along a line, a power or an exponential."""

from collections.abc import Iterator

from hookline import Run
from hookline.errors import OptionError, counted
from hookline.spec import option, spec
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

    def doubts(self, run: Run) -> Iterator[OptionError]:
        """As for all; and the run is to be longer. As a part of another scheduler it may hold as long as its turn."""
        yield from TorchScheduler.doubts(self, run)
        if self.total_iters >= (length := self.length(run)):
            times = counted(self.total_iters, "step" if self.is_per_step else "epoch")
            message = f"The factor applies to the whole run: `total_iters` is {times}, and the run has {length}."
            yield OptionError("total_iters", message)


@spec
class LinearLR(TorchScheduler):
    """Multiplies the learning rate by a number that goes from `start_factor` to `end_factor`: a warm-up.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.LinearLR.html
    """

    takes = ("total_iters",)

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

    takes = ("total_iters",)

    total_iters: int = option(default=5, minimum=1)
    """After how many epochs (or steps) it is 0."""
    power: float = option(default=1.0, minimum=0)
    """The power."""

    def unfit(self, length: int, unit: str) -> Iterator[OptionError]:
        """As for all; and it is not to be 0 before the end."""
        yield from TorchScheduler.unfit(self, length, unit)
        if self.total_iters < length and self.power > 0:
            rest = f"the last {counted(length - self.total_iters, unit)} of {length} change nothing"
            yield OptionError("total_iters", f"The learning rate is 0 after {counted(self.total_iters, unit)}: {rest}.")
