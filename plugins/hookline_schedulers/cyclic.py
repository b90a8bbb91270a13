"""Cyclic learning rates, stepped after each step by default."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from hookline.errors import OptionError, counted
from hookline.spec import OptimizerSpec, option, spec
from hookline_schedulers.base import TorchScheduler

if TYPE_CHECKING:
    from torch import optim
    from torch.optim.lr_scheduler import LRScheduler


class Cycle(TorchScheduler):
    """The base class of cyclic schedulers: the momentum falls while the learning rate rises."""

    usual_interval = "step"

    if TYPE_CHECKING:  # The subclasses define these options with different defaults.
        cycle_momentum: bool
        base_momentum: float | tuple[float, ...]
        max_momentum: float | tuple[float, ...]

    def conflicts(self) -> Iterator[OptionError]:
        """Report a minimum above the maximum, and options with different numbers of groups."""
        if self.cycle_momentum:
            yield from self.misordered("base_momentum", "max_momentum", "from which it falls")
        of_groups = (*self.of_groups, *(("base_momentum", "max_momentum") if self.cycle_momentum else ()))
        first, *others = [name for name in of_groups if isinstance(getattr(self, name, None), tuple)] or [""]
        for name in others:
            count, given = len(getattr(self, first)), len(getattr(self, name))
            if given != count:
                message = f"It has {counted(given, 'number')}, but `{first}` has {count}: set one for each group."
                yield OptionError(name, message, against=[(first,)])

    def misordered(self, least: str, greatest: str, course: str) -> Iterator[OptionError]:
        """Report each number of the first option that is greater than that of the second for the same group."""
        highs = _numbers(getattr(self, greatest))
        for place, low in _numbers(getattr(self, least)):
            lower = {other: high for other, high in highs if low > high and (other == place or () in (other, place))}
            if lower:
                message = f"It must be at most `{greatest}`, {course}, which is {min(lower.values()):g}."
                yield OptionError(least, message, *place, against=[(greatest, *other) for other in lower])

    def check(self, optimizer: OptimizerSpec) -> None:
        """Refuse a momentum of 1 or more for Adam and its variants."""
        TorchScheduler.check(self, optimizer)
        like_adam = [type(member).__name__ for member in optimizer.members if hasattr(member, "betas")]
        if not self.cycle_momentum or not like_adam:
            return
        for name in ("base_momentum", "max_momentum"):
            for place, momentum in _numbers(getattr(self, name)):
                if momentum >= 1:
                    message = f"This is the first of the `betas` of {like_adam[0]}, which must be less than 1."
                    raise OptionError(name, message, *place, against=[("optimizer", "type")])

    eject_scheduler = TorchScheduler.eject_scheduler

    def build_scheduler(self, optimizer: "optim.Optimizer", length: int | None) -> "LRScheduler":
        """Return the scheduler, or raise an error if the optimizer has no momentum to cycle."""
        if self.cycle_momentum:
            if not optimizer.defaults.keys() & {"momentum", "betas"}:
                message = "The optimizer, or one of its parts, has no momentum"
                raise OptionError("cycle_momentum", f"{message}: set `cycle_momentum = false`.")
            self.check_groups(len(optimizer.param_groups), "base_momentum", "max_momentum")
        return TorchScheduler.build_scheduler(self, optimizer, length)


def _numbers(value: float | tuple[float, ...]) -> list[tuple[tuple[int, ...], float]]:
    """Return the number for all parameter groups, or that of each, with its place in the option."""
    return [((index,), number) for index, number in enumerate(value)] if isinstance(value, tuple) else [((), value)]


@spec
class CyclicLR(Cycle):
    """Raises the learning rate from `base_lr` to `max_lr` and lowers it again, repeatedly.

    torch's `scale_fn`, a function, and `scale_mode`, which defines its argument, cannot be written in a spec.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.CyclicLR.html; Smith,
    https://arxiv.org/abs/1506.01186
    """

    of_groups = ("base_lr", "max_lr")

    base_lr: float | tuple[float, ...] = option(minimum=0)
    """The minimum learning rate, or one for each parameter group."""
    max_lr: float | tuple[float, ...] = option(minimum=0)
    """The maximum learning rate, or one for each parameter group."""
    step_size_up: int = option(default=2000, minimum=1)
    """The number of steps of a rise."""
    step_size_down: int | None = option(default=None, minimum=1)
    """The number of steps of a fall. Default: `step_size_up`."""
    mode: Literal["triangular", "triangular2", "exp_range"] = "triangular"
    """The height of later peaks: constant, halved each time, or multiplied by `gamma` in every step."""
    gamma: float = option(default=1.0, minimum=0, only_with=("mode", "exp_range"))
    """The factor of the height in each step, with "exp_range"."""
    cycle_momentum: bool = True
    """Decrease the momentum while the learning rate rises; requires an optimizer with momentum."""
    base_momentum: float | tuple[float, ...] = option(default=0.8, minimum=0, only_with=("cycle_momentum", True))
    """The minimum momentum, or one for each parameter group."""
    max_momentum: float | tuple[float, ...] = option(default=0.9, minimum=0, only_with=("cycle_momentum", True))
    """The maximum momentum, or one for each parameter group."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report a `base_lr` above `max_lr`, too."""
        yield from self.misordered("base_lr", "max_lr", "to which it rises")
        yield from Cycle.conflicts(self)

    def unfit(self, length: int, unit: str) -> Iterator[OptionError]:
        """Warn if the run is shorter than one cycle."""
        yield from Cycle.unfit(self, length, unit)
        whole = self.step_size_up + (self.step_size_up if self.step_size_down is None else self.step_size_down)
        if self.step_size_up >= length:
            takes = f"that takes {counted(self.step_size_up, unit)}, but the run has only {length}"
            yield OptionError("step_size_up", f"`max_lr` is never reached: {takes}.")
        elif whole > length:
            option = "step_size_up" if self.step_size_down is None else "step_size_down"
            message = f"No cycle is completed: one takes {counted(whole, unit)}, but the run has only {length}."
            yield OptionError(option, message)


@spec
class OneCycleLR(Cycle):
    """Raises the learning rate to `max_lr` and lowers it to almost 0, once in the run.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.OneCycleLR.html; Smith and Topin,
    https://arxiv.org/abs/1708.07120
    """

    length_option = "total_steps"
    takes = ("total_steps",)
    of_groups = ("max_lr",)

    max_lr: float | tuple[float, ...] = option(above=0)
    """The maximum learning rate, or one for each parameter group."""
    total_steps: int | None = option(default=None, minimum=1)
    """The number of steps of the cycle. Default: those of the run, like torch's `epochs` times `steps_per_epoch`."""
    pct_start: float = option(default=0.3, minimum=0, below=1)
    """The fraction of the cycle in which the learning rate rises."""
    anneal_strategy: Literal["cos", "linear"] = "cos"
    """Whether to anneal along a cosine or linearly."""
    cycle_momentum: bool = True
    """Decrease the momentum while the learning rate rises; requires an optimizer with momentum."""
    base_momentum: float | tuple[float, ...] = option(default=0.85, minimum=0, only_with=("cycle_momentum", True))
    """The minimum momentum, or one for each parameter group."""
    max_momentum: float | tuple[float, ...] = option(default=0.95, minimum=0, only_with=("cycle_momentum", True))
    """The maximum momentum, or one for each parameter group."""
    div_factor: float = option(default=25.0, above=0)
    """The first learning rate is `max_lr` divided by this."""
    final_div_factor: float = option(default=10000.0, above=0)
    """The last learning rate is the first one divided by this."""
    three_phase: bool = False
    """Use a third phase: fall to the first learning rate as long as it has risen, then to almost 0."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report a rise that leaves no room for three phases, too."""
        if self.three_phase and self.pct_start > 0.5:
            yield OptionError(
                "pct_start", "With three phases, the fall is as long as the rise, so this must be at most 0.5."
            )
        yield from Cycle.conflicts(self)

    eject_scheduler = Cycle.eject_scheduler

    def build_scheduler(self, optimizer: "optim.Optimizer", length: int | None) -> "LRScheduler":
        """Return the scheduler, or raise an error if the cycle ends before the run."""
        if self.total_steps is not None and length is not None and self.total_steps < length:
            message = f"The cycle ends after {self.total_steps} steps, but the run has {length}: "
            raise OptionError("total_steps", f"{message}remove it to use the length of the run.")
        try:
            return Cycle.build_scheduler(self, optimizer, length)
        except ZeroDivisionError:
            message = (
                f"The rise would take exactly one of {self.total_steps or length} steps, in which the rate cannot "
                "change: choose another value."
            )
            raise OptionError("pct_start", message) from None
