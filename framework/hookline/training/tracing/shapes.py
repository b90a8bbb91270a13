"""The shapes of batches, each of which has a trace of its own."""

from collections.abc import Hashable
from typing import TYPE_CHECKING

from attrs import define

from hookline.training.tracing.traced_step import TracedStep, tensors_of

if TYPE_CHECKING:
    from hookline.data.batches import Batch


@define
class OfShape:
    """What is known about the batches of one shape."""

    count: int = 0
    """The number of its batches."""
    seconds: float = float("inf")
    """The shortest time in which the layers computed one."""
    step: TracedStep | None = None
    """The trace."""
    traced_seconds: float = float("inf")
    """The shortest time in which the trace computed one."""
    checks: int = 0
    """The number of batches that both computed, with the same bits."""
    is_ready: bool = False
    """Whether the trace alone computes further batches."""
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
