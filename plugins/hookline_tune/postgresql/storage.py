"""The tables of studies and their trials."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

from hookline_tune.postgresql.address import Address
from hookline_tune.postgresql.connection import Connection
from hookline_tune.postgresql.trials import PostgreSQLStore

TABLES = """
SELECT pg_advisory_xact_lock(hashtext('hookline tables'));
CREATE TABLE IF NOT EXISTS hookline_studies (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    spec text NOT NULL,
    plan json NOT NULL
);
CREATE TABLE IF NOT EXISTS hookline_trials (
    study integer NOT NULL REFERENCES hookline_studies ON DELETE CASCADE,
    number integer NOT NULL,
    claim text NOT NULL,
    has_ended boolean NOT NULL,
    record json NOT NULL,
    PRIMARY KEY (study, number)
);
"""
"""`claim` is that of the process that trains the trial, or has trained it. `record` is what `trial.json` has."""


class PostgreSQL:
    """A database with studies. Implements `hookline.spec.Storage`."""

    def __init__(self, url: str):
        """Connect. Raises a `StorageError` if this is not possible."""
        address = Address.of(url)
        self.name = address.name
        self._connection = Connection(address)

    def studies(self) -> Sequence[str]:
        """Return the names of the studies."""

        def names(connection: psycopg.Connection) -> list[str]:
            if not _has_tables(connection):
                return []
            return [name for (name,) in connection.execute("SELECT name FROM hookline_studies ORDER BY name")]

        return self._connection.do(names)

    def create(self, study: str, spec: str, plan: Mapping[str, Any]) -> None:
        """Create a study, unless there is one of this name; in a new database, create the tables."""

        def insert(connection: psycopg.Connection) -> None:
            if not _has_tables(connection):  # A user who may only use the tables cannot create them.
                with connection.transaction():
                    connection.execute(TABLES)
            connection.execute(
                "INSERT INTO hookline_studies (name, spec, plan) VALUES (%s, %s, %s) ON CONFLICT (name) DO NOTHING",
                [study, spec, json.dumps(plan)],
            )

        self._connection.do(insert)

    def spec_of(self, study: str) -> str | None:
        """Return the text of the spec of a study; `None` if there is no such study."""

        def select(connection: psycopg.Connection) -> str | None:
            if not _has_tables(connection):
                return None
            row = connection.execute("SELECT spec FROM hookline_studies WHERE name = %s", [study]).fetchone()
            return None if row is None else str(row[0])

        return self._connection.do(select)

    def open(self, study: str) -> PostgreSQLStore:
        """Open a study that exists."""
        return PostgreSQLStore(self._connection, study)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def _has_tables(connection: psycopg.Connection) -> bool:
    row = connection.execute("SELECT to_regclass('hookline_trials') IS NOT NULL").fetchone()
    return row is not None and bool(row[0])
