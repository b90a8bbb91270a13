"""The trials of a study as rows, which processes claim by locks of their sessions.

A session-level advisory lock says that a process trains a trial; the server releases it when the connection ends, for
whatever reason, so a killed process needs no heartbeat. The column `claim` decides whose results count: a process that
has lost its connection, and its trial to another one, cannot replace the record of that.
"""

import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
from attrs import define, field

from hookline.errors import StorageError
from hookline.spec import TrialRecord
from hookline_tune.postgresql.connection import Connection
from hookline_tune.postgresql.locks import Locks

GRACE = 5.0
"""How many seconds a begun trial must be without a lock before it is run again. Within this time, a process that has
lost its connection, such as by a restart of the server, connects and locks it again."""

RELEASED = ""
"""The claim of a trial that its process has not ended, such as after Ctrl-C."""


@define(eq=False)
class RowClaim:
    """The claim of a trial. Implements `hookline.spec.Claim`."""

    store: "PostgreSQLStore"
    """The trials."""
    number: int
    """The number of the trial."""
    record: TrialRecord | None
    """The record, if another process has begun the trial."""
    token: str = field(factory=lambda: uuid4().hex)
    """Distinguishes the claim from all others."""
    is_lost: bool = False
    """Whether another process has claimed the trial since."""

    def write(self, record: TrialRecord) -> bool:
        """Replace the row, if it does not belong to another claim."""
        self.is_lost = self.is_lost or not self.store.replace(self, record)
        return not self.is_lost

    def withdraw(self) -> None:
        """Do nothing: a claim without a record has no row."""


class PostgreSQLStore:
    """The trials of a study. Implements `hookline.spec.TrialStore`."""

    pause = 0.2

    def __init__(self, connection: Connection, study: str):
        """Open a study that exists."""
        self._connection = connection
        self._name = study
        row = self._row("SELECT id FROM hookline_studies WHERE name = %s", study)
        self._study = int(row[0])
        self._locks = Locks(self._study)
        self._held: dict[int, RowClaim] = {}
        """The claims of this process by the numbers of their trials."""
        self._free_since: dict[int, tuple[str, float]] = {}
        """By the number of a begun trial that was seen without a lock: its claim, and when that was seen first."""
        connection.restore = self._restore

    @property
    def is_over(self) -> Callable[[], bool]:
        """Whether the user has requested to end."""
        return self._connection.is_over

    @is_over.setter
    def is_over(self, value: Callable[[], bool]) -> None:
        self._connection.is_over = value

    def read_plan(self) -> Mapping[str, Any]:
        """Return what the study monitors, and the number of trials."""
        plan: Mapping[str, Any] = self._row("SELECT plan FROM hookline_studies WHERE id = %s", self._study)[0]
        return plan

    def write_plan(self, plan: Mapping[str, Any]) -> None:
        """Replace it."""
        self._row("UPDATE hookline_studies SET plan = %s WHERE id = %s RETURNING 1", json.dumps(plan), self._study)

    def records(self, known: Collection[int]) -> list[TrialRecord]:
        """Return the records of the trials that have begun, in the order of their numbers."""
        query = "SELECT record FROM hookline_trials WHERE study = %s AND NOT number = ANY(%s) ORDER BY number"
        rows = self._connection.do(lambda connection: connection.execute(query, [self._study, list(known)]).fetchall())
        return [self._record(record) for (record,) in rows]

    @contextmanager
    def claimed(self, number: int) -> Iterator[RowClaim | None]:
        """Claim a trial by a lock of the session."""
        claim = self._connection.do(lambda connection: self._claim(connection, number))
        while claim is None and self._waits_for(number):
            time.sleep(self.pause)
            claim = self._connection.do(lambda connection: self._claim(connection, number))
        try:
            yield claim
        finally:
            if claim is not None:
                self._held.pop(number, None)
                self._connection.attempt(lambda connection: self._release(connection, claim))

    def replace(self, claim: RowClaim, record: TrialRecord) -> bool:
        """Write the row of a trial. Return false if it belongs to another claim."""
        query = """
            INSERT INTO hookline_trials AS trial (study, number, claim, has_ended, record) VALUES (%s, %s, %s, %s, %s)
            ON CONFLICT (study, number) DO UPDATE SET has_ended = excluded.has_ended, record = excluded.record
            WHERE trial.claim = excluded.claim RETURNING 1
        """
        text = json.dumps(record.to_json(), allow_nan=False)
        values = [self._study, claim.number, claim.token, record.has_ended, text]
        return self._connection.do(lambda connection: connection.execute(query, values).fetchone()) is not None

    def correct(self, record: TrialRecord) -> None:
        """Replace the row of a trial that has ended."""
        query = "UPDATE hookline_trials SET record = %s WHERE study = %s AND number = %s AND has_ended"
        text = json.dumps(record.to_json(), allow_nan=False)
        self._connection.do(lambda connection: connection.execute(query, [text, self._study, record.number]))

    def _claim(self, connection: psycopg.Connection, number: int) -> RowClaim | None:
        """Claim a trial that is new, or that a killed process has begun."""
        if not self._locks.acquire(connection, number):
            self._free_since.pop(number, None)
            return None
        query = "SELECT has_ended, claim, record FROM hookline_trials WHERE study = %s AND number = %s"
        row = connection.execute(query, [self._study, number]).fetchone()
        if row is None:
            self._held[number] = RowClaim(self, number, None)
            return self._held[number]
        has_ended, token, record = row
        if not has_ended and (token == RELEASED or self._is_free(number, token)):
            claim = RowClaim(self, number, self._record(record))
            query = """
                UPDATE hookline_trials SET claim = %s WHERE study = %s AND number = %s AND claim = %s AND NOT has_ended
                RETURNING 1
            """
            if connection.execute(query, [claim.token, self._study, number, token]).fetchone() is not None:
                self._free_since.pop(number, None)
                self._held[number] = claim
                return claim
        if has_ended:
            self._free_since.pop(number, None)
        self._locks.release(connection, number)
        return None

    def _record(self, table: Mapping[str, Any]) -> TrialRecord:
        """The record in a row. Raises a `StorageError` if another version of Hookline has written it differently."""
        try:
            return TrialRecord.from_json(table)
        except (TypeError, KeyError, ValueError) as error:
            name, number = self._connection.address.name, table.get("number")
            message = f"{name}, study {self._name}: The record of trial {number} cannot be used: {error}."
            raise StorageError(message) from None

    def _is_free(self, number: int, token: str) -> bool:
        """Whether a begun trial has had no lock for long enough."""
        if self._free_since.get(number, ("", 0.0))[0] != token:
            self._free_since[number] = token, time.monotonic()
        return time.monotonic() - self._free_since[number][1] >= GRACE

    def _waits_for(self, number: int) -> bool:
        """Whether to wait for a begun trial instead of choosing the next one, which would not know its results.

        While other processes are at work, results become known in any order anyway.
        """
        if number not in self._free_since or self.is_over():
            return False
        return not self._connection.do(self._locks.others_exist)

    def _release(self, connection: psycopg.Connection, claim: RowClaim) -> None:
        """End a claim. A trial that has not ended is free at once."""
        query = (
            "UPDATE hookline_trials SET claim = %s WHERE study = %s AND number = %s AND claim = %s AND NOT has_ended"
        )
        connection.execute(query, [RELEASED, self._study, claim.number, claim.token])
        self._locks.release(connection, claim.number)

    def _restore(self, connection: psycopg.Connection) -> bool:
        """Lock the trials of this process again, unless others have claimed them. Return false to try it again."""
        held = [claim for claim in self._held.values() if not claim.is_lost]
        restored = [self._is_restored(connection, claim) for claim in held]  # Each of them, also after a failure.
        return all(restored)

    def _is_restored(self, connection: psycopg.Connection, claim: RowClaim) -> bool:
        """Lock a trial again; return false if the server does not know yet that the former session has ended."""
        is_locked = self._locks.acquire(connection, claim.number)
        query = "SELECT claim FROM hookline_trials WHERE study = %s AND number = %s"
        row = connection.execute(query, [self._study, claim.number]).fetchone()
        claim.is_lost = row is not None and row[0] != claim.token
        if claim.is_lost and is_locked:
            self._locks.release(connection, claim.number)
        return claim.is_lost or is_locked

    def _row(self, query: str, *values: Any) -> tuple[Any, ...]:
        """The only row that a query returns. Raises a `StorageError` if there is none: the study was deleted."""
        row = self._connection.do(lambda connection: connection.execute(query, values).fetchone())
        if row is None:
            raise StorageError(f"{self._connection.address.name}: There is no study {self._name} any more.")
        return row
