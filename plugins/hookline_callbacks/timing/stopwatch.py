"""A stopwatch whose time always counts for one part of an epoch, and batches that tell it when they are waited for."""

from collections.abc import Callable, Iterator, Mapping
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline import Run
from hookline.data import Batch, Batches

if TYPE_CHECKING:
    import torch

BATCHES, FORWARD, LOSS, BACKWARD, STEP, REST, OTHER_STEPS, EVALUATE, LOG, NOTHING = range(10)
"""The parts. From EVALUATE on they have all that is inside of them."""

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
"""The parts by name, in the order in which they are told."""


@frozen
class Epoch:
    """What an epoch took, in nanoseconds: whole numbers, which add up."""

    number: int
    """Which it was, counted from 1."""
    steps: int
    """How many steps it had."""
    measured: int
    """In how many of them the stages were told apart."""
    whole: int
    """From its beginning to its end."""
    parts: Mapping[str, int]
    """Each of its parts by name."""


class Stopwatch:
    """The time of one run. Outside of epochs it counts for nothing."""

    def __init__(self, is_due: "Callable[[int], bool] | None"):
        """Begin outside of any epoch; `is_due` tells in which steps stages are told apart, `None` that in all."""
        self.clock: Callable[[], int] = perf_counter_ns
        """What time it is, in nanoseconds."""
        self.part = NOTHING
        """For what time counts now."""
        self.epochs: list[Epoch] = []
        """Those that have ended."""
        self.begun = 0
        """The latest epoch that has begun."""
        self._is_due = is_due
        self._since = self._began = self._first_step = 0
        self._spent = [0] * (NOTHING + 1)

    def wait_for(self, device: "torch.device") -> None:
        """From now on, let the device finish what it was given before looking at the clock."""
        import torch

        def clock() -> int:
            torch.accelerator.synchronize(device)
            return perf_counter_ns()

        self.clock = clock

    def enter(self, part: int) -> int:
        """Let time count for a part from now on; returns that for which it has counted until now."""
        now, outer = self.clock(), self.part
        self._spent[outer] += now - self._since
        self._since, self.part = now, part
        return outer

    def begin_epoch(self, run: Run) -> None:
        """Begin with waiting for its first batch."""
        self.begun, self._first_step = run.epoch, run.step + 1
        self.enter(BATCHES)
        self._began = self._since
        self._spent = [0] * (NOTHING + 1)

    def end_epoch(self, run: Run) -> Epoch:
        """Time counts for nothing again; returns what the epoch took."""
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
        """The batches of the epoch that has begun, between which is waited for them."""
        is_due = self._is_due
        for batch in batches:
            self.enter(REST if is_due is None or is_due(run.step + 1) else OTHER_STEPS)
            yield batch
            self.enter(BATCHES)
        self.enter(REST)


class TimedBatches:
    """The batches of training, which tell a stopwatch when an epoch begins and when they are waited for."""

    def __init__(self, batches: Batches, run: Run, stopwatch: Stopwatch):
        """Stand before these batches in a run."""
        self._batches, self._run, self._stopwatch = batches, run, stopwatch

    def __getattr__(self, name: str) -> Any:
        if name == "_batches":
            raise AttributeError(name)  # Not there yet, while a copy is made.
        return getattr(self._batches, name)

    def __len__(self) -> int:
        return len(self._batches)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self._batches.rows

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """The batches of an epoch. Whoever else looks at them, before training or after an epoch, is not timed."""
        if not self._run.epoch == number > self._stopwatch.begun:
            return self._batches.epoch(number, start)
        self._stopwatch.begin_epoch(self._run)
        return self._stopwatch.counted(self._run, self._batches.epoch(number, start))
