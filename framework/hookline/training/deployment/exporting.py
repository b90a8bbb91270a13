"""The format for which a model is being traced, so that a layer can use operations that the format has."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

Format = Literal["torch", "onnx"]

_FORMAT: ContextVar[Format | None] = ContextVar("format", default=None)


def exporting_to() -> Format | None:
    """Return the format that the model is being traced for; `None` unless it is being traced.

    A layer whose usual code cannot be traced, because its shapes depend on the data, asks for it in `forward`. The
    results must be the same up to rounding: they are compared.
    """
    return _FORMAT.get()


@contextmanager
def exporting(to: Format) -> Iterator[None]:
    """Say that a model is traced for a format inside the context."""
    token = _FORMAT.set(to)
    try:
        yield
    finally:
        _FORMAT.reset(token)
