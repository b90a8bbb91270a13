"""Layers of torch, by topic, and what puts them together."""

from collections.abc import Iterable

from hookline import Spec, hookimpl
from hookline_models import (
    activation,
    containers,
    convolution,
    linear,
    normalization,
    pooling,
    regularization,
    shape,
)


@hookimpl
def register_specs() -> Iterable[type[Spec]]:
    """All of this plugin's models and layers."""
    return (
        *activation.LAYERS,
        *containers.LAYERS,
        *convolution.LAYERS,
        *linear.LAYERS,
        *normalization.LAYERS,
        *pooling.LAYERS,
        *regularization.LAYERS,
        *shape.LAYERS,
    )
