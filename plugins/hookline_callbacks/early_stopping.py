"""An end of training when nothing gets better."""

from collections.abc import Generator, Mapping
from typing import Any, Literal

from hookline import (
    CallbackSpec,
    Data,
    HooklineError,
    Run,
    did_you_mean,
    hookimpl,
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


class _EarlyStopping:
    def __init__(self, spec: EarlyStopping):
        self._spec = spec
        self._best: float | None = None
        self._best_epoch = 0

    @hookimpl(wrapper=True)
    def prepare_data(self, run: Run) -> Generator[None, Data, Data]:
        """Refuse to monitor what will not be there, before anything has begun."""
        data = yield
        known = ["training/loss"]
        if data.validation is not None:
            known += ["validation/loss", *(f"validation/{metric.label}" for metric in run.spec.metrics)]
        # A name without a split may be that of a number which another callback adds to the record.
        is_of_a_split = "/" in self._spec.monitor or any(name.endswith(f"/{self._spec.monitor}") for name in known)
        if is_of_a_split and self._spec.monitor not in known:
            split = "" if data.validation is not None else " The data has no validation split."
            raise HooklineError(
                f'EarlyStopping monitors "{self._spec.monitor}", which is not logged.{split}'
                f"{did_you_mean(self._spec.monitor, known)}"
            )
        return data

    @hookimpl(wrapper=True)
    def log(self, run: Run) -> Generator[None, Mapping[str, Any], Mapping[str, Any]]:
        """Compare this epoch's number with the best one."""
        record = yield
        if self._spec.monitor not in record:
            near = did_you_mean(self._spec.monitor, record)
            raise HooklineError(f'EarlyStopping monitors "{self._spec.monitor}", which is not logged.{near}')
        number = record[self._spec.monitor]
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
