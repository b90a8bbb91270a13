"""Batches of one shape that are evaluated in one call, and those of a split that are the same in each pass."""

from collections.abc import Callable, Hashable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hookline.data.batches import Batch, Batches
from hookline.data.tensor_batches import TensorBatches, are_in_memory
from hookline.training.tracing.traced_step import tensors_of

if TYPE_CHECKING:
    from torch import Tensor

LARGEST_KEPT = 2**22
"""The largest size in bytes of a split of which a copy is kept."""


class Group:
    """Batches of one shape."""

    def __init__(self, batches: list[Batch], *, are_kept: bool):
        """Take the batches; `are_kept` says that nothing overwrites them before the end of the pass."""
        self.batches, self.are_kept = batches, are_kept

    @cached_property
    def columns(self) -> "list[list[Tensor]]":
        """The tensors of the batches: a list for each tensor of a batch."""
        return list(map(list, zip(*map(tensors_of, self.batches), strict=True)))


def groups_of(batches: Iterator[Batch], most: Callable[[Batch], int], *, are_kept: bool) -> Iterator[Group]:
    """Yield the batches in groups.

    Args:
        batches: the batches. Those that follow one another and have the same number of rows must have one shape.
        most: returns the largest number of batches in the group that begins with a batch.
        are_kept: whether nothing overwrites the batches before the end of the pass.

    """
    batch = next(batches, None)
    while batch is not None:
        group, rows, largest = [batch], batch.rows, most(batch)
        batch = None
        while len(group) < largest and (batch := next(batches, None)) is not None and batch.rows == rows:
            group.append(batch)
            batch = None
        yield Group(group, are_kept=are_kept)
        batch = next(batches, None) if batch is None else batch


class KeptBatches:
    """Views of a copy of a split, in place of the new copy that `TensorBatches.epoch` makes for each pass."""

    def __init__(self, batches: TensorBatches):
        """Copy the rows."""
        self.source, self._layout = batches, _layout_of(batches)
        self._rows = batches.all.changed(lambda tensor: tensor.clone())
        stop, size = min(batches.rows, len(batches) * batches.batch_size), batches.batch_size
        self.batches = [self._rows.slice(start, min(start + size, stop)) for start in range(0, stop, size)]

    def is_of(self, batches: Batches) -> bool:
        """Whether they are those of this split, which has as many rows of the same types as when they were copied."""
        return self.source is batches and can_be_kept(batches) and _layout_of(self.source) == self._layout

    def refresh(self) -> None:
        """Give the batches the values that the rows have now. Layers may have overwritten them."""
        for copy, tensor in zip(tensors_of(self._rows), tensors_of(self.source.all), strict=True):
            copy.copy_(tensor)


def can_be_kept(batches: Batches) -> bool:
    """Whether the batches are the same in each pass, and small."""
    if not are_in_memory(batches):
        return False
    rows: Any = batches
    tensors = tensors_of(rows.all)
    if not rows.is_in_order or rows.all.lengths or any(one.shape[0] != rows.rows for one in tensors):
        return False
    return sum(one.nbytes for one in tensors) <= LARGEST_KEPT


def _layout_of(batches: TensorBatches) -> Hashable:
    """What a copy of a split has in common with it, besides values."""
    rows = batches.all
    tensors = [(type(one), one.shape, one.stride(), one.dtype) for one in tensors_of(rows)]
    return (batches.batch_size, len(batches), *rows.inputs, None, *rows.targets, rows.weights is None, *tensors)
