"""The base class of torch's schedulers: each builds torch's class of the same name, with the same options."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from attrs import asdict

from hookline.errors import OptionError, counted
from hookline.script import Code, Script, constructor
from hookline.spec import spec
from hookline.training import SchedulerSpec

if TYPE_CHECKING:
    from torch import optim
    from torch.optim.lr_scheduler import LRScheduler

Interval = Literal["epoch", "step"]


@spec
class TorchScheduler(SchedulerSpec):
    """A scheduler of `torch.optim.lr_scheduler`. A subclass only declares torch's options."""

    usual_interval: ClassVar[Interval] = "epoch"
    """The default interval."""

    length_option: ClassVar[str | None] = None
    """The option with the length of the schedule, which defaults to the length of the run."""

    of_groups: ClassVar[tuple[str, ...]] = ()
    """The options that take one learning rate, or one for each parameter group."""

    interval: Interval | None = None
    """Whether to step it after each "step" or each "epoch"; the other options count in the same unit. Default: "step"
    for CyclicLR and OneCycleLR, "epoch" for all others."""

    @property
    def is_per_step(self) -> bool:
        """Whether it is stepped after each step instead of each epoch."""
        return (self.interval or self.usual_interval) == "step"

    @property
    def keeps_groups_alike(self) -> bool:
        """Whether no option has separate learning rates for parameter groups."""
        return not any(isinstance(getattr(self, name), tuple) for name in self.of_groups)

    def build_scheduler(self, optimizer: "optim.Optimizer", length: int | None) -> "LRScheduler":
        """Return `torch.optim.lr_scheduler.<the name of this class>` with these options."""
        from torch.optim import lr_scheduler

        self.check_groups(len(optimizer.param_groups), *self.of_groups)
        return getattr(lr_scheduler, type(self).__name__)(optimizer, **self.arguments(length))

    def eject_scheduler(self, script: Script, length: int | None) -> str:
        """Return torch's class of the same name with the options that differ from its defaults."""
        from torch.optim import lr_scheduler

        name = type(self).__name__
        script.use(f"from torch.optim.lr_scheduler import {name}")
        options = {"optimizer": Code("optimizer"), **self.arguments(length)}
        return constructor(name, getattr(lr_scheduler, name), options)

    def check_groups(self, count: int, *options: str) -> None:
        """Raise an `OptionError` for an option whose number of values is not the number of parameter groups."""
        for name in options:
            numbers = getattr(self, name)
            if isinstance(numbers, tuple) and len(numbers) != count:
                groups = counted(count, "parameter group")
                raise OptionError(name, f"The optimizer has {groups}, but there are {counted(len(numbers), 'number')}.")

    def arguments(self, length: int | None) -> dict[str, Any]:
        """Return the arguments of torch's class.

        Raises:
            OptionError: If an option has the length of the run by default, but that is unknown.

        """
        arguments = asdict(self, recurse=False)
        del arguments["interval"]
        if self.length_option is not None and arguments[self.length_option] is None:
            if length is None:
                message = (
                    "The default is the number of steps of the run, which is unknown: the data does not know its "
                    'number of batches. Set this option, or `interval = "epoch"`.'
                )
                raise OptionError(self.length_option, message)
            arguments[self.length_option] = length
        return {name: list(value) if isinstance(value, tuple) else value for name, value in arguments.items()}
