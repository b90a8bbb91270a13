"""The interface of storages of studies, through which processes share the trials of a study."""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from hookline.spec.space.record import TrialRecord


class Claim(Protocol):
    """The claim of a process to train a trial, which ends with the process at the latest."""

    @property
    def record(self) -> TrialRecord | None:
        """The record, if another process has begun the trial and was killed."""

    @property
    def is_lost(self) -> bool:
        """Whether another process has claimed the trial since, because the connection to the storage was lost."""

    def write(self, record: TrialRecord) -> bool:
        """Replace the record of the trial. Return false, and keep nothing, if the claim is lost."""

    def withdraw(self) -> None:
        """Leave no trace of the claim: there is no such trial."""


class TrialStore(Protocol):
    """The trials of a study, which several processes train.

    If the connection is lost, each method waits until there is one again. It raises a `StorageError` if `is_over()`
    becomes true meanwhile.
    """

    pause: float
    """The number of seconds to wait before looking for trials of other processes again."""
    is_over: Callable[[], bool]
    """Whether the user has requested to end."""

    def read_plan(self) -> Mapping[str, Any]:
        """Return what the study monitors, and the number of trials, as JSON values."""

    def write_plan(self, plan: Mapping[str, Any]) -> None:
        """Replace it."""

    def records(self, known: Collection[int]) -> Sequence[TrialRecord]:
        """Return the records of the trials that have begun, without those whose numbers are known, in their order."""

    def claimed(self, number: int) -> AbstractContextManager[Claim | None]:
        """Claim a trial until the end of the context or of the process.

        The context is `None` if the trial has ended, or another process has claimed it. If that process is killed, its
        claim must end without its doing. A process may have claimed several trials at once.
        """

    def correct(self, record: TrialRecord) -> None:
        """Replace the record of a trial that has ended, whose results are now known exactly."""


class Storage(Protocol):
    """A storage that is not a directory, such as a database: what the hook `open_storage` returns."""

    name: str
    """Its address for messages, without a password."""

    def studies(self) -> Sequence[str]:
        """Return the names of its studies."""

    def create(self, study: str, spec: str, plan: Mapping[str, Any]) -> None:
        """Create a study with the text of its spec, unless there is one of this name."""

    def spec_of(self, study: str) -> str | None:
        """Return the text of the spec of a study; `None` if there is no such study."""

    def open(self, study: str) -> TrialStore:
        """Open a study that exists."""

    def close(self) -> None:
        """End the connection, also that of the studies that are open."""
