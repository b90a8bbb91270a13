"""Layers of torch, by topic, and what puts them together."""

from collections.abc import Iterable

from hookline import Spec, hookimpl
from hookline_models import (
    adaptive_pooling,
    attention,
    average_pooling,
    channel_normalization,
    convolution,
    edge_padding,
    embedding,
    folding,
    gates,
    heads,
    linear,
    max_pooling,
    normalization,
    padding,
    pairs,
    parallel,
    power_pooling,
    rectifiers,
    recurrent,
    regularization,
    residual,
    sequence,
    sequential,
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
        *attention.LAYERS,
        *average_pooling.LAYERS,
        *channel_normalization.LAYERS,
        *convolution.LAYERS,
        *edge_padding.LAYERS,
        *embedding.LAYERS,
        *folding.LAYERS,
        *gates.LAYERS,
        *heads.LAYERS,
        *linear.LAYERS,
        *max_pooling.LAYERS,
        *normalization.LAYERS,
        *padding.LAYERS,
        *pairs.LAYERS,
        *parallel.LAYERS,
        *power_pooling.LAYERS,
        *rectifiers.LAYERS,
        *recurrent.LAYERS,
        *regularization.LAYERS,
        *residual.LAYERS,
        *sequence.LAYERS,
        *sequential.LAYERS,
        *shape.LAYERS,
        *shrinkage.LAYERS,
        *shuffling.LAYERS,
        *sigmoids.LAYERS,
        *softmax.LAYERS,
        *transposed_convolution.LAYERS,
        *upsampling.LAYERS,
    )
