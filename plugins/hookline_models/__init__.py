"""Layers of torch, by topic, and what puts them together."""

from collections.abc import Iterable

from hookline import Spec, hookimpl
from hookline_models import (
    adaptive_pooling,
    average_pooling,
    channel_normalization,
    containers,
    convolution,
    edge_padding,
    folding,
    gates,
    linear,
    max_pooling,
    normalization,
    padding,
    power_pooling,
    rectifiers,
    regularization,
    shape,
    shrinkage,
    shuffling,
    sigmoids,
    softmax,
    transposed_convolution,
    upsampling,
)


@hookimpl
def register_specs() -> Iterable[type[Spec]]:
    """All of this plugin's models and layers."""
    return (
        *adaptive_pooling.LAYERS,
        *average_pooling.LAYERS,
        *channel_normalization.LAYERS,
        *containers.LAYERS,
        *convolution.LAYERS,
        *edge_padding.LAYERS,
        *folding.LAYERS,
        *gates.LAYERS,
        *linear.LAYERS,
        *max_pooling.LAYERS,
        *normalization.LAYERS,
        *padding.LAYERS,
        *power_pooling.LAYERS,
        *rectifiers.LAYERS,
        *regularization.LAYERS,
        *shape.LAYERS,
        *shrinkage.LAYERS,
        *shuffling.LAYERS,
        *sigmoids.LAYERS,
        *softmax.LAYERS,
        *transposed_convolution.LAYERS,
        *upsampling.LAYERS,
    )
