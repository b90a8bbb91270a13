"""The protocol of the server: HTTP of uvicorn with time limits, and with one write for each answer."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_JOINED = 2**16
"""The number of bytes that are written at once at most, unless a single write has more."""


class JoinedWrites:
    """A transport that joins what is written until `flush`, or until the loop goes on.

    uvicorn writes the headers and the body of an answer separately. Each write is a system call that wakes the client.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop):
        """Wrap a transport of a loop."""
        self._transport, self._loop = transport, loop
        self._parts: list[bytes] = []
        self._size = 0

    def __getattr__(self, name: str) -> Any:
        """Return everything else of the transport."""
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Write data soon."""
        if not data:
            return
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)
        self._size += len(data)
        if self._size > MOST_JOINED:
            self.flush()

    def flush(self) -> None:
        """Write what has been joined."""
        if self._parts:
            data = b"".join(self._parts)
            self._parts, self._size = [], 0
            self._transport.write(data)

    def close(self) -> None:
        """Close the connection after everything has been written."""
        self.flush()
        self._transport.close()


class TimedProtocol(H11Protocol):
    """The protocol of uvicorn with time limits for what it waits for without any: headers, and slow readers."""

    seconds = 10.0
    """The time in which a client must send the headers of a request, and must take the answer."""

    def __init__(self, *arguments: Any, **options: Any):
        """Take the arguments of uvicorn."""
        super().__init__(*arguments, **options)
        self._timer: asyncio.TimerHandle | None = None
        self._is_paused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the headers of the first request."""
        super().connection_made(JoinedWrites(transport, self.loop))  # type: ignore[arg-type]
        self._start()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Wait for the rest of the headers, and for nothing while a request is answered."""
        super().data_received(data)
        if self._is_paused:
            return
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if is_answering:
            self._stop()
        elif self._timer is None:  # The headers of a request have begun.
            self._start()

    def on_response_complete(self) -> None:
        """Write the answer."""
        self.transport.flush()  # type: ignore[attr-defined]
        super().on_response_complete()

    def pause_writing(self) -> None:
        """Wait until the client takes the answer."""
        super().pause_writing()
        self._is_paused = True
        self._start()

    def resume_writing(self) -> None:
        """Wait for nothing, since the client takes the answer."""
        super().resume_writing()
        self._is_paused = False
        self._stop()

    def _start(self) -> None:
        self._stop()
        self._timer = self.loop.call_later(self.seconds, self.transport.abort)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def protocol(seconds: float) -> type[TimedProtocol]:
    """Return the protocol with this time limit."""
    return type("LimitedProtocol", (TimedProtocol,), {"seconds": seconds})
