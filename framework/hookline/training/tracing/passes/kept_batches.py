"""The batches of a split that are the same in each pass, and of which a copy is kept."""

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING, Any

from hookline.data.batches import Batch, Batches
from hookline.data.tensor_batches import TensorBatches, are_in_memory

if TYPE_CHECKING:
    from torch import Tensor

LARGEST = 2**22
"""The largest size in bytes of a split of which a copy is kept."""


class KeptBatches:
    """Views of a copy of a split, in place of the new copy that `TensorBatches.epoch` makes for each pass."""

    def __init__(self, batches: TensorBatches):
        """Copy the rows."""
        self._source, self._layout = batches, _layout_of(batches, _tensors_of(batches.all))
        rows = batches.all.changed(lambda tensor: tensor.clone())
        self._copies: list[Tensor] = _tensors_of(rows)
        stop, size = min(batches.rows, len(batches) * batches.batch_size), batches.batch_size
        self.batches: list[Batch] = [rows.slice(start, min(start + size, stop)) for start in range(0, stop, size)]

    def is_refreshed(self, batches: Batches) -> bool:
        """Give the batches the values that the rows of this split have now. Layers may have overwritten them.

        The answer is whether they are those of this split, which has as many rows of the same types as when they were
        copied.
        """
        source = self._source
        if batches is not source or not are_in_memory(batches) or not source.is_in_order:
            return False
        tensors = _tensors_of(source.all)
        if _layout_of(source, tensors) != self._layout:
            return False
        for copy, tensor in zip(self._copies, tensors, strict=True):
            copy.copy_(tensor)
        return True


def kept_batches(batches: Batches) -> KeptBatches | None:
    """Keep a copy of a split, if its batches are the same in each pass, and small; otherwise return `None`."""
    if not are_in_memory(batches):
        return None
    rows: Any = batches
    tensors = _tensors_of(rows.all)
    if not rows.is_in_order or rows.all.lengths or any(one.shape[0] != rows.rows for one in tensors):
        return None
    return KeptBatches(rows) if sum(one.nbytes for one in tensors) <= LARGEST else None


def _layout_of(batches: TensorBatches, tensors: "Sequence[Tensor]") -> Hashable:
    """What a copy of a split has in common with it, besides values."""
    rows = batches.all
    kinds = [(type(one), one.shape, one.stride(), one.dtype) for one in tensors]
    names = (*rows.inputs, None, *rows.targets, None, *rows.lengths)
    return batches.batch_size, len(batches), names, rows.weights is None, *kinds


def _tensors_of(rows: Batch) -> "list[Tensor]":
    tensors = [*rows.inputs.values(), *rows.targets.values(), *rows.lengths.values()]
    return tensors if rows.weights is None else [*tensors, rows.weights]
