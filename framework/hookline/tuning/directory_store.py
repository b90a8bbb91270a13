"""The trials of a study in its directory, for processes that share a file system.

A process claims a trial by locking its directory, and the operating system releases the lock when the process ends, for
whatever reason. A record is replaced as a whole, so no file is ever torn.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import define, field, frozen

from hookline.runs.study import (
    StudyPlan,
    claimed,
    numbers_of_trials,
    read_plan,
    read_record,
    trial_directory,
    write_plan,
    write_record,
)
from hookline.spec.space.record import TrialRecord


@frozen
class DirectoryClaim:
    """The claim of a trial by the lock of its directory, which cannot be lost. Implements `Claim`."""

    root: Path
    """The directory of the study."""
    number: int
    """The number of the trial."""
    record: TrialRecord | None
    """The record, if another process has begun the trial and was killed."""
    is_lost = False

    def write(self, record: TrialRecord) -> bool:
        """Write the record to the directory of the trial."""
        write_record(self.root, record)
        return True

    def withdraw(self) -> None:
        """Remove the directory, which is empty."""
        trial_directory(self.root, self.number).rmdir()


@define
class DirectoryStore:
    """The trials in the directory of a study. Implements `TrialStore`."""

    root: Path
    """The directory of the study."""
    is_over: Callable[[], bool] = field(default=lambda: False)
    """Not needed here: a directory is always there."""
    pause = 0.05

    def read_plan(self) -> Mapping[str, Any]:
        """Read what the study monitors."""
        return read_plan(self.root).to_json()

    def write_plan(self, plan: Mapping[str, Any]) -> None:
        """Write what the study monitors."""
        write_plan(self.root, StudyPlan.from_json(plan))

    def records(self, known: Collection[int]) -> list[TrialRecord]:
        """Read the records of trials that have begun."""
        records = (read_record(self.root, number) for number in numbers_of_trials(self.root) if number not in known)
        return [record for record in records if record is not None]

    @contextmanager
    def claimed(self, number: int) -> Iterator[DirectoryClaim | None]:
        """Claim a trial by its directory."""
        with claimed(self.root, number) as is_mine:
            record = read_record(self.root, number) if is_mine else None
            is_open = is_mine and (record is None or not record.has_ended)
            yield DirectoryClaim(self.root, number, record) if is_open else None

    def correct(self, record: TrialRecord) -> None:
        """Write the record to the directory of the trial."""
        write_record(self.root, record)
