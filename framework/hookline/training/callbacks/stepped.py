"""The number of steps of a scheduler in a run, and a check that its options fit this number."""

from collections.abc import Iterator
from typing import ClassVar

from hookline.errors.option_errors import OptionError
from hookline.errors.text import counted
from hookline.plugins.stages import Run
from hookline.spec.families.callback import WrapperSpec


class SteppedSpec(WrapperSpec):
    """The part of `SchedulerSpec` about the steps, epochs or validations after which it is stepped."""

    __slots__ = ()

    needs_record: ClassVar[bool] = False
    """Whether it needs what was logged. Then it is stepped after each record, also inside an epoch, and cannot be part
    of another scheduler."""

    happens_after: ClassVar[tuple[str, ...]] = ()
    """The options with the number of steps or epochs after which something happens, each one number or several. A
    number that is not reached before the end of the run causes a warning."""

    takes: ClassVar[tuple[str, ...]] = ()
    """The options with the number of steps or epochs that something takes. A number larger than that of the run causes
    a warning."""

    @property
    def is_per_step(self) -> bool:
        """Whether it is stepped after each step instead of after each epoch."""
        return False

    def unit(self, run: Run) -> str:
        """What it is stepped after: "step", "epoch", or "validation" if it needs what was logged."""
        if self.needs_record and run.spec.run.validates_otherwise:
            return "validation"
        return "step" if self.is_per_step else "epoch"

    def length(self, run: Run) -> int | None:
        """The number of times it is stepped in the run; `None` if the data does not know its number of batches."""
        if self.unit(run) == "validation":
            every_steps, every_epochs = run.spec.run.validate_every_steps, run.spec.run.validate_every_epochs
            if every_steps is None:
                return run.last_epoch // (every_epochs or 1)
            return None if run.last_step is None else run.last_step // every_steps
        return run.last_step if self.is_per_step else run.last_epoch

    def unfit(self, length: int, unit: str) -> "Iterator[OptionError]":
        """Options that do not fit if it is stepped `length` times, after each "step", "epoch" or "validation".

        A scheduler that contains others includes their options. A class with conditions beyond `happens_after` and
        `takes` adds its own.
        """
        for name in self.happens_after:
            given = getattr(self, name)
            for index, times in enumerate(given if isinstance(given, tuple) else (given,)):
                if times >= length:
                    message = f"This never happens: it is due after {counted(times, unit)}, and the run has {length}."
                    yield OptionError(name, message, *((index,) if isinstance(given, tuple) else ()))
        for name in self.takes:
            times = getattr(self, name)
            if times is not None and times > length:
                message = f"It takes {counted(times, unit)}, and the run has only {length}."
                yield OptionError(name, message)
