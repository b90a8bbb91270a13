"""Memory for the rows of an epoch: those of one epoch after the other are gathered into it."""

from operator import attrgetter, is_
from typing import TYPE_CHECKING, Any

from hookline.data.batches import Batch
from hookline.data.tensor_batches import TensorBatches, are_in_memory, has_usual_strides

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

LAYOUT = attrgetter("__class__", "shape", "dtype", "requires_grad")

MOST_ORDERS = 8
"""The largest number of epochs whose orders are computed at once: NumPy needs a third of the time for further ones."""

LARGEST = 2**15
"""The largest number of row numbers in orders that are computed at once."""


class KeptRows:
    """The batches of an epoch in memory that is kept, in place of the new tensors that `TensorBatches.epoch` makes.

    `gather` overwrites them. Use them only where nothing keeps a tensor of an earlier epoch.
    """

    def __init__(self, batches: TensorBatches):
        """Make the memory.

        Raises:
            ValueError: If the bytes of rows cannot be copied one row after the other, or if batches have lengths.

        """
        rows, count, size = batches.all, batches.batched_rows, batches.batch_size
        self._source, self._attributes, self._count = batches, list(vars(batches).values()), count
        self._names, self._tensors = _names_of(rows), _tensors_of(rows)
        self._layout = _layout_of(self._tensors)
        if rows.lengths or not all(_is_plain(one, batches.rows) for one in self._tensors):
            raise ValueError("Only plain tensors without lengths can be gathered into memory that is kept.")
        kept = rows.changed(lambda tensor: tensor.new_empty((count, *tensor.shape[1:])))
        self._arrays = [*zip(map(_bytes_of, self._tensors), map(_bytes_of, _tensors_of(kept)), strict=True)]
        self._orders: dict[int, NDArray[Any]] = {}
        """The orders of further epochs."""
        self.batches = [kept.slice(start, min(start + size, count)) for start in range(0, count, size)]
        """The batches of the epoch that was gathered last."""

    def are_of(self, batches: TensorBatches) -> bool:
        """Whether they are the rows of these batches, with the same tensors and sizes as before."""
        rows = batches.all
        tensors, attributes = _tensors_of(rows), vars(batches)
        return (
            self._source is batches
            and are_in_memory(batches)
            and len(attributes) == len(self._attributes)  # A plugin may add a method, such as another `order`.
            and all(map(is_, attributes.values(), self._attributes))
            and batches.batched_rows == self._count  # A sampler may draw another number of rows.
            and _names_of(rows) == self._names
            and all(map(is_, tensors, self._tensors))
            and _layout_of(tensors) == self._layout
        )

    def gather(self, epoch: int) -> None:
        """Copy the rows of an epoch to the batches."""
        if self._source.is_in_order:
            for rows, own in self._arrays:
                own[...] = rows[: len(own)]
            return
        order = self._orders.pop(epoch, None)
        if order is None:
            self._orders = self._following_orders(epoch)
            order = self._orders.pop(epoch)
        for rows, own in self._arrays:
            # NumPy gathers few rows in a fifth of the time of torch; with "clip", it needs no other memory for them.
            rows.take(order, 0, own, "clip")

    def _following_orders(self, epoch: int) -> "dict[int, NDArray[Any]]":
        """The orders of an epoch and of some further ones, unless a sampler may change between them."""
        source: Any = self._source
        count = min(MOST_ORDERS, LARGEST // source.rows_per_epoch) if source.sampler is None else 1
        stop = source.batched_rows
        return {number: source.order(number).numpy()[:stop] for number in range(epoch, epoch + max(1, count))}


def _names_of(rows: Batch) -> list[Any]:
    return [*rows.inputs, None, *rows.targets, rows.weights is None]


def _tensors_of(rows: Batch) -> "list[Tensor]":
    tensors = [*rows.inputs.values(), *rows.targets.values()]
    return tensors if rows.weights is None else [*tensors, rows.weights]


def _layout_of(tensors: "list[Tensor]") -> list[Any]:
    import torch

    return [*map(LAYOUT, tensors), *map(torch.Tensor.stride, tensors), *map(torch.Tensor.data_ptr, tensors)]


def _is_plain(tensor: "Tensor", rows: int) -> bool:
    """Whether the bytes of a tensor are its values, one row after the other."""
    import torch

    is_simple = type(tensor) is torch.Tensor and tensor.layout == torch.strided and not tensor.requires_grad
    is_own = tensor.is_cpu and not (tensor.is_conj() or tensor.is_neg() or tensor.is_quantized)
    return is_simple and is_own and has_usual_strides(tensor) and tensor.shape[0] == rows and tensor.nbytes > 0


def _bytes_of(tensor: "Tensor") -> "NDArray[Any]":
    """Return the memory of a tensor, `(rows, bytes)`."""
    import torch

    return tensor.reshape(len(tensor), -1).view(torch.uint8).numpy()
