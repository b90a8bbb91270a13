"""Check a request before it reaches the application: the number of requests, and the name of the server."""

from typing import TYPE_CHECKING

from hookline.serving.http.answers import send_refusal
from hookline.serving.http.limits import Limits, RefusedError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send


PREDICT = "/predict"
"""The path of predictions."""


class Guard:
    """An ASGI application around two others: one for predictions, and one for all other paths."""

    def __init__(self, predict: "ASGIApp", app: "ASGIApp", limits: Limits, hosts: frozenset[str] | None):
        """Take the applications, the limits, and the names that the server may be addressed by; `None` for any."""
        self._predict, self._app, self._limits, self._hosts = predict, app, limits, hosts
        self.requests = 0
        """The number of requests for predictions at this time."""

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._hosts is not None and _host(scope) not in self._hosts:
            message = "This server has another name. To serve others, start it with `--host`."
            await send_refusal(send, RefusedError(421, message, closes=True))
        elif scope["path"] != PREDICT:
            await self._app(scope, receive, send)
        elif scope["method"] != "POST":
            await send_refusal(send, RefusedError(405, "Method Not Allowed"), [(b"allow", b"POST")])
        elif self.requests >= self._limits.requests:
            # The request is not read.
            message = f"{self.requests:,} requests wait already. Try again later."
            await send_refusal(send, RefusedError(503, message, closes=True))
        else:
            self.requests += 1
            try:
                await self._predict(scope, receive, send)
            finally:
                self.requests -= 1


def _host(scope: "Scope") -> str:
    """Return the header `Host` without its port, in lower case."""
    given = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1").lower()
    name, colon, port = given.rpartition(":")
    return name if colon and port.isdecimal() else given
