"""`POST /predict` as an ASGI application of its own: FastAPI would add its middleware to each request."""

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from hookline.serving.http.answers import send_json, send_refusal
from hookline.serving.http.json_body import GivenRows, given_rows
from hookline.serving.http.limits import Limits, RefusedError
from hookline.serving.http.worker import Worker

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

JSON = "application/json"
IMAGES = ("image/png", "image/jpeg", "image/webp", "image/bmp", "image/tiff")
"""The types of a request that is a single image."""

WANTED = frozenset({b"content-type", b"content-encoding", b"content-length"})
"""The headers that are read."""


class _DisconnectedError(Exception):
    """The client is gone."""


class Endpoint:
    """Reads rows, and answers with their predictions."""

    def __init__(self, limits: Limits, only_image: str | None):
        """Take the limits, and the name of the input if it is a single image. Set `worker` before the first request."""
        self._limits, self._only_image = limits, only_image
        self._read_json = partial(given_rows, most=limits.rows)
        self.worker: Worker | None = None

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer a request."""
        assert self.worker is not None, "The application has been started."
        try:
            headers = {name: value for name, value in scope["headers"] if name in WANTED}
            read = self._reader(headers)
            answer = await self.worker.predict(read, await self._body(headers, receive))
        except RefusedError as error:
            await send_refusal(send, error)
        except _DisconnectedError:
            return
        else:
            await send_json(send, 200, answer.encode())

    def _reader(self, headers: Mapping[bytes, bytes]) -> Callable[[bytes], GivenRows]:
        """Return the function that reads rows from the body, which follows from the content type."""
        given = headers.get(b"content-type", b"")
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise RefusedError(415, "Send the request without compression.", closes=True)
        kind = given.decode("latin-1").partition(";")[0].strip().lower()
        if kind == JSON:
            return self._read_json
        name = self._only_image
        if kind in IMAGES and name is not None:
            return lambda body: GivenRows([{name: base64.b64encode(body).decode()}], is_single=True)
        also = " or an image, such as image/png" if name is not None else ""
        instead = f", not {json.dumps(kind[:60])}" if kind else ""
        raise RefusedError(415, f'Send JSON{also}, with the header "Content-Type: {JSON}"{instead}.', closes=True)

    async def _body(self, headers: Mapping[bytes, bytes], receive: "Receive") -> bytes:
        """Return the body of a request.

        Raises:
            RefusedError: If it is too large, or does not arrive in time.

        """
        limits = self._limits
        large = f"The request may have {limits.body_bytes:,} bytes at most."
        size = headers.get(b"content-length", b"").decode("latin-1")
        if size.isdecimal() and int(size[:20]) > limits.body_bytes:
            raise RefusedError(413, large, closes=True)
        parts, is_complete = bytearray(), False
        try:
            async with asyncio.timeout(limits.seconds):
                while not is_complete:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _DisconnectedError
                    parts += message.get("body", b"")
                    is_complete = not message.get("more_body", False)
                    if len(parts) > limits.body_bytes:
                        raise RefusedError(413, large, closes=True)
        except TimeoutError:
            message_late = f"The request did not arrive in {limits.seconds:g} seconds."
            raise RefusedError(408, message_late, closes=True) from None
        return bytes(parts)
