"""Read the files of a run directory, even if they are damaged, without torch and without the plugins of the run."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import tomli
from attrs import define, field

from hookline.errors.exceptions import HooklineError
from hookline.errors.text import PathElement, dotted
from hookline.plugins.trial import State
from hookline.runs import lock as locking
from hookline.runs.directory import LOG, RESULT, SPEC
from hookline.runs.study import record_in
from hookline.spec.space.record import TrialRecord

LARGEST = 2**28
"""The largest size of a file to read, in bytes."""


@define(eq=False, slots=False)
class RunContent:
    """The content of the files in a run directory, each of which is read when it is first needed.

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
    def trial(self) -> TrialRecord | None:
        """The record of a trial of a study; `None` if there is none."""
        try:
            return record_in(self.directory)
        except HooklineError as error:
            self._found(str(error).removeprefix(f"{self.directory}{os.sep}"))
            return None

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
