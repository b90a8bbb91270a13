"""Send answers in JSON as messages of ASGI."""

import json
from typing import TYPE_CHECKING, Any

from hookline.serving.http.limits import RefusedError

if TYPE_CHECKING:
    from starlette.types import Send

Headers = list[tuple[bytes, bytes]]


async def send_json(send: "Send", status: int, body: bytes, headers: Headers | None = None) -> None:
    """Send a body in JSON."""
    own = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": own if headers is None else own + headers})
    await send({"type": "http.response.body", "body": body})


async def send_refusal(send: "Send", error: RefusedError, headers: Headers | None = None) -> None:
    """Send why a request is refused."""
    content: dict[str, Any] = {"detail": error.detail}
    if error.errors:
        content["errors"] = list(error.errors)
    own: Headers = [*(headers or ())]
    if error.closes:
        own.append((b"connection", b"close"))
    if error.status == 503:
        own.append((b"retry-after", b"1"))
    body = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    await send_json(send, error.status, body, own)
