"""Schedulers that combine other schedulers."""

import itertools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attrs import Attribute

from hookline.errors import MismatchError, OptionError
from hookline.script import Script, literal, refuse_inherited_lines
from hookline.spec import OptimizerSpec, option, spec
from hookline.training import SchedulerSpec
from hookline_schedulers.base import TorchScheduler

if TYPE_CHECKING:
    from torch import optim
    from torch.optim.lr_scheduler import LRScheduler


@spec
class CombinedScheduler(TorchScheduler):
    """The base class of combined schedulers."""

    schedulers: tuple[SchedulerSpec, ...]
    """The schedulers to combine. Set `interval` here, not on them."""

    @property
    def keeps_groups_alike(self) -> bool:
        """Whether all of its schedulers keep the groups alike."""
        return all(scheduler.keeps_groups_alike for scheduler in self.schedulers)

    def conflicts(self) -> Iterator[OptionError]:
        """Report schedulers that cannot be combined."""
        if not self.schedulers:
            yield OptionError("schedulers", "There must be at least one scheduler.")
        for index, scheduler in enumerate(self.schedulers):
            name = type(scheduler).__name__
            if scheduler.needs_record:
                yield OptionError("schedulers", f"{name} needs a monitored number, which it cannot get here.", index)
            elif getattr(scheduler, "interval", None) is not None:
                message = f"Set `interval` of the {type(self).__name__} instead."
                yield OptionError("schedulers", message, index, "interval")

    def check(self, optimizer: OptimizerSpec, **sections: Any) -> None:
        """Check each of the schedulers, too."""
        TorchScheduler.check(self, optimizer)
        for index, scheduler in enumerate(self.schedulers):
            with _placed(index):
                scheduler.check_in({"optimizer": optimizer, **sections})

    def turns(self, length: int | None) -> tuple[int | None, ...]:
        """Return how many times each scheduler is stepped if the combination is stepped `length` times.

        `None` stands for an unknown number.
        """
        return (length,) * len(self.schedulers)

    def unfit(self, length: int, unit: str) -> Iterator[OptionError]:
        """Warn about schedulers that do not suit the length of their turn, too."""
        own = list(TorchScheduler.unfit(self, length, unit))
        yield from own
        for index, (scheduler, its_length) in enumerate(zip(self.schedulers, self.turns(length), strict=True)):
            for doubt in scheduler.unfit(its_length, unit) if not own and its_length is not None else ():
                yield doubt.within("schedulers", index)

    def ejected_parts(self, script: Script, length: int | None) -> str:
        """Return the list of the schedulers, as code."""
        parts = []
        for index, (scheduler, its_length) in enumerate(zip(self.schedulers, self.turns(length), strict=True)):
            try:
                refuse_inherited_lines(scheduler)
                parts.append(scheduler.eject_scheduler(script, its_length))
            except MismatchError as error:
                raise error.within("schedulers", index) from error.__cause__
        return f"[{', '.join(parts)}]"

    def build_parts(self, optimizer: "optim.Optimizer", length: int | None) -> "list[LRScheduler]":
        """Build the schedulers for a combination of this length."""
        built = []
        for index, (scheduler, its_length) in enumerate(zip(self.schedulers, self.turns(length), strict=True)):
            with _placed(index):
                built.append(scheduler.build_scheduler(optimizer, its_length))
        return built


@contextmanager
def _placed(index: int) -> Iterator[None]:
    """Add the path of a scheduler to its errors."""
    try:
        yield
    except OptionError as error:
        raise error.at("schedulers", index) from error
    except ValueError as error:
        raise OptionError("schedulers", str(error), index) from error


def _rising(instance: object, attribute: "Attribute[Any]", value: tuple[int, ...]) -> None:
    if list(value) != sorted(set(value)):
        raise ValueError("Milestones must be strictly increasing.")


@spec
class SequentialLR(CombinedScheduler):
    """Consecutive schedulers.

    The first scheduler may be a combination. torch steps a ChainedScheduler in that place once at the start of the run:
    an ExponentialLR in it, for example, has already been applied once in the first epoch (or step).

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.SequentialLR.html
    """

    happens_after = ("milestones",)

    milestones: tuple[int, ...] = option(minimum=1, validator=_rising)
    """The epochs (or steps) after which the next scheduler takes over; one fewer than schedulers."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report a wrong number of milestones, too."""
        yield from CombinedScheduler.conflicts(self)
        for index, scheduler in enumerate(self.schedulers):
            if index and isinstance(scheduler, CombinedScheduler):
                name = type(scheduler).__name__
                yield OptionError("schedulers", f"torch starts a {name} with the run, so it must be the first.", index)
        if self.schedulers and len(self.milestones) != len(self.schedulers) - 1:
            several, between, given = len(self.schedulers), len(self.schedulers) - 1, len(self.milestones)
            yield OptionError(
                "milestones",
                f"{several} schedulers need {between} milestones, but {given} are given.",
                against=[("schedulers",)],
            )

    def turns(self, length: int | None) -> tuple[int | None, ...]:
        """Return the length of the turn of each scheduler; that of the last one ends with the run."""
        starts = (0, *self.milestones)
        known = (max(1, end - start) for start, end in itertools.pairwise(starts))
        return (*known, None if length is None else max(1, length - starts[-1]))

    def build_scheduler(self, optimizer: "optim.Optimizer", length: int | None) -> "LRScheduler":
        """Return the schedulers, each with the length of its turn."""
        from torch.optim import lr_scheduler

        built = self.build_parts(optimizer, length)
        with warnings.catch_warnings():
            # torch steps a combined scheduler before the optimizer, and then warns about the order.
            warnings.filterwarnings("ignore", "Detected call of `lr_scheduler.step", UserWarning)
            return lr_scheduler.SequentialLR(optimizer, built, list(self.milestones))

    def eject_scheduler(self, script: Script, length: int | None) -> str:
        """Return torch's scheduler of the others."""
        script.use("from torch.optim.lr_scheduler import SequentialLR")
        parts = self.ejected_parts(script, length)
        return f"SequentialLR(optimizer, {parts}, milestones={literal(list(self.milestones))})"


@spec
class ChainedScheduler(CombinedScheduler):
    """Simultaneous schedulers: the learning rate is multiplied by the factors of all of them.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.optim.lr_scheduler.ChainedScheduler.html
    """

    def build_scheduler(self, optimizer: "optim.Optimizer", length: int | None) -> "LRScheduler":
        """Return the schedulers, all with the length of the run."""
        from torch.optim import lr_scheduler

        built = self.build_parts(optimizer, length)
        return lr_scheduler.ChainedScheduler(built, optimizer)

    def eject_scheduler(self, script: Script, length: int | None) -> str:
        """Return torch's scheduler of the others."""
        script.use("from torch.optim.lr_scheduler import ChainedScheduler")
        return f"ChainedScheduler({self.ejected_parts(script, length)}, optimizer)"
