"""The batches of a split that are the same in each pass, without new tensors for each pass."""

from typing import TYPE_CHECKING

from hookline.data.batches import Batch, Batches, TensorBatches

if TYPE_CHECKING:
    from torch import Tensor

LARGEST = 2**22
"""The largest size of a split in bytes of which a copy is kept."""


class KeptBatches:
    """Views of a copy of a split, as `TensorBatches.epoch` makes them for each pass."""

    def __init__(self, batches: TensorBatches):
        """Copy the rows."""
        self.source = batches
        self._rows = batches.all.changed(lambda tensor: tensor.clone())
        stop = min(batches.rows, len(batches) * batches.batch_size)
        size = batches.batch_size
        self._batches = [self._rows.slice(start, min(start + size, stop)) for start in range(0, stop, size)]

    def refreshed(self) -> list[Batch]:
        """Return the batches, with the values that the rows have now."""
        for copy, tensor in zip(_tensors(self._rows), _tensors(self.source.all), strict=True):
            copy.copy_(tensor)
        return self._batches


def can_be_kept(batches: Batches) -> bool:
    """Whether the batches are the same in each pass, and small."""
    if type(batches) is not TensorBatches or not batches.is_in_order:
        return False
    return sum(tensor.nbytes for tensor in _tensors(batches.all)) <= LARGEST


def _tensors(rows: Batch) -> "list[Tensor]":
    weights = [] if rows.weights is None else [rows.weights]
    return [*rows.inputs.values(), *rows.targets.values(), *rows.lengths.values(), *weights]
