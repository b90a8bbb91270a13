"""The directory of a study: its spec, what it monitors, and a directory for each trial with its record.

The directories are all that the processes of a study share: a process claims a trial by locking its directory, and the
operating system releases the lock when the process ends, for whatever reason. A record is replaced as a whole.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

from hookline.errors.exceptions import RunError
from hookline.files.atomic import write_file
from hookline.runs.liveness import is_running, marked_as_running
from hookline.spec.space.record import TrialRecord

STUDY = "study.json"
"""What the study monitors, and the total number of trials."""

RECORD = "trial.json"
"""The record of a trial, in its directory."""

BEST = "best.toml"
"""The spec of the best trial."""

REFIT, REFIT_SPEC = "refit", "refit.toml"
"""The directory and the spec of the training on training and validation rows after the search."""

STORAGE = "HOOKLINE_STORAGE"
"""The environment variable with the URL of a storage. Unlike a command line, it is hidden from other users."""

_NAME = re.compile(r"trial-([1-9][0-9]*)")


@frozen(kw_only=True)
class StudyPlan:
    """What a study monitors, and how many trials it has."""

    trials: int
    """The total number of trials."""
    monitors: tuple[str, ...]
    """The names of the monitored numbers."""
    maximized: tuple[bool, ...]
    """For each of them, whether a higher number is better."""
    vectorize: int | None = None
    """The largest number of trials that are trained together, if there may be several: the numbers of such trials are
    those of the trials alone up to rounding."""
    storage: str | None = None
    """The address of the storage that has the trials, without a password; `None` if this directory has them."""
    study: str | None = None
    """The name of the study in the storage."""
    id: str | None = None
    """Distinguishes the study from others that have had the same name."""

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON values."""
        known = {name: value for name, value in asdict(self).items() if value is not None}
        return {"format": 1, **known}

    @classmethod
    def from_json(cls, table: Mapping[str, Any]) -> "StudyPlan":
        """The plan in JSON values. Raises a `ValueError`, `KeyError` or `TypeError` if they are not a plan."""
        named = {name: str(table[name]) for name in ("storage", "study", "id") if name in table}
        return cls(
            trials=int(table["trials"]),
            monitors=tuple(map(str, table["monitors"])),
            maximized=tuple(map(bool, table["maximized"])),
            vectorize=int(table["vectorize"]) if "vectorize" in table else None,
            **named,
        )

    def is_better(self, one: TrialRecord, other: TrialRecord) -> bool:
        """Whether a trial beats another in all monitored numbers: it is worse in none, and better in one."""
        pairs = list(zip(self._costs(one), self._costs(other), strict=True))
        return all(mine <= its for mine, its in pairs) and any(mine < its for mine, its in pairs)

    def _costs(self, record: TrialRecord) -> list[float]:
        assert record.results is not None, "Only trials with results are compared."
        return [-number if up else number for number, up in zip(record.results, self.maximized, strict=True)]

    def best(self, records: Sequence[TrialRecord]) -> list[TrialRecord]:
        """The trials that no other beats, in their order; of equal ones the first.

        Trials that were pruned, have failed, or whose numbers are not finite are not compared.
        """
        compared = [record for record in records if is_comparable(record)]
        if len(self.monitors) == 1:
            return [min(compared, key=self._costs)] if compared else []
        front: list[TrialRecord] = []
        for record in compared:
            is_beaten = any(self.is_better(other, record) or other.results == record.results for other in front)
            if not is_beaten:
                front = [other for other in front if not self.is_better(record, other)]
                front.append(record)
        return front


def is_comparable(record: TrialRecord) -> bool:
    """Whether a trial may be the best one."""
    are_finite = record.results is not None and all(map(math.isfinite, record.results))
    return record.state in ("finished", "stopped") and are_finite


def trial_directory(root: Path, number: int) -> Path:
    """The directory of a trial."""
    return root / f"trial-{number}"


def is_study(directory: Path) -> bool:
    """Whether this is the directory of a study."""
    return (directory / STUDY).is_file()


def numbers_of_trials(root: Path) -> list[int]:
    """The numbers of the trials that have begun, in order."""
    return sorted(int(found[1]) for path in root.iterdir() if (found := _NAME.fullmatch(path.name)))


def write_plan(root: Path, plan: StudyPlan) -> None:
    """Write what a study monitors. Raises a `FileError` if it cannot be written."""
    write_file(root / STUDY, json.dumps(plan.to_json(), indent=2) + "\n")


def read_plan(root: Path) -> StudyPlan:
    """Read what a study monitors.

    Raises:
        RunError: if this is not the directory of a study, or the file is damaged.

    """
    try:
        return StudyPlan.from_json(json.loads((root / STUDY).read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise RunError(f"{root}: This is not the directory of a study: it has no {STUDY}.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RunError(f"{root / STUDY}: The file cannot be used: {error}.") from None


def write_record(root: Path, record: TrialRecord) -> None:
    """Write the record of a trial. Raises a `FileError` if it cannot be written."""
    path = trial_directory(root, record.number) / RECORD
    write_file(path, json.dumps(record.to_json(), indent=1) + "\n")


def read_record(root: Path, number: int) -> TrialRecord | None:
    """The record of a trial; `None` if there is none.

    Raises:
        RunError: if it is damaged.

    """
    return record_in(trial_directory(root, number))


def record_in(directory: Path) -> TrialRecord | None:
    """The record of a trial in its directory; `None` if there is none.

    Raises:
        RunError: if it is damaged.

    """
    path = directory / RECORD
    try:
        return TrialRecord.from_json(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise RunError(f"{path}: The record of the trial cannot be used: {error}.") from None


def records_of(root: Path) -> list[TrialRecord]:
    """The records of all trials that have begun, in the order of their numbers."""
    return [record for number in numbers_of_trials(root) if (record := read_record(root, number)) is not None]


@contextmanager
def claimed(root: Path, number: int) -> Iterator[bool]:
    """Claim a trial until the end of the context or of the process. Yields false if another process has claimed it."""
    path = trial_directory(root, number)
    with suppress(FileExistsError):
        path.mkdir()
    if is_running(path):
        yield False
        return
    with marked_as_running(path) as is_alone:
        yield is_alone
