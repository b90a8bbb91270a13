"""The application: what each path answers."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi_offline import FastAPIOffline

from hookline.serving.guard import Guard
from hookline.serving.json_body import GivenRows, given_rows
from hookline.serving.limits import Limits, RefusedError
from hookline.serving.page import page, policy
from hookline.serving.schema import one_or_several, prediction_schema, row_schema
from hookline.serving.served import Served
from hookline.serving.worker import Worker

JSON = "application/json"
IMAGES = ("image/png", "image/jpeg", "image/webp", "image/bmp", "image/tiff")
"""The types of a request that is a single image."""

ERRORS: Mapping[int | str, dict[str, Any]] = {
    400: {"description": "The request is not JSON."},
    408: {"description": "The request took too long to arrive."},
    413: {"description": "The request is too large."},
    415: {"description": "The request has another content type."},
    422: {"description": "Rows cannot be read: `errors` lists them, each with its row and column."},
    503: {"description": "Too many requests wait."},
}


def application(predictor: Served, limits: Limits, *, hosts: frozenset[str] | None = None) -> Guard:
    """Return the ASGI application.

    Args:
        predictor: the run.
        limits: what is accepted.
        hosts: the names of the server that the header `Host` may have, so that no other page can reach it through a
            name of its own. Default: any.

    """
    workers: list[Worker] = []

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        workers.append(Worker(predictor, limits))
        try:
            yield
        finally:
            workers.pop().stop()

    app = FastAPIOffline(
        docs_url="/docs",
        redoc_url=None,
        title=f"Hookline: {predictor.name}",
        description=predictor.about,
        version="1",
        lifespan=lifespan,
        swagger_ui_parameters={"tryItOutEnabled": True, "defaultModelsExpandDepth": 0},
        favicon_url="data:,",
    )
    guard = Guard(app, limits, hosts)
    images = [field.name for field in predictor.fields if field.cell == "image"]
    only_image = images[0] if len(predictor.fields) == 1 and images else None
    schemas = {"row": row_schema(predictor.fields), "prediction": prediction_schema(predictor.outputs)}

    async def predict(request: Request) -> Response:
        """Predict a row, or several: the answer is an object, or a list in the same order."""
        read = _reader(request, limits.rows, only_image)
        body = await _body(request, limits)
        return Response(await workers[0].predict(read, body), media_type=JSON)

    async def health() -> dict[str, Any]:
        """Answer as long as the server accepts requests."""
        return {"status": "ok", "run": predictor.name, "requests": guard.requests}

    async def schema() -> dict[str, Any]:
        """Return JSON Schemas of a row and of its prediction, and an example."""
        return {**schemas, "example": predictor.example}

    async def form() -> HTMLResponse:
        return HTMLResponse(text, headers=protected)

    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, RefusedError)
        return refusal(error)

    text = page(predictor, limits)
    protected = {"Content-Security-Policy": policy(text)}
    content: dict[str, Any] = {JSON: {"schema": one_or_several(schemas["row"]), **_examples(predictor.example)}}
    if only_image is not None:
        content |= {kind: {"schema": {"type": "string", "format": "binary"}} for kind in IMAGES}
    answer = {JSON: {"schema": one_or_several(schemas["prediction"])}}
    app.add_api_route(
        "/predict",
        predict,
        methods=["POST"],
        tags=["run"],
        openapi_extra={"requestBody": {"required": True, "content": content}},
        responses={200: {"description": "The predictions.", "content": answer}, **ERRORS},
        response_class=JSONResponse,
    )
    app.add_api_route("/health", health, tags=["run"])
    app.add_api_route("/schema", schema, tags=["run"])
    app.add_api_route("/", form, include_in_schema=False)
    app.add_exception_handler(RefusedError, refused)
    return guard


def refusal(error: RefusedError) -> Response:
    """Return the answer to a request that is refused."""
    content: dict[str, Any] = {"detail": error.detail}
    if error.errors:
        content["errors"] = list(error.errors)
    headers = {"Connection": "close"} if error.closes else {}
    if error.status == 503:
        headers["Retry-After"] = "1"
    return JSONResponse(content, error.status, headers)


def _examples(row: Mapping[str, Any] | None) -> dict[str, Any]:
    if row is None:
        return {}
    return {
        "examples": {"row": {"summary": "A row", "value": row}, "rows": {"summary": "Two rows", "value": [row] * 2}}
    }


def _reader(request: Request, rows: int, only_image: str | None) -> Callable[[bytes], GivenRows]:
    """Return the function that reads rows from the body, which follows from the content type."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RefusedError(415, "Send the request without compression.", closes=True)
    if kind == JSON:
        return partial(given_rows, most=rows)
    if kind in IMAGES and only_image is not None:
        return lambda body: GivenRows([{only_image: base64.b64encode(body).decode()}], is_single=True)
    also = " or an image, such as image/png" if only_image is not None else ""
    given = f", not {json.dumps(kind[:60])}" if kind else ""
    raise RefusedError(415, f'Send JSON{also}, with the header "Content-Type: {JSON}"{given}.', closes=True)


async def _body(request: Request, limits: Limits) -> bytes:
    """Return the body of a request.

    Raises:
        RefusedError: If it is too large, or does not arrive in time.

    """
    large = f"The request may have {limits.body_bytes:,} bytes at most."
    size = request.headers.get("content-length", "")
    if size.isdecimal() and int(size[:20]) > limits.body_bytes:
        raise RefusedError(413, large, closes=True)
    parts = bytearray()
    try:
        async with asyncio.timeout(limits.seconds):
            async for part in request.stream():
                parts += part
                if len(parts) > limits.body_bytes:
                    raise RefusedError(413, large, closes=True)
    except TimeoutError:
        raise RefusedError(408, f"The request did not arrive in {limits.seconds:g} seconds.", closes=True) from None
    return bytes(parts)
