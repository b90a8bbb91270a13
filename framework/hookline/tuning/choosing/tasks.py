"""The tasks of a process that works on a study: trials that it has claimed, with the values to try."""

import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

from attrs import frozen

from hookline.runs.liveness import is_running, marked_as_running
from hookline.runs.study import trial_directory, write_record
from hookline.spec.families.tuner import Search, TunerSpec
from hookline.spec.space.record import TrialRecord
from hookline.spec.space.storage import Claim, TrialStore
from hookline.tuning.choosing.choices import Choices

LOST = "Another process has claimed this trial while there was no connection to the storage."
"""Why a trial is ended whose claim is lost. Its record is that of the other process."""


@frozen(eq=False)
class Task:
    """A trial that is claimed."""

    record: TrialRecord
    """Its number and values, to which the results are added."""
    write: Callable[[TrialRecord], bool]
    """Keeps the record, and returns false if another process has claimed the trial since."""
    prunes: Callable[[TrialRecord], str | None]
    """Returns why to end the trial after an epoch, or `None`."""


class Claimable(Protocol):
    """What a study must know so that its trials can be claimed."""

    root: Path
    store: TrialStore
    running: dict[int, TrialRecord]

    @property
    def tuner(self) -> TunerSpec:
        """The tuner of the spec."""

    @property
    def is_remote(self) -> bool:
        """Whether the trials are in another storage than the directory."""

    @property
    def own_values(self) -> Mapping[str, Any] | None:
        """The own values of the spec, if the space contains them."""

    def not_ended(self) -> Iterator[int]:
        """The numbers of the trials that are not known to have ended."""

    @property
    def choices(self) -> Choices:
        """What is known when a trial is chosen."""

    def change_total(self, trials: int) -> None:
        """Change the total number of trials."""


@contextmanager
def claimed_tasks(study: Claimable, search: Search, most: int) -> Iterator[list[Task] | None]:
    """Claim the first trials that no process has claimed, at most this many of those that are chosen together.

    Yields `None` if the search has tried everything, and an empty list if there is nothing to do now.
    """
    tasks: list[Task] = []
    batch: int | None = None
    has_all = False
    with ExitStack() as claims:
        for number in study.not_ended():
            first = study.choices.first_of_batch(number)
            if len(tasks) == most or batch not in (None, first) or not study.choices.is_ready(number):
                break
            if is_running(trial_directory(study.root, number)):
                continue
            claim = claims.enter_context(study.store.claimed(number))
            if claim is None:
                continue
            batch = first
            record = _record_of(study, number, claim, search)
            if record is None:
                claim.withdraw()
                study.change_total(number - 1)
                has_all = True
                break
            task = claims.enter_context(_task(study, record, claim, search))
            # The values of those that are chosen together must be known before the next one is chosen.
            if task is not None and (most == 1 or task.write(record)):
                tasks.append(task)
                study.running[number] = record
        yield None if has_all and not tasks else tasks


def _record_of(study: Claimable, number: int, claim: Claim, search: Search) -> TrialRecord | None:
    """The record of a trial that is claimed: one that a killed process has begun has its values."""
    record = claim.record
    if record is None and number == 1 and study.tuner.baseline:
        record = TrialRecord(number=1, values=study.own_values or {})
    elif record is None:
        record = search.suggest(number, [*study.choices.known_to(number), *study.choices.pending_for(number)])
    if record is not None:
        record.curve.clear()  # Of the process that was killed.
        record.trainings.clear()
    return record


@contextmanager
def _task(study: Claimable, record: TrialRecord, claim: Claim, search: Search) -> Iterator[Task | None]:
    """The task of a trial; `None` if a process on this machine that has lost its claim is still ending it."""
    known = study.choices.known_to(record.number)

    def prunes(record: TrialRecord) -> str | None:
        return LOST if claim.is_lost else search.prunes(known, record)

    if not study.is_remote:
        yield Task(record, claim.write, prunes)
        return

    def write(record: TrialRecord) -> bool:
        if is_kept := claim.write(record):
            write_record(study.root, record)
        return is_kept

    home = trial_directory(study.root, record.number)
    home.mkdir(exist_ok=True)
    record.place = f"{socket.gethostname()}:{home.resolve()}"
    with marked_as_running(home) as is_alone:
        yield Task(record, write, prunes) if is_alone else None
