"""The shapes of batches, each of which has a trace of its own."""

from collections.abc import Hashable
from typing import TYPE_CHECKING

from attrs import define, field

from hookline.training.tracing.comparison import Comparison
from hookline.training.tracing.traced_step import TracedStep, tensors_of
from hookline.training.tracing.update import TracedUpdates

if TYPE_CHECKING:
    from hookline.data.batches import Batch


@define
class OfShape:
    """What is known about the batches of one shape."""

    count: int = 0
    """The number of its batches."""
    step: TracedStep | None = None
    """The trace of the gradients."""
    gradients: Comparison = field(factory=Comparison)
    """How it compares with the layers."""
    updates: TracedUpdates | None = None
    """The trace of steps with their updates. While there is one, that of the gradients alone is not used."""
    is_left: bool = False
    """Whether the layers compute all further batches."""


def shape_of(batch: "Batch") -> Hashable:
    """Return what a trace of a batch depends on, besides values; `None` if such batches are not traced."""
    if batch.lengths:
        return None  # How many steps of a sequence are computed depends on the values of the lengths.
    tensors = tensors_of(batch)
    if len({id(tensor) for tensor in tensors}) < len(tensors):
        return None
    return (
        *batch.inputs,
        len(batch.targets),
        *batch.targets,
        batch.weights is None,
        *((type(one), one.shape, one.dtype, one.stride(), one.requires_grad) for one in tensors),
    )
