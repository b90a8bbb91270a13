"""Checkpoints during the training."""

import signal
import threading
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal

from hookline import Run, hookimpl
from hookline.data import Data
from hookline.errors import OptionError
from hookline.spec import CallbackSpec, DataSpec, MetricSpec, Objective, WrapperSpec, option, spec
from hookline.training import CheckpointWriter, Logging, check_monitor, check_monitored, monitored

if TYPE_CHECKING:
    from torch import nn


SHORT = 1.0
"""A time in seconds for which the time after each step matters, and not only after some that are made in one call."""


@spec
class Checkpoint(CallbackSpec):
    """Save the whole state of the training, so that `hookline resume` continues it with the same bits.

    A checkpoint contains the model, the loss, the optimizer, the callbacks, the schedulers, all random number
    generators, and the position in the data. It is written to `checkpoints` in the directory of the run, as safetensors
    and JSON. The training also saves a checkpoint when it ends, and when a signal ends it, such as Ctrl-C or SIGTERM of
    Slurm. SIGUSR1 saves one without ending the training.
    """

    unstackable = "it saves the training of one model"
    only_observes = True
    writes_to = ("checkpoints/",)
    connects_to = ()
    logs = ()
    unlimited = "Use `every_steps`, `every_epochs` or `every_minutes` instead."

    every_steps: int | None = option(default=None, minimum=1)
    """Save after every N steps."""
    every_epochs: int | None = option(default=None, minimum=1)
    """Save after every N epochs. Default: 1, if neither `every_steps` nor `every_minutes` is set."""
    every_minutes: float | None = option(default=None, minimum=0)
    """Save after the step that is the first to end this many minutes after the last checkpoint."""
    keep_last: int = option(default=2, minimum=1)
    """The number of latest checkpoints to keep. Older ones are removed once the new one has been written and read back.
    Keep at least 2 to survive a damaged file."""
    keep_every_steps: int | None = option(default=None, minimum=1)
    """Also keep each checkpoint whose number of steps is a multiple of this."""
    keep_best: int = option(default=0, minimum=0)
    """Also keep this many checkpoints of the epochs, or validations inside them, with the best monitored numbers."""
    monitor: str = option(default="validation/loss", only_with=("keep_best",))
    """The number in `metrics.jsonl` that says which epochs are the best."""
    mode: Literal["min", "max"] | None = option(default=None, only_with=("keep_best",))
    """Whether lower ("min") or higher ("max") numbers are better. Default: according to the metric."""
    background: bool = True
    """Write in a thread of its own, while the training continues with the next step. Otherwise the training waits."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report multiples that are never saved."""
        yield from super().conflicts()
        if (
            self.keep_every_steps is not None
            and self.every_steps is not None
            and self.keep_every_steps % self.every_steps
        ):
            message = f"This must be a multiple of `every_steps`, {self.every_steps}: other steps are not saved."
            yield OptionError("keep_every_steps", message, against=[("every_steps",)])

    def check(
        self,
        plugins: Sequence[str],
        data: DataSpec,
        objective: Objective,
        metrics: Sequence[MetricSpec],
        callbacks: Sequence[WrapperSpec],
    ) -> None:
        """Refuse a second Checkpoint, and to monitor a number that is never logged."""
        if sum(isinstance(callback, Checkpoint) for callback in callbacks) > 1:
            raise OptionError("type", "A run can have one Checkpoint: set several of its options instead.")
        if self.keep_best:
            check_monitored(self, self.monitor, Logging(objective, metrics, callbacks), data, plugins)

    def doubts(self, run: Run) -> Iterator[OptionError]:
        """Warn about an interval that is longer than the run."""
        for name, number, of_run in (
            ("every_steps", self.every_steps, run.last_step),
            ("every_epochs", self.every_epochs, run.last_epoch),
        ):
            if number is not None and of_run is not None and number > of_run:
                unit = name.removeprefix("every_")
                yield OptionError(name, f"No checkpoint is saved before the end: the run has {of_run} {unit}.")

    def build(self) -> object:
        """Return the callback, which saves checkpoints."""
        return _Checkpoint(self)


class _Checkpoint:
    saves_at_end = True

    def __init__(self, spec: Checkpoint):
        self._spec = spec
        self._epochs = spec.every_epochs
        if (spec.every_steps, spec.every_epochs, spec.every_minutes) == (None, None, None):
            self._epochs = 1
        self._numbers: dict[int, float] = {}
        """The monitored number by step."""
        self._saved_at = monotonic()
        self._is_requested = False
        self._higher_is_better = spec.mode == "max"
        self._writer = CheckpointWriter(self._kept, in_background=spec.background)

    @hookimpl(wrapper=True)
    def prepare_data(self, run: Run) -> Generator[None, Data, Data]:
        """Listen for SIGUSR1 until the run ends, and refuse to monitor a number that will not exist."""
        self._listen(run)
        data = yield
        if self._spec.keep_best:
            check_monitor(self._spec, self._spec.monitor, run, data)
            label = self._spec.monitor.partition("/")[2]
            if self._spec.mode is None:
                self._higher_is_better = any(one.label == label and one.higher_is_better for one in run.spec.metrics)
        return data

    @hookimpl(wrapper=True)
    def fit(self, run: Run) -> "Generator[None, nn.Module, nn.Module]":
        """Save the training while it runs."""
        self._saved_at = monotonic()
        run.saving = self
        try:
            with self._writer:
                return (yield)
        finally:
            run.saving = None

    def _listen(self, run: Run) -> None:
        """Save after the step in which SIGUSR1 arrives, unless the signal has another handler.

        Outside of `fit` it must not end the process: it may arrive during the final evaluation.
        """
        number = getattr(signal, "SIGUSR1", None)  # Windows has none.
        if number is None or threading.current_thread() is not threading.main_thread():
            return
        present = signal.getsignal(number)
        # The resources of an earlier trial, and with them its handler, may still be open.
        if present is signal.SIG_DFL or isinstance(getattr(present, "__self__", None), _Checkpoint):
            signal.signal(number, self._request)
            run.resources.callback(self._stop_listening, number)

    def _stop_listening(self, number: int) -> None:
        if signal.getsignal(number) == self._request:
            signal.signal(number, signal.SIG_DFL)

    def _request(self, *_: object) -> None:
        self._is_requested = True

    def is_due_after_step(self, run: Run) -> bool:
        """Return whether the steps or the minutes are over, or SIGUSR1 has arrived."""
        steps, minutes = self._spec.every_steps, self._spec.every_minutes
        if steps is not None and run.step % steps == 0:
            return True
        return self._is_requested or (minutes is not None and monotonic() - self._saved_at >= 60 * minutes)

    def steps_before_due(self, run: Run) -> int | None:
        """Return the number of steps to the next one after which a checkpoint is due."""
        steps, minutes = self._spec.every_steps, self._spec.every_minutes
        if minutes is not None and 60 * minutes < SHORT:
            return 1
        return None if steps is None else steps - run.step % steps

    def is_due_after_record(self, run: Run) -> bool:
        """Return whether the epochs are over, the training ends, or this record is one of the best."""
        is_among_best = False
        if self._spec.keep_best:
            number = monitored("Checkpoint", self._spec.monitor, run.history[-1])
            if number is not None and number == number:  # NaN cannot be compared.
                self._numbers[run.step] = number
            is_among_best = run.step in self._best()
        is_due = self._epochs is not None and run.epoch % self._epochs == 0
        is_due = is_due or run.epoch == run.last_epoch or run.stopped is not None
        return (is_due and not run.is_inside_epoch) or is_among_best or self._is_requested

    def save(self, run: Run, state: Mapping[str, Any]) -> None:
        """Save the training."""
        self._saved_at, self._is_requested = monotonic(), False
        best_by = {"number": self._spec.monitor, "higher_is_better": self._higher_is_better}
        self._writer.save(run, {**state, "best_by": best_by} if self._spec.keep_best else state)

    def _best(self) -> list[int]:
        """Return the steps with the best numbers. Of equal ones, the first is the best."""
        sign = -1 if self._higher_is_better else 1
        numbers = dict(self._numbers)
        return sorted(numbers, key=lambda step: (sign * numbers[step], step))[: self._spec.keep_best]

    def _kept(self, steps: Sequence[int]) -> Collection[int]:
        """Return the steps whose checkpoints are kept."""
        multiple = self._spec.keep_every_steps
        kept = {*steps[-self._spec.keep_last :], *self._best()}
        return kept if multiple is None else kept | {step for step in steps if step % multiple == 0}

    def state_dict(self) -> dict[str, Any]:
        """Return the monitored numbers so far."""
        return {"numbers": dict(self._numbers)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore a state that `state_dict` returned."""
        self._numbers = dict(state["numbers"])
