"""Schedulers made of others."""

from typing import TYPE_CHECKING, Any

from attrs import Attribute

from hookline import OptionError, SchedulerSpec, option, spec
from hookline_schedulers.base import TorchScheduler

if TYPE_CHECKING:
    from torch import optim
    from torch.optim.lr_scheduler import LRScheduler


@spec
class CombinedScheduler(TorchScheduler):
    """The base of both."""

    schedulers: tuple[SchedulerSpec, ...]
    """The schedulers; whether they are stepped after steps or epochs is said here and not by them."""

    @property
    def keeps_groups_alike(self) -> bool:
        """Whether all of them do."""
        return all(scheduler.keeps_groups_alike for scheduler in self.schedulers)

    def __attrs_post_init__(self) -> None:
        if not self.schedulers:
            raise OptionError("schedulers", "There must be at least one scheduler.")
        for index, scheduler in enumerate(self.schedulers):
            name = type(scheduler).__name__
            if getattr(scheduler, "interval", None) is not None:
                raise OptionError(
                    "schedulers", f"`interval` is said by the {type(self).__name__} for all.", index, "interval"
                )
            if scheduler.is_told_the_record:
                raise OptionError("schedulers", f"{name} needs a number, which is not passed on to it.", index)


def _rising(instance: object, attribute: "Attribute[Any]", value: tuple[int, ...]) -> None:
    if list(value) != sorted(set(value)):
        raise ValueError("Milestones must be in rising order, each once.")


@spec
class SequentialLR(CombinedScheduler):
    """One scheduler after another.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.SequentialLR.html
    """

    milestones: tuple[int, ...] = option(minimum=1, validator=_rising)
    """After which epochs (or steps) the next scheduler takes over; one less than there are schedulers."""

    def __attrs_post_init__(self) -> None:
        CombinedScheduler.__attrs_post_init__(self)
        for index, scheduler in enumerate(self.schedulers):
            if index and isinstance(scheduler, CombinedScheduler):
                name = type(scheduler).__name__
                raise OptionError("schedulers", f"torch begins a {name} with the run: it can only be the first.", index)
        if len(self.milestones) != len(self.schedulers) - 1:
            several, between, given = len(self.schedulers), len(self.schedulers) - 1, len(self.milestones)
            raise OptionError(
                "milestones",
                f"Between {several} schedulers lie {between} milestones, and {given} are given.",
            )

    def build_scheduler(self, optimizer: "optim.Optimizer", length: int) -> "LRScheduler":
        """The schedulers, each as long as it is its turn."""
        from torch.optim import lr_scheduler

        ends = (*self.milestones, max(length, *self.milestones, 1))
        lengths = [max(1, end - start) for start, end in zip((0, *self.milestones), ends, strict=True)]
        built = [part.build_scheduler(optimizer, its) for part, its in zip(self.schedulers, lengths, strict=True)]
        return lr_scheduler.SequentialLR(optimizer, built, list(self.milestones))


@spec
class ChainedScheduler(CombinedScheduler):
    """Several schedulers at once: the learning rate is multiplied by what each of them says.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ChainedScheduler.html
    """

    def build_scheduler(self, optimizer: "optim.Optimizer", length: int) -> "LRScheduler":
        """The schedulers, all as long as the run."""
        from torch.optim import lr_scheduler

        built = [part.build_scheduler(optimizer, length) for part in self.schedulers]
        return lr_scheduler.ChainedScheduler(built, optimizer)
