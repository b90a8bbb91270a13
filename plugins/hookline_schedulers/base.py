"""What all schedulers of torch have in common: it is torch's class of the same name, with the same options."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from attrs import asdict

from hookline.errors import OptionError, counted
from hookline.spec import spec
from hookline.training import SchedulerSpec

if TYPE_CHECKING:
    from torch import optim
    from torch.optim.lr_scheduler import LRScheduler

Interval = Literal["epoch", "step"]


@spec
class TorchScheduler(SchedulerSpec):
    """A scheduler of `torch.optim.lr_scheduler`. A class below it declares torch's options and is complete."""

    usual_interval: ClassVar[Interval] = "epoch"
    """After what it is stepped if nothing is said."""

    length_option: ClassVar[str | None] = None
    """The option that says how long it is to be stepped, which follows from the run if it is left out."""

    of_groups: ClassVar[tuple[str, ...]] = ()
    """The options that may be one learning rate, or one for each parameter group."""

    interval: Interval | None = None
    """Whether it is stepped after each "step" or each "epoch"; left out, after each epoch, but CyclicLR and OneCycleLR
    after each step. What the options count are these."""

    @property
    def is_per_step(self) -> bool:
        """Whether it is stepped after each step, and not after each epoch."""
        return (self.interval or self.usual_interval) == "step"

    @property
    def keeps_groups_alike(self) -> bool:
        """Whether no option has a learning rate for each parameter group."""
        return not any(isinstance(getattr(self, name), tuple) for name in self.of_groups)

    def build_scheduler(self, optimizer: "optim.Optimizer", length: int) -> "LRScheduler":
        """`torch.optim.lr_scheduler.<the name of this class>` with these options."""
        from torch.optim import lr_scheduler

        self.check_groups(len(optimizer.param_groups), *self.of_groups)
        return getattr(lr_scheduler, type(self).__name__)(optimizer, **self.arguments(length))

    def check_groups(self, count: int, *options: str) -> None:
        """Raise an `OptionError` for one of these options that has numbers, and not one for each parameter group."""
        for name in options:
            numbers = getattr(self, name)
            if isinstance(numbers, tuple) and len(numbers) != count:
                groups = counted(count, "parameter group")
                raise OptionError(name, f"The optimizer has {groups}, and these are {counted(len(numbers), 'number')}.")

    def arguments(self, length: int) -> dict[str, Any]:
        """The options as torch's class takes them."""
        arguments = asdict(self, recurse=False)
        del arguments["interval"]
        if self.length_option is not None and arguments[self.length_option] is None:
            arguments[self.length_option] = length
        return {name: list(value) if isinstance(value, tuple) else value for name, value in arguments.items()}
