"""Locks of trials that belong to a session and end with it.

They are session-level advisory locks:
https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS. The key of a lock is that of the study and
the number of the trial.
"""

import psycopg
from attrs import frozen


@frozen
class Locks:
    """The locks of the trials of a study."""

    study: int
    """The id of the study."""

    @property
    def key(self) -> str:
        """The key of the study, which is hashed so that locks of other programs in the database differ."""
        return f"hookline study {self.study}"

    def acquire(self, connection: psycopg.Connection, number: int) -> bool:
        """Lock a trial, unless another session has locked it."""
        row = connection.execute("SELECT pg_try_advisory_lock(hashtext(%s), %s)", [self.key, number]).fetchone()
        return row is not None and bool(row[0])

    def release(self, connection: psycopg.Connection, number: int) -> None:
        """Release the lock of this session."""
        connection.execute("SELECT pg_advisory_unlock(hashtext(%s), %s)", [self.key, number])

    def others_exist(self, connection: psycopg.Connection) -> bool:
        """Whether another session has locked a trial of the study."""
        query = """
            SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND classid = hashtext(%s)::oid AND objsubid = 2
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND pid <> pg_backend_pid()
        """
        return connection.execute(query, [self.key]).fetchone() is not None
