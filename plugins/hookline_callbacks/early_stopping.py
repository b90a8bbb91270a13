"""An end of training when nothing gets better."""

from collections.abc import Generator, Mapping
from typing import Any, Literal

from hookline import (
    CallbackSpec,
    Data,
    Run,
    TrainingSpec,
    check_monitor,
    check_monitored,
    hookimpl,
    monitored,
    option,
    spec,
)


@spec
class EarlyStopping(CallbackSpec):
    """Stops the run when the monitored number has not become better for some epochs."""

    monitor: str = "validation/loss"
    """The name of the number in `metrics.jsonl`."""
    patience: int = option(default=10, minimum=1)
    """After how many epochs without a better number the run stops."""
    min_delta: float = option(default=0.0, minimum=0)
    """By how much a number must be better to count."""
    mode: Literal["min", "max"] | None = None
    """Which number is better, the lower or the higher; left out, it follows from the metric."""

    def build(self) -> object:
        """The callback, which remembers the best number."""
        return _EarlyStopping(self)

    def check(self, spec: TrainingSpec) -> None:
        """Refuse to monitor what is never logged."""
        check_monitored(spec, self.monitor)


class _EarlyStopping:
    def __init__(self, spec: EarlyStopping):
        self._spec = spec
        self._best: float | None = None
        self._best_epoch = 0

    @hookimpl(wrapper=True)
    def prepare_data(self, run: Run) -> Generator[None, Data, Data]:
        """Refuse to monitor what will not be there, before anything has begun."""
        data = yield
        check_monitor("EarlyStopping", self._spec.monitor, run, data)
        return data

    @hookimpl(wrapper=True)
    def log(self, run: Run) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Compare this epoch's number with the best one."""
        record = yield
        number = monitored("EarlyStopping", self._spec.monitor, record)
        if self._is_better(number, run):
            self._best, self._best_epoch = number, run.epoch
        elif run.epoch - self._best_epoch >= self._spec.patience:
            best = f"it was best in epoch {self._best_epoch}" if self._best_epoch else "it was never a number"
            run.stop(f"{self._spec.monitor} has not become better for {self._spec.patience} epochs; {best}.")
        return record

    def _is_better(self, number: float, run: Run) -> bool:
        if self._best is None:
            return number == number  # A NaN is no number to be compared with.
        if self._higher_is_better(run):
            return number > self._best + self._spec.min_delta
        return number < self._best - self._spec.min_delta

    def _higher_is_better(self, run: Run) -> bool:
        if self._spec.mode is not None:
            return self._spec.mode == "max"
        label = self._spec.monitor.partition("/")[2]
        return any(metric.label == label and metric.higher_is_better for metric in run.spec.metrics)
