"""What is checked before a request reaches the application: the number of requests, and the name of the server."""

import json
from typing import TYPE_CHECKING

from hookline.serving.limits import Limits

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


class Guard:
    """An ASGI application around another one."""

    def __init__(self, app: "ASGIApp", limits: Limits, hosts: frozenset[str] | None):
        """Take the application, its limits, and the names that it may be addressed by; `None` for any."""
        self._app, self._limits, self._hosts = app, limits, hosts
        self.requests = 0
        """The number of requests for predictions at this time."""

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._hosts is not None and _host(scope) not in self._hosts:
            await _answer(send, 421, "This server has another name. To serve others, start it with `--host`.")
        elif scope["path"] != "/predict":
            await self._app(scope, receive, send)
        elif self.requests >= self._limits.requests:
            await _answer(send, 503, f"{self.requests:,} requests wait already. Try again later.")
        else:
            self.requests += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self.requests -= 1


def _host(scope: "Scope") -> str:
    """Return the header `Host` without its port, in lower case."""
    given = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1").lower()
    name, colon, port = given.rpartition(":")
    return name if colon and port.isdecimal() else given


async def _answer(send: "Send", status: int, detail: str) -> None:
    body = json.dumps({"detail": detail}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),  # The request is not read.
        *([(b"retry-after", b"1")] if status == 503 else []),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
