"""A pool of rows: tensors that are filled with one batch after the other."""

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from hookline.data import Batch

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    Key = tuple[str, str]
    """The kind of a tensor of a batch, and its name."""

PADDING = {"targets": -1}
"""The numbers that pad sequences, by the kind of the tensor, if it is not 0."""


class Pool:
    """Some rows on a device. Its tensors are used again after `clear`, so that memory does not grow."""

    def __init__(self, size: int, device: "torch.device", dtype: "torch.dtype"):
        """Begin without rows. `size` is the largest number of rows, and `dtype` the type of floating-point tensors."""
        self._size, self._device, self._dtype = size, device, dtype
        self._held: dict[Key, Tensor] = {}
        self._shapes: dict[Key, tuple[int, ...]] = {}
        self.rows = 0
        """The number of rows."""

    @property
    def is_full(self) -> bool:
        """Whether there is no place for another row."""
        return self.rows == self._size

    def clear(self) -> None:
        """Remove all rows; batches that were made of them become invalid."""
        self.rows = 0
        self._shapes = {}

    def add(self, batch: Batch) -> Batch | None:
        """Copy rows, as many as there is place for, and return the others; `None` if there are none."""
        taken = min(batch.rows, self._size - self.rows)
        for key, tensor in tensors_of(batch):
            shape = tuple(tensor.shape[1:])
            self._shapes[key] = tuple(map(max, self._shapes.get(key, shape), shape))
            rows = self._tensor(key, tensor)[self.rows : self.rows + taken]
            if rows.shape[1:] != shape:
                rows.fill_(PADDING.get(key[0], 0))
            rows[(slice(None), *map(slice, shape))] = tensor[:taken].to(rows.dtype)
        self.rows += taken
        return batch.slice(taken, batch.rows) if taken < batch.rows else None

    def batch(self) -> Batch:
        """Return all rows, without a copy. Sequences have the length of the longest one."""
        made: dict[str, dict[str, Tensor]] = {"inputs": {}, "targets": {}, "lengths": {}, "weights": {}}
        for (kind, name), shape in self._shapes.items():
            made[kind][name] = self._held[kind, name][(slice(self.rows), *map(slice, shape))]
        return Batch(made["inputs"], made["targets"], made["lengths"], made["weights"].get(""))

    def _tensor(self, key: "Key", like: "Tensor") -> "Tensor":
        """Return the tensor for these rows, which is made anew if it is too small."""
        import torch

        shape, held = self._shapes[key], self._held.get(key)
        if held is not None and all(own <= size for own, size in zip(shape, held.shape[1:], strict=True)):
            return held
        dtype = self._dtype if like.is_floating_point() else like.dtype
        made = torch.full((self._size, *shape), PADDING.get(key[0], 0), dtype=dtype, device=self._device)
        if held is not None:
            made[(slice(self.rows), *map(slice, held.shape[1:]))] = held[: self.rows]
        self._held[key] = made
        return made


def tensors_of(batch: Batch) -> "Iterator[tuple[Key, Tensor]]":
    """Yield the tensors of a batch, each with its kind and its name."""
    groups: Mapping[str, Mapping[str, Tensor]] = {
        "inputs": batch.inputs,
        "targets": batch.targets,
        "lengths": batch.lengths,
    }
    for kind, group in groups.items():
        for name, tensor in group.items():
            yield (kind, name), tensor
    if batch.weights is not None:
        yield ("weights", ""), batch.weights


def bytes_of(batch: Batch) -> int:
    """Return how many bytes the rows of a batch take."""
    return sum(tensor.nbytes for _, tensor in tensors_of(batch))


def together(batches: Collection[Batch], dtype: "torch.dtype") -> Batch:
    """Return the rows of all batches on the CPU, with sequences padded to the longest one."""
    import torch

    pool = Pool(sum(batch.rows for batch in batches), torch.device("cpu"), dtype)
    for batch in batches:
        pool.add(batch)
    return pool.batch()
