"""The logs of running trials, also of those in other processes on this machine."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from hookline.runs import directory as directories
from hookline.runs.liveness import is_running
from hookline.runs.study import numbers_of_trials, read_record, trial_directory
from hookline.tuning.study import Study

LAST_BYTES = 2**14
"""How many bytes at the end of a log are read."""


@frozen
class RunningTrial:
    """A trial that has not ended."""

    number: int
    values: Mapping[str, Any]
    epoch: int
    """The number of epochs that it has logged."""
    result: float | None
    """The monitored number that it has logged last."""


@define
class RunningTrials:
    """Finds the trials of a study that are running."""

    study: Study
    _values: dict[int, Mapping[str, Any]] = field(factory=dict)
    """The values of the trials that were seen."""

    def found(self) -> list[RunningTrial]:
        """The trials that are running now, in the order of their numbers."""
        root = self.study.root
        numbers = [number for number in numbers_of_trials(root) if number not in self.study.ended]
        trials = []
        for number in numbers:
            if is_running(trial_directory(root, number)) and (values := self._values_of(number)) is not None:
                epoch, result = _last(trial_directory(root, number), self.study.plan.monitors[0])
                trials.append(RunningTrial(number, values, epoch, result))
        return trials

    def _values_of(self, number: int) -> Mapping[str, Any] | None:
        """The values of a trial; `None` if they are not written yet."""
        if number not in self._values:
            record = read_record(self.study.root, number)
            if record is None or record.has_ended:
                return None
            self._values[number] = record.values
        return self._values[number]


def _last(home: Path, monitor: str) -> tuple[int, float | None]:
    """The last epoch in the log of a trial, and the monitored number there."""
    try:
        with (home / directories.LOG).open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - LAST_BYTES))
            *lines, _ = file.read().split(b"\n")  # The last part is empty, or not written completely.
        record = json.loads(lines[-1])
        number = record.get(monitor)
        return int(record["epoch"]), float(number) if isinstance(number, (int, float)) else None
    except (OSError, ValueError, LookupError):
        return 0, None
