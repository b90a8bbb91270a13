"""A stopwatch that attributes time to parts of an epoch, and batches that report when they are waited for."""

from collections.abc import Callable, Iterator, Mapping
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline import Run
from hookline.data import Batch, Batches

if TYPE_CHECKING:
    import torch

BATCHES, FORWARD, LOSS, BACKWARD, STEP, REST, OTHER_STEPS, EVALUATE, LOG, NOTHING = range(10)
"""The parts. From EVALUATE on, a part includes everything nested in it."""

PARTS = {
    "batches": BATCHES,
    "forward": FORWARD,
    "loss": LOSS,
    "backward": BACKWARD,
    "step": STEP,
    "evaluate": EVALUATE,
    "log": LOG,
    "rest": REST,
    "other_steps": OTHER_STEPS,
}
"""The parts by name, in the order of the table."""


@frozen
class Epoch:
    """The time of an epoch, in integer nanoseconds, so that the parts add up exactly."""

    number: int
    """The number of the epoch, counted from 1."""
    steps: int
    """The number of steps."""
    measured: int
    """The number of steps whose stages were measured separately."""
    whole: int
    """The time from beginning to end."""
    parts: Mapping[str, int]
    """The time of each part by name."""


class Stopwatch:
    """Measures the time of one run. Time outside epochs is not counted."""

    def __init__(self, is_due: "Callable[[int], bool] | None"):
        """Start outside any epoch; `is_due` selects the steps whose stages are measured separately, `None` selects
        all.
        """
        self.clock: Callable[[], int] = perf_counter_ns
        """Returns the current time in nanoseconds."""
        self.part = NOTHING
        """The current part."""
        self.epochs: list[Epoch] = []
        """The epochs that have ended."""
        self.begun = 0
        """The latest epoch that has started."""
        self._is_due = is_due
        self._since = self._began = self._first_step = 0
        self._spent = [0] * (NOTHING + 1)

    def wait_for(self, device: "torch.device") -> None:
        """Synchronize with the device before each measurement from now on."""
        import torch

        def clock() -> int:
            torch.accelerator.synchronize(device)
            return perf_counter_ns()

        self.clock = clock

    def enter(self, part: int) -> int:
        """Switch to a part, and return the previous one."""
        now, outer = self.clock(), self.part
        self._spent[outer] += now - self._since
        self._since, self.part = now, part
        return outer

    def begin_epoch(self, run: Run) -> None:
        """Start an epoch with waiting for its first batch."""
        self.begun, self._first_step = run.epoch, run.step + 1
        self.enter(BATCHES)
        self._began = self._since
        self._spent = [0] * (NOTHING + 1)

    def end_epoch(self, run: Run) -> Epoch:
        """End an epoch, and return its times."""
        self.enter(NOTHING)
        steps = range(self._first_step, run.step + 1)
        measured = len(steps) if self._is_due is None else sum(map(self._is_due, steps))
        parts = {name: self._spent[part] for name, part in PARTS.items()}
        if self._is_due is None:
            del parts["other_steps"]
        epoch = Epoch(run.epoch, len(steps), measured, self._since - self._began, parts)
        self.epochs.append(epoch)
        return epoch

    def counted(self, run: Run, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Yield the batches of the current epoch, and measure the time between them."""
        is_due = self._is_due
        for batch in batches:
            self.enter(REST if is_due is None or is_due(run.step + 1) else OTHER_STEPS)
            yield batch
            self.enter(BATCHES)
        self.enter(REST)


class TimedBatches:
    """The training batches, which report to a stopwatch when an epoch starts and when they are waited for."""

    def __init__(self, batches: Batches, run: Run, stopwatch: Stopwatch):
        """Wrap the batches of a run."""
        self._batches, self._run, self._stopwatch = batches, run, stopwatch

    def __getattr__(self, name: str) -> Any:
        if name == "_batches":
            raise AttributeError(name)  # The attribute does not exist yet while copying.
        return getattr(self._batches, name)

    def __len__(self) -> int:
        return len(self._batches)  # type: ignore[arg-type] # Without a length, this has none either.

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self._batches.rows

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch. Reading them before training or after an epoch is not timed."""
        if not self._run.epoch == number > self._stopwatch.begun:
            return self._batches.epoch(number, start)
        self._stopwatch.begin_epoch(self._run)
        return self._stopwatch.counted(self._run, self._batches.epoch(number, start))
