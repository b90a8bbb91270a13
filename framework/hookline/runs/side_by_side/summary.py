"""The summary of a run from its directory: how far it is, how it ended, and its metrics."""

import math
import time
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, Literal

from attrs import define

from hookline.data.numerics import is_number
from hookline.plots.curves import unit_of
from hookline.runs import lock as locking
from hookline.runs.checkpoints import store
from hookline.runs.liveness import is_running
from hookline.runs.side_by_side.run_content import RunContent

RUNNING, UNFINISHED, DAMAGED = "running", "unfinished", "damaged"
"""The states of runs without a readable `result.json`. No process on this machine trains an unfinished run: it was
killed, or it runs on another machine."""


@define(eq=False, slots=False)
class RunSummary(RunContent):
    """A run as its directory describes it."""

    @cached_property
    def state(self) -> str:
        """How the run ended; "running", "unfinished" or "damaged" if `result.json` does not say it.

        A trial of a study may also be pruned, or have failed before it could be trained.
        """
        if self.trial is not None and self.trial.state in ("pruned", "failed"):
            return self.trial.state
        if self.result is None:
            return RUNNING if is_running(self.directory) else UNFINISHED
        return str(self.result["state"]) if self.result else DAMAGED

    @cached_property
    def epochs(self) -> int | None:
        """The number of trained epochs."""
        if not self.result:
            return len({record["epoch"] for record in self.history})
        return _whole(self.result.get("epochs"))

    @cached_property
    def planned_epochs(self) -> int | None:
        """The number of epochs in the spec."""
        return _whole(self.settings.get("run.epochs"))

    @cached_property
    def seconds(self) -> float | None:
        """How long the run took, in seconds; for a running one, how long it has been training."""
        if self.state == RUNNING:
            try:
                return max(0.0, time.time() - (self.directory / locking.NAME).stat().st_mtime)
            except OSError:  # The directory has been deleted meanwhile.
                return None
        value = (self.result or {}).get("seconds")
        return float(value) if isinstance(value, (int, float)) and is_number(value) else None

    @cached_property
    def checkpoint(self) -> int | None:
        """The step of the newest checkpoint, from which `hookline resume` continues; `None` if there is none."""
        saved = store.all_of(self.directory)
        return saved[-1].step if saved else None

    @cached_property
    def metrics(self) -> Mapping[str, float]:
        """The final metrics of each split, such as `validation/loss`; those of the last epoch without `result.json`."""
        if not self.result:
            record = self.history[-1] if self.history else {}
            return {name: number(value) for name, value in record.items() if "/" in name and _may_be_number(value)}
        splits = self.result.get("metrics")
        return {
            f"{split}/{name}": number(value)
            for split, values in (splits.items() if isinstance(splits, dict) else ())
            for name, value in (values.items() if isinstance(values, dict) else ())
            if _may_be_number(value)
        }

    @cached_property
    def unit(self) -> Literal["epoch", "step"]:
        """What the records are counted in: the step, if there are validations inside epochs."""
        has_steps = all(isinstance(record.get("step"), int) for record in self.history)
        return unit_of(self.history) if has_steps else "epoch"

    def weights_place(self) -> int | None:
        """The epoch, or in its unit the step, that the saved weights are from."""
        weights = (self.result or {}).get("weights")
        return _whole(weights.get(self.unit)) if isinstance(weights, dict) else None

    def curve(self, name: str, unit: Literal["epoch", "step"] | None = None) -> tuple[list[int], list[float]]:
        """The epochs whose record has a number of this name, and the numbers; or the steps, as `unit` says."""
        unit = unit or self.unit
        pairs = [
            (record[unit], number(record[name]))
            for record in self.history
            if name in record and _may_be_number(record[name]) and isinstance(record.get(unit), int)
        ]
        return [epoch for epoch, _ in pairs], [value for _, value in pairs]

    @staticmethod
    def common_unit(runs: "Iterable[RunSummary]") -> Literal["epoch", "step"]:
        """The unit in which several runs can be compared."""
        return "step" if any(run.unit == "step" for run in runs) else "epoch"

    def read(self) -> "RunSummary":
        """Read the files that every table shows, so that `problems` is complete for these."""
        _ = self.settings, self.metrics, self.state, self.epochs, self.seconds
        return self

    def read_all(self) -> "RunSummary":
        """Read all files, so that `problems` is complete."""
        _ = self.read().lock, self.history
        return self


def number(value: Any) -> float:
    """A number of a log as a float. JSON has no NaN and no infinity: `null` stands for them."""
    try:
        return math.nan if value is None else float(value)
    except OverflowError:  # It is an integer with hundreds of digits.
        return math.nan


def _may_be_number(value: Any) -> bool:
    return value is None or is_number(value)


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
