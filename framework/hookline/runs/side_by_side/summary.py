"""Read what a run directory says about its run, without torch and without its plugins, even if files are damaged."""

import json
import math
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import tomli
from attrs import define, field

from hookline.data.numerics import is_number
from hookline.errors.exceptions import HooklineError
from hookline.errors.text import PathElement, dotted
from hookline.plots.curves import unit_of
from hookline.plugins.trial import State
from hookline.runs import lock as locking
from hookline.runs.checkpoints import store
from hookline.runs.directory import LOG, RESULT, SPEC
from hookline.runs.liveness import is_running
from hookline.runs.study import record_in

RUNNING, UNFINISHED, DAMAGED = "running", "unfinished", "damaged"
"""The states of runs without a readable `result.json`. No process on this machine trains an unfinished run: it was
killed, or it runs on another machine."""

LARGEST = 2**28
"""The largest size of a file to read, in bytes."""


@define(eq=False, slots=False)
class RunSummary:
    """What a run directory says about its run.

    Damaged and missing files are described in `problems`; what they would contain is missing or empty.
    """

    directory: Path
    """The directory of the run."""
    problems: list[str] = field(factory=list, init=False)
    """Which files are damaged, as sentences. Those that are read later are added later."""

    @cached_property
    def spec(self) -> Mapping[str, Any]:
        """The spec as tables, arrays, strings and numbers, with all defaults."""
        text = self._text(SPEC)
        try:
            return {} if text is None else tomli.loads(text)
        except (ValueError, RecursionError) as error:
            self._found(f"{SPEC} is not TOML: {error}")
            return {}

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """The values of the spec by their path, such as `optimizer.lr` and `model.layers[0].out_features`."""
        try:
            return dict(_flat(self.spec, (), self.directory.resolve()))
        except RecursionError:
            self._found(f"{SPEC} is nested too deeply")
            return {}

    @cached_property
    def lock(self) -> Mapping[str, Any]:
        """The plan of the run from `run.lock.toml`."""
        try:
            return locking.read(self.directory)
        except HooklineError as error:
            self._found(str(error).removeprefix(f"{self.directory}{os.sep}"))
            return {}

    @cached_property
    def result(self) -> Mapping[str, Any] | None:
        """The content of `result.json`; `None` if the run has not written one, empty if it is damaged."""
        if not (self.directory / RESULT).exists():
            return None
        text = self._text(RESULT)
        if text is None:
            return {}
        try:
            result = json.loads(text)
        except (ValueError, RecursionError) as error:
            self._found(f"{RESULT} is not JSON: {error}")
            return {}
        if not isinstance(result, dict) or result.get("state") not in get_args(State):
            self._found(f"{RESULT} contains no state of a run")
            return {}
        return result

    @cached_property
    def history(self) -> Sequence[Mapping[str, Any]]:
        """The records of `metrics.jsonl`, one for each epoch. A last line that is being written is left out."""
        if not (self.directory / LOG).exists():
            return ()
        *lines, rest = (self._text(LOG) or "").split("\n")
        records: list[Mapping[str, Any]] = []
        for number, line in enumerate([*lines, rest] if rest.endswith("}") else lines, 1):
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                record = None
            if not isinstance(record, dict) or not isinstance(record.get("epoch"), int):
                self._found(f"{LOG} is damaged: line {number} is not the record of an epoch")
                break
            records.append(record)
        return tuple(records)

    @cached_property
    def state(self) -> str:
        """How the run ended; "running", "unfinished" or "damaged" if `result.json` does not say it.

        A trial of a study may also be pruned, or have failed before it could be trained.
        """
        if self._of_trial in ("pruned", "failed"):
            return self._of_trial
        if self.result is None:
            return RUNNING if is_running(self.directory) else UNFINISHED
        return str(self.result["state"]) if self.result else DAMAGED

    @cached_property
    def _of_trial(self) -> str:
        """The state in the record of a trial; empty if there is none."""
        try:
            record = record_in(self.directory)
        except HooklineError as error:
            self._found(str(error).removeprefix(f"{self.directory}{os.sep}"))
            return ""
        return "" if record is None else record.state

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

    def _found(self, problem: str) -> None:
        self.problems.append(f"{problem.rstrip('.')}.")

    def _text(self, name: str) -> str | None:
        """The text of a file; `None`, with a problem, if it cannot be read."""
        path = self.directory / name
        try:
            if path.exists() and not path.is_file():
                self._found(f"{name} is not a file")  # Reading a pipe or a device may never end.
                return None
            if path.stat().st_size > LARGEST:
                self._found(f"{name} is larger than {LARGEST // 2**20} MiB")
                return None
            return path.read_text(encoding="utf-8")
        except OSError as error:
            self._found(f"{name} cannot be read: {error.strerror}")
        except ValueError:
            self._found(f"{name} is not UTF-8 text")
        return None


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


def _flat(value: Any, path: tuple[PathElement, ...], directory: Path) -> Iterator[tuple[str, Any]]:
    """The values in a table by their paths. An array of components is the array of their types, and is entered."""
    if isinstance(value, dict) and (value or not path):
        for key, inner in value.items():
            yield from _flat(inner, (*path, key), directory)
    elif isinstance(value, list) and value and all(isinstance(element, dict) for element in value):
        yield dotted(path), [str(element.get("type", "table")) for element in value]
        for index, element in enumerate(value):
            yield from _flat(element, (*path, index), directory)
    elif isinstance(value, str) and value.startswith(("../", "..\\")):
        # A path that is relative to the directory of the run: show it from here, and compare what it refers to.
        yield dotted(path), os.path.relpath(directory / value)
    else:
        yield dotted(path), value
