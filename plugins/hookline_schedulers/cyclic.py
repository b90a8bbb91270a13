"""Learning rates that rise and fall, once or many times. They are stepped after each step, unless told otherwise."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from hookline import OptionError, option, spec
from hookline_schedulers.base import TorchScheduler

if TYPE_CHECKING:
    from torch import optim
    from torch.optim.lr_scheduler import LRScheduler


@contextmanager
def naming_momentum() -> Iterator[None]:
    """What torch says of an optimizer without momentum becomes a sentence with the remedy."""
    try:
        yield
    except ValueError as error:
        if "must support momentum" not in str(error):
            raise
        message = (
            "the optimizer has no momentum, or not in all of its parts, that could fall: set `cycle_momentum = false`."
        )
        raise ValueError(message) from error


@spec
class CyclicLR(TorchScheduler):
    """Lets the learning rate rise from `base_lr` to `max_lr` and fall again, many times.

    torch's `scale_fn`, a function, cannot be written in a spec, nor can `scale_mode`, which says what that is given.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CyclicLR.html; Smith,
    https://arxiv.org/abs/1506.01186
    """

    usual_interval = "step"
    of_groups = ("base_lr", "max_lr")

    base_lr: float | tuple[float, ...] = option(minimum=0)
    """The least learning rate, or one for each parameter group."""
    max_lr: float | tuple[float, ...] = option(minimum=0)
    """The greatest learning rate, or one for each parameter group."""
    step_size_up: int = option(default=2000, minimum=1)
    """How many steps it rises."""
    step_size_down: int | None = option(default=None, minimum=1)
    """How many steps it falls; left out, as many as it rises."""
    mode: Literal["triangular", "triangular2", "exp_range"] = "triangular"
    """How high the later peaks are: as high, each half as high, or lower by `gamma` at every step."""
    gamma: float = option(default=1.0, minimum=0)
    """By what the height is multiplied at each step, with "exp_range"."""
    cycle_momentum: bool = True
    """Whether the momentum falls while the learning rate rises; the optimizer must have one."""
    base_momentum: float | tuple[float, ...] = option(default=0.8, minimum=0)
    """The least momentum, or one for each parameter group."""
    max_momentum: float | tuple[float, ...] = option(default=0.9, minimum=0)
    """The greatest momentum, or one for each parameter group."""

    def __attrs_post_init__(self) -> None:
        of_all = not isinstance(self.base_lr, tuple) and not isinstance(self.max_lr, tuple)
        if of_all and self.base_lr > self.max_lr:  # type: ignore[operator]
            raise OptionError("base_lr", "It must be at most `max_lr`, to which it rises.", against=[("max_lr",)])

    def build_scheduler(self, optimizer: "optim.Optimizer", length: int) -> "LRScheduler":
        """As all; and the optimizer must have a momentum that can fall."""
        with naming_momentum():
            return TorchScheduler.build_scheduler(self, optimizer, length)


@spec
class OneCycleLR(TorchScheduler):
    """Lets the learning rate rise to `max_lr` and fall to almost nothing, once in the run.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html; Smith and Topin,
    https://arxiv.org/abs/1708.07120
    """

    usual_interval = "step"
    length_option = "total_steps"
    of_groups = ("max_lr",)

    max_lr: float | tuple[float, ...] = option(above=0)
    """The greatest learning rate, or one for each parameter group."""
    total_steps: int | None = option(default=None, minimum=1)
    """How many steps the cycle has; left out, those of the run, as torch's `epochs` and `steps_per_epoch` would say."""
    pct_start: float = option(default=0.3, minimum=0, below=1)
    """In which part of the cycle it rises."""
    anneal_strategy: Literal["cos", "linear"] = "cos"
    """Whether it rises and falls along a cosine or a line."""
    cycle_momentum: bool = True
    """Whether the momentum falls while the learning rate rises; the optimizer must have one."""
    base_momentum: float | tuple[float, ...] = option(default=0.85, minimum=0)
    """The least momentum, or one for each parameter group."""
    max_momentum: float | tuple[float, ...] = option(default=0.95, minimum=0)
    """The greatest momentum, or one for each parameter group."""
    div_factor: float = option(default=25.0, above=0)
    """The first learning rate is `max_lr` divided by this."""
    final_div_factor: float = option(default=10000.0, above=0)
    """The last learning rate is the first one divided by this."""
    three_phase: bool = False
    """Whether it falls as long as it has risen, and only then to almost nothing."""

    def build_scheduler(self, optimizer: "optim.Optimizer", length: int) -> "LRScheduler":
        """As all; and the cycle must not end before the run does."""
        if self.total_steps is not None and self.total_steps < length:
            raise ValueError(
                f"`total_steps` is {self.total_steps}, and the run has {length}: left out, it follows from the run."
            )
        try:
            with naming_momentum():
                return TorchScheduler.build_scheduler(self, optimizer, length)
        except ZeroDivisionError:
            total = self.total_steps or length
            raise ValueError(
                f"Of {total} steps a part of {self.pct_start:g} is one step, in which it cannot rise: choose another "
                f"`pct_start`."
            ) from None

    def __attrs_post_init__(self) -> None:
        if self.three_phase and self.pct_start > 0.5:
            raise OptionError("pct_start", "It falls as long as it rises: of three phases the first is at most half.")
