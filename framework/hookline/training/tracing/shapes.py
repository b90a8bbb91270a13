"""The shapes of batches, each of which has a trace of its own."""

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, TypeVar

from hookline.plugins.traced_steps import TracedSteps
from hookline.training.tracing.comparison import Comparison
from hookline.training.tracing.traced_step import TracedStep, tensors_of
from hookline.training.tracing.updates.update import TracedUpdates

if TYPE_CHECKING:
    from hookline.data.batches import Batch

MOST_SHAPES = 32
"""The largest number of shapes: memory must not grow with the steps. The layers compute batches of further shapes."""

Known = TypeVar("Known")
"""What is known about the batches of a shape."""


class OfShape:
    """What is known about the batches of one shape."""

    def __init__(self, count: int = 0, *, is_left: bool = False):
        """Begin without a trace.

        Args:
            count: the number of its batches so far.
            is_left: whether the layers compute all further batches.

        """
        self.count, self.is_left = count, is_left
        self.step: TracedStep | None = None
        """The trace of the gradients."""
        self.gradients = Comparison()
        """How it compares with the layers."""
        self.updates: TracedUpdates | None = None
        """The trace of steps with their updates. While there is one, that of the gradients alone is not used."""

    @property
    def ready(self) -> TracedUpdates | None:
        """The trace of the updates, if steps are made by it alone."""
        return self.updates if self.updates is not None and self.updates.comparison.is_passed else None


def why_not_batch(batch: "Batch") -> str | None:
    """Say why such a batch is not traced; `None` if it may be."""
    if batch.lengths:  # How many steps of a sequence are computed depends on the values of the lengths.
        return "the inputs are sequences with lengths"
    tensors = tensors_of(batch)
    if len({id(tensor) for tensor in tensors}) < len(tensors):
        return "two groups of a batch are the same tensor"
    for one in tensors:
        if one.requires_grad:
            return "the rows of a batch need gradients"
        if type(one).__module__ != "torch":  # Its methods may do anything.
            return f"the rows of a batch are of type {type(one).__name__}"
    return None


def shape_of(batch: "Batch") -> Hashable:
    """Return what a trace of a batch depends on, besides values; `None` if such batches are not traced."""
    if why_not_batch(batch) is not None:
        return None
    tensors = tensors_of(batch)
    return (
        *batch.inputs,
        len(batch.targets),
        *batch.targets,
        batch.weights is None,
        *((type(one), one.shape, one.dtype, one.stride()) for one in tensors),
    )


class Shapes(dict[Hashable, Known]):
    """What is known about each shape, by what `shape_of` returns."""

    def __init__(self, new: Callable[..., Known], report: TracedSteps):
        """Begin without shapes.

        Args:
            new: makes what is known about a shape at first, with `is_left=True` if the layers compute its batches.
            report: counts what is traced, and keeps the reasons why other batches are not.

        """
        super().__init__()
        self._new, self._report = new, report
        self._others = new(is_left=True)

    def of(self, batch: "Batch") -> Known:
        """Return what is known about the shape of a batch, which is added if it is new."""
        key = shape_of(batch)
        known = self.get(key)
        if known is None and len(self) >= MOST_SHAPES:
            self._report.add_reason("there are too many shapes of batches")
            return self._others
        if known is None:
            known = self[key] = self._new(is_left=key is None)
            if key is None:
                self._report.add_reason(str(why_not_batch(batch)))
        return known
