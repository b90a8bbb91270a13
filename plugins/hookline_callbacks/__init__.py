"""Callbacks: wrappers around stages, each in a file of its own."""

from collections.abc import Iterable

from hookline import Spec, hookimpl
from hookline_callbacks.early_stopping import EarlyStopping
from hookline_callbacks.gradient_clipping import GradientClipping
from hookline_callbacks.progress import Progress


@hookimpl
def register_specs() -> Iterable[type[Spec]]:
    """All of this plugin's callbacks."""
    return (EarlyStopping, GradientClipping, Progress)
