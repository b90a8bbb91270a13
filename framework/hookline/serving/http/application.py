"""The application: what each path answers."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi_offline import FastAPIOffline

from hookline.serving.http.endpoint import IMAGES, JSON, Endpoint
from hookline.serving.http.guard import PREDICT, Guard
from hookline.serving.http.limits import Limits
from hookline.serving.http.page import page, policy
from hookline.serving.http.worker import Worker
from hookline.serving.schema import one_or_several, prediction_schema, row_schema
from hookline.serving.served import Served

ERRORS: Mapping[str, Mapping[str, Any]] = {
    "400": {"description": "The request is not JSON."},
    "408": {"description": "The request took too long to arrive."},
    "413": {"description": "The request is too large."},
    "415": {"description": "The request has another content type."},
    "422": {"description": "Rows cannot be read: `errors` lists them, each with its row and column."},
    "503": {"description": "Too many requests wait."},
}


def application(
    predictor: Served,
    limits: Limits,
    *,
    hosts: frozenset[str] | None = None,
    begun: Callable[[], int] | None = None,
) -> Guard:
    """Return the ASGI application.

    Args:
        predictor: the run.
        limits: what is accepted.
        hosts: the names of the server that the header `Host` may have, so that no other page can reach it through a
            name of its own. Default: any.
        begun: returns the number of requests that have begun: see `Worker`.

    """
    images = [field.name for field in predictor.fields if field.cell == "image"]
    only_image = images[0] if len(predictor.fields) == 1 and images else None
    endpoint = Endpoint(limits, only_image)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        endpoint.worker = worker = Worker(predictor, limits, begun)
        try:
            yield
        finally:
            worker.stop()

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
    guard = Guard(endpoint, app, limits, hosts)
    schemas = {"row": row_schema(predictor.fields), "prediction": prediction_schema(predictor.outputs)}

    async def health() -> dict[str, Any]:
        """Answer as long as the server accepts requests."""
        return {"status": "ok", "run": predictor.name, "requests": guard.requests}

    async def schema() -> dict[str, Any]:
        """Return JSON Schemas of a row and of its prediction, and an example."""
        return {**schemas, "example": predictor.example}

    async def form() -> HTMLResponse:
        return HTMLResponse(text, headers=protected)

    text = page(predictor, limits)
    protected = {"Content-Security-Policy": policy(text)}
    app.add_api_route("/health", health, tags=["run"])
    app.add_api_route("/schema", schema, tags=["run"])
    app.add_api_route("/", form, include_in_schema=False)
    _describe(app, {"post": _operation(schemas, predictor.example, takes_image=only_image is not None)})
    return guard


def _describe(app: FastAPI, predict: Mapping[str, Any]) -> None:
    """Add the path of predictions to the OpenAPI description: FastAPI does not route it."""
    of_others = app.openapi

    def openapi() -> dict[str, Any]:
        described = of_others()
        return {**described, "paths": {PREDICT: predict, **described["paths"]}}

    app.openapi = openapi  # type: ignore[method-assign]


def _operation(
    schemas: Mapping[str, Mapping[str, Any]], example: Mapping[str, Any] | None, *, takes_image: bool
) -> dict[str, Any]:
    """Return the operation of predictions in OpenAPI."""
    content: dict[str, Any] = {JSON: {"schema": one_or_several(schemas["row"]), **_examples(example)}}
    if takes_image:
        content |= {kind: {"schema": {"type": "string", "format": "binary"}} for kind in IMAGES}
    answer = {JSON: {"schema": one_or_several(schemas["prediction"])}}
    return {
        "tags": ["run"],
        "summary": "Predict",
        "description": "Predict a row, or several: the answer is an object, or a list in the same order.",
        "operationId": "predict",
        "requestBody": {"required": True, "content": content},
        "responses": {"200": {"description": "The predictions.", "content": answer}, **ERRORS},
    }


def _examples(row: Mapping[str, Any] | None) -> dict[str, Any]:
    if row is None:
        return {}
    return {
        "examples": {"row": {"summary": "A row", "value": row}, "rows": {"summary": "Two rows", "value": [row] * 2}}
    }
