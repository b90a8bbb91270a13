"""Schedulers made of others."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attrs import Attribute

from hookline.errors import OptionError
from hookline.spec import OptimizerSpec, option, spec
from hookline.training import SchedulerSpec
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

    def conflicts(self) -> Iterator[OptionError]:
        """What one of them cannot be as a part of another."""
        if not self.schedulers:
            yield OptionError("schedulers", "There must be at least one scheduler.")
        for index, scheduler in enumerate(self.schedulers):
            name = type(scheduler).__name__
            if scheduler.is_told_the_record:
                yield OptionError("schedulers", f"{name} needs a number, which is not passed on to it.", index)
            elif getattr(scheduler, "interval", None) is not None:
                message = f"`interval` is said by the {type(self).__name__} for all."
                yield OptionError("schedulers", message, index, "interval")

    def check(self, optimizer: OptimizerSpec, **sections: Any) -> None:
        """As all; and each of them must be of use in this training."""
        TorchScheduler.check(self, optimizer)
        for index, scheduler in enumerate(self.schedulers):
            with _placed(index):
                scheduler.check_in({"optimizer": optimizer, **sections})

    def turns(self, length: int) -> tuple[int, ...]:
        """How many times each of the schedulers is stepped if all of it is stepped `length` times."""
        return (length,) * len(self.schedulers)

    def unfit(self, length: int, unit: str) -> Iterator[OptionError]:
        """As for all; and of the schedulers, if each of them has its turn."""
        own = list(TorchScheduler.unfit(self, length, unit))
        yield from own
        for index, (scheduler, its_length) in enumerate(zip(self.schedulers, self.turns(length), strict=True)):
            for doubt in scheduler.unfit(its_length, unit) if not own else ():
                yield doubt.within("schedulers", index)

    def build_parts(self, optimizer: "optim.Optimizer", length: int) -> "list[LRScheduler]":
        """The schedulers, for so many steps or epochs of all of it."""
        built = []
        for index, (scheduler, its_length) in enumerate(zip(self.schedulers, self.turns(length), strict=True)):
            with _placed(index):
                built.append(scheduler.build_scheduler(optimizer, its_length))
        return built


@contextmanager
def _placed(index: int) -> Iterator[None]:
    """What does not fit in one of the schedulers is told where that stands."""
    try:
        yield
    except OptionError as error:
        raise error.at("schedulers", index) from error
    except ValueError as error:
        raise OptionError("schedulers", str(error), index) from error


def _rising(instance: object, attribute: "Attribute[Any]", value: tuple[int, ...]) -> None:
    if list(value) != sorted(set(value)):
        raise ValueError("Milestones must be in rising order, each once.")


@spec
class SequentialLR(CombinedScheduler):
    """One scheduler after another.

    The first may itself be made of others. A ChainedScheduler in that place torch steps as the run begins: an
    ExponentialLR in it, for one, has multiplied once in the first epoch (or step) already.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.SequentialLR.html
    """

    happens_after = ("milestones",)

    milestones: tuple[int, ...] = option(minimum=1, validator=_rising)
    """After which epochs (or steps) the next scheduler takes over; one less than there are schedulers."""

    def conflicts(self) -> Iterator[OptionError]:
        """As for both; and between two schedulers there is a milestone."""
        yield from CombinedScheduler.conflicts(self)
        for index, scheduler in enumerate(self.schedulers):
            if index and isinstance(scheduler, CombinedScheduler):
                name = type(scheduler).__name__
                yield OptionError("schedulers", f"torch begins a {name} with the run: it can only be the first.", index)
        if self.schedulers and len(self.milestones) != len(self.schedulers) - 1:
            several, between, given = len(self.schedulers), len(self.schedulers) - 1, len(self.milestones)
            yield OptionError(
                "milestones",
                f"Between {several} schedulers lie {between} milestones, and {given} are given.",
                against=[("schedulers",)],
            )

    def turns(self, length: int) -> tuple[int, ...]:
        """As long as it is the turn of each."""
        ends = (*self.milestones, max(length, *self.milestones, 1))
        return tuple(max(1, end - start) for start, end in zip((0, *self.milestones), ends, strict=True))

    def build_scheduler(self, optimizer: "optim.Optimizer", length: int) -> "LRScheduler":
        """The schedulers, each as long as it is its turn."""
        from torch.optim import lr_scheduler

        built = self.build_parts(optimizer, length)
        with warnings.catch_warnings():
            # torch steps one that is made of others before the optimizer, and says that one should not.
            warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step", UserWarning)
            return lr_scheduler.SequentialLR(optimizer, built, list(self.milestones))


@spec
class ChainedScheduler(CombinedScheduler):
    """Several schedulers at once: the learning rate is multiplied by what each of them says.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ChainedScheduler.html
    """

    def build_scheduler(self, optimizer: "optim.Optimizer", length: int) -> "LRScheduler":
        """The schedulers, all as long as the run."""
        from torch.optim import lr_scheduler

        built = self.build_parts(optimizer, length)
        return lr_scheduler.ChainedScheduler(built, optimizer)
