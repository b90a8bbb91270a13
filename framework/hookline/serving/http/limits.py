"""The limits of a server, and the error for a request that is refused."""

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

MIB = 2**20


@frozen(kw_only=True)
class Limits:
    """What a server accepts."""

    body_bytes: int = 4 * MIB
    """The largest size of a request."""
    rows: int = 10_000
    """The largest number of rows of a request."""
    requests: int = 128
    """The largest number of requests that are read, wait or are computed at the same time."""
    joined_rows: int = 64
    """The largest number of rows of different requests to which the model is applied at once."""
    seconds: float = 10.0
    """The time in which a client must send a request, and in which it must take the answer."""

    @property
    def connections(self) -> int:
        """The largest number of connections: idle ones, and those of requests that are refused, count too."""
        return 8 * self.requests


class RefusedError(Exception):
    """A request that is refused: its HTTP status, and why, in sentences."""

    def __init__(
        self, status: int, detail: str, *, errors: Sequence[Mapping[str, Any]] = (), closes: bool = False
    ) -> None:
        """Create the error.

        Args:
            status: the HTTP status.
            detail: why, in sentences.
            errors: the cells that cannot be read, each with its row, column and message.
            closes: whether the connection is closed, because the client may still be sending.

        """
        super().__init__(detail)
        self.status, self.detail, self.errors, self.closes = status, detail, errors, closes
