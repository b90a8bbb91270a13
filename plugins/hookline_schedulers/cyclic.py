"""Learning rates that rise and fall, once or many times. They are stepped after each step, unless told otherwise."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from hookline.errors import OptionError, counted
from hookline.spec import OptimizerSpec, option, spec
from hookline_schedulers.base import TorchScheduler

if TYPE_CHECKING:
    from torch import optim
    from torch.optim.lr_scheduler import LRScheduler


class Cycle(TorchScheduler):
    """The base of both: the momentum falls while the learning rate rises."""

    usual_interval = "step"

    if TYPE_CHECKING:  # The classes below have these options, with defaults of their own.
        cycle_momentum: bool
        base_momentum: float | tuple[float, ...]
        max_momentum: float | tuple[float, ...]

    def conflicts(self) -> Iterator[OptionError]:
        """The momentum does not fall to a greater one; and all that is given for each group has as many numbers."""
        if self.cycle_momentum:
            yield from self.misordered("base_momentum", "max_momentum", "from which it falls")
        of_groups = (*self.of_groups, *(("base_momentum", "max_momentum") if self.cycle_momentum else ()))
        first, *others = [name for name in of_groups if isinstance(getattr(self, name, None), tuple)] or [""]
        for name in others:
            count, given = len(getattr(self, first)), len(getattr(self, name))
            if given != count:
                message = f"It has {counted(given, 'number')}, and `{first}` has {count}: each has one for each group."
                yield OptionError(name, message, against=[(first,)])

    def misordered(self, least: str, greatest: str, course: str) -> Iterator[OptionError]:
        """An error for each number of the first option that is greater than that of the second for the same group."""
        highs = _numbers(getattr(self, greatest))
        for place, low in _numbers(getattr(self, least)):
            lower = {other: high for other, high in highs if low > high and (other == place or () in (other, place))}
            if lower:
                message = f"It must be at most `{greatest}`, {course}, which is {min(lower.values()):g}."
                yield OptionError(least, message, *place, against=[(greatest, *other) for other in lower])

    def check(self, optimizer: OptimizerSpec) -> None:
        """As all; and Adam and those that have grown out of it know no momentum of 1."""
        TorchScheduler.check(self, optimizer)
        like_adam = [type(member).__name__ for member in optimizer.members if hasattr(member, "betas")]
        if not self.cycle_momentum or not like_adam:
            return
        for name in ("base_momentum", "max_momentum"):
            for place, momentum in _numbers(getattr(self, name)):
                if momentum >= 1:
                    message = f"This is the first of the `betas` of {like_adam[0]}, which must be less than 1."
                    raise OptionError(name, message, *place, against=[("optimizer", "type")])

    def build_scheduler(self, optimizer: "optim.Optimizer", length: int) -> "LRScheduler":
        """As all; and the optimizer must have a momentum that can fall."""
        if self.cycle_momentum:
            if not optimizer.defaults.keys() & {"momentum", "betas"}:
                message = "The optimizer has no momentum, or not in all of its parts, that could fall"
                raise OptionError("cycle_momentum", f"{message}: set `cycle_momentum = false`.")
            self.check_groups(len(optimizer.param_groups), "base_momentum", "max_momentum")
        return TorchScheduler.build_scheduler(self, optimizer, length)


def _numbers(value: float | tuple[float, ...]) -> list[tuple[tuple[int, ...], float]]:
    """The number for all parameter groups, or that of each, with its place in the option."""
    return [((index,), number) for index, number in enumerate(value)] if isinstance(value, tuple) else [((), value)]


@spec
class CyclicLR(Cycle):
    """Lets the learning rate rise from `base_lr` to `max_lr` and fall again, many times.

    torch's `scale_fn`, a function, cannot be written in a spec, nor can `scale_mode`, which says what that is given.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CyclicLR.html; Smith,
    https://arxiv.org/abs/1506.01186
    """

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
    gamma: float = option(default=1.0, minimum=0, only_with=("mode", "exp_range"))
    """By what the height is multiplied at each step, with "exp_range"."""
    cycle_momentum: bool = True
    """Whether the momentum falls while the learning rate rises; the optimizer must have one."""
    base_momentum: float | tuple[float, ...] = option(default=0.8, minimum=0, only_with=("cycle_momentum", True))
    """The least momentum, or one for each parameter group."""
    max_momentum: float | tuple[float, ...] = option(default=0.9, minimum=0, only_with=("cycle_momentum", True))
    """The greatest momentum, or one for each parameter group."""

    def conflicts(self) -> Iterator[OptionError]:
        """As for both; and the learning rate does not rise to a lower one."""
        yield from self.misordered("base_lr", "max_lr", "to which it rises")
        yield from Cycle.conflicts(self)

    def unfit(self, length: int, unit: str) -> Iterator[OptionError]:
        """As for all; and there is to be a whole cycle."""
        yield from Cycle.unfit(self, length, unit)
        whole = self.step_size_up + (self.step_size_up if self.step_size_down is None else self.step_size_down)
        if self.step_size_up >= length:
            takes = f"that takes {counted(self.step_size_up, unit)}, and the run has only {length}"
            yield OptionError("step_size_up", f"`max_lr` is never reached: {takes}.")
        elif whole > length:
            option = "step_size_up" if self.step_size_down is None else "step_size_down"
            message = f"No cycle is completed: one takes {counted(whole, unit)}, and the run has only {length}."
            yield OptionError(option, message)


@spec
class OneCycleLR(Cycle):
    """Lets the learning rate rise to `max_lr` and fall to almost nothing, once in the run.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html; Smith and Topin,
    https://arxiv.org/abs/1708.07120
    """

    length_option = "total_steps"
    takes = ("total_steps",)
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
    base_momentum: float | tuple[float, ...] = option(default=0.85, minimum=0, only_with=("cycle_momentum", True))
    """The least momentum, or one for each parameter group."""
    max_momentum: float | tuple[float, ...] = option(default=0.95, minimum=0, only_with=("cycle_momentum", True))
    """The greatest momentum, or one for each parameter group."""
    div_factor: float = option(default=25.0, above=0)
    """The first learning rate is `max_lr` divided by this."""
    final_div_factor: float = option(default=10000.0, above=0)
    """The last learning rate is the first one divided by this."""
    three_phase: bool = False
    """Whether it falls as long as it has risen, and only then to almost nothing."""

    def conflicts(self) -> Iterator[OptionError]:
        """As for both; and there is room for its phases."""
        if self.three_phase and self.pct_start > 0.5:
            yield OptionError("pct_start", "It falls as long as it rises: of three phases the first is at most half.")
        yield from Cycle.conflicts(self)

    def build_scheduler(self, optimizer: "optim.Optimizer", length: int) -> "LRScheduler":
        """As all; and the cycle must not end before the run does."""
        if self.total_steps is not None and self.total_steps < length:
            message = f"The cycle ends after {self.total_steps} steps, before the run does, which has {length}: "
            raise OptionError("total_steps", f"{message}leave it out, and it follows from the length of the run.")
        try:
            return Cycle.build_scheduler(self, optimizer, length)
        except ZeroDivisionError:
            message = f"Of {self.total_steps or length} steps this is one, in which it cannot rise: choose another."
            raise OptionError("pct_start", message) from None
