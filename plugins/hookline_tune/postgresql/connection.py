"""A connection that is made again when it is lost."""

import threading
import time
import warnings
from collections.abc import Callable
from typing import TypeVar

import psycopg

from hookline import HooklineWarning
from hookline.errors import StorageError
from hookline_tune.postgresql.address import Address

Answer = TypeVar("Answer")

RETRY = 1.0
"""The number of seconds between two attempts to connect, and between two looks whether there still is a connection."""

SESSION = "SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"
"""Settings of a session: the server notices after a minute that a machine has lost its power or its network."""


class Connection:
    """A connection to a database. While a study trains, a thread watches it, since claims end with it."""

    def __init__(self, address: Address):
        """Connect. Raises a `StorageError` if this is not possible."""
        self.address = address
        self.is_over: Callable[[], bool] = lambda: False
        """Whether not to wait for a lost connection."""
        self.restore: Callable[[psycopg.Connection], bool] = lambda _: True
        """Restores the state of the session after a lost connection. If it returns false, it is called again."""
        self._lock = threading.RLock()
        self._closing = threading.Event()
        self._lost_at: str | None = None
        self._is_restored = True
        try:
            self._connection = self._connected()
        except psycopg.Error as error:
            raise StorageError(f"{address.name}: The database cannot be reached. {self._reason(error)}") from None
        threading.Thread(target=self._watch, name="hookline storage", daemon=True).start()

    def do(self, action: Callable[[psycopg.Connection], Answer]) -> Answer:
        """Call a function with the connection; again with a new one if it is lost meanwhile.

        Raises:
            StorageError: if the server refuses what the function does, or if the connection is lost and `is_over()`.

        """
        while True:
            with self._lock:
                try:
                    self._restored()
                    return action(self._connection)
                except psycopg.Error as error:
                    if not self._connection.closed or self._closing.is_set():
                        raise StorageError(f"{self.address.name}: {self._reason(error)}") from None
                    self._note_loss()
                    if self.is_over():
                        message = f"{self.address.name}: The connection is lost. {self._reason(error)}"
                        raise StorageError(message) from None
            time.sleep(RETRY)

    def attempt(self, action: Callable[[psycopg.Connection], object]) -> None:
        """Call a function if there is a connection, for what a lost one does anyway."""
        with self._lock:
            try:
                action(self._connection)
            except psycopg.Error:
                return

    def close(self) -> None:
        """End the connection."""
        self._closing.set()
        with self._lock:
            self._connection.close()

    def _connected(self) -> psycopg.Connection:
        connection = psycopg.connect(**self.address.options, autocommit=True, prepare_threshold=None)
        try:
            connection.execute(SESSION)
        except psycopg.Error:
            connection.close()
            raise
        return connection

    def _restored(self) -> None:
        """Connect again if the connection is lost. Raises a `psycopg.Error` if this fails."""
        if self._connection.closed:
            if not self._closing.is_set():
                self._connection = self._connected()
            self._is_restored = False
        if not self._is_restored:
            self._is_restored = self.restore(self._connection)
        if self._lost_at is not None:
            self._warn(f"Connected again at {_now()}.")
            self._lost_at = None

    def _watch(self) -> None:
        """Connect again while the process trains, so that its claims are restored soon."""
        while not self._closing.wait(RETRY):
            if not self._lock.acquire(blocking=False):
                continue  # It is in use.
            try:
                self._restored()
                self._connection.execute("SELECT 1")  # So that an idle connection is not ended, or this is noticed.
            except psycopg.Error:
                self._note_loss()
            finally:
                self._lock.release()

    def _note_loss(self) -> None:
        if self._lost_at is None and self._connection.closed and not self._closing.is_set():
            self._lost_at = _now()
            self._warn(f"The connection was lost at {self._lost_at}. Connecting is retried every second.")

    def _warn(self, sentence: str) -> None:
        message = f"{self.address.name}: {sentence}"
        warnings.warn(HooklineWarning(message, id="lost-connection"), stacklevel=2)

    def _reason(self, error: psycopg.Error) -> str:
        """The first line of a message of the server or the driver, as a sentence."""
        lines = self.address.without_secrets(str(error)).strip().splitlines() or [type(error).__name__]
        first = lines[0].removeprefix("connection failed: ").rstrip(".")
        return f"{first[:1].upper()}{first[1:]}."


def _now() -> str:
    return time.strftime("%H:%M:%S")
