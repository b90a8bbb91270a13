"""Batches of images, made from batches of their indices."""

import math
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline import Run
from hookline.data import Batch, Batches, Data, fingerprint_of, in_order
from hookline_data.images.store import ImageStore
from hookline_data.images.transforming.batches import held_bytes
from hookline_data.images.windows import apart, together, windows

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

WHITE = 255
"""The greatest value of a pixel, which becomes 1."""


class ImageBatches:
    """The batches of a split, in which a group of inputs with indices is replaced by the images."""

    def __init__(self, batches: Batches, group: str, store: ImageStore, run: Run, counted_bytes: int = 0):
        """Take batches on the CPU, the name of the group, and the images. `counted_bytes` is their share of memory."""
        self._batches, self._group, self._store, self._run = batches, group, store, run
        self._counted_bytes = counted_bytes

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self._batches.rows

    def __len__(self) -> int:
        """Return the number of batches per epoch."""
        return len(self._batches)  # type: ignore[arg-type] # Without a length, this has none either.

    @property
    def held_bytes(self) -> int:
        """How many bytes the rows take in memory."""
        return held_bytes(self._batches) + self._counted_bytes

    def fingerprint(self) -> str:
        """Return the fingerprint of all rows, with the pixels of the images."""
        rows = indices_of(self._batches, self._group)
        return f"{fingerprint_of(self._batches)} {self._store.fingerprint(rows)}"

    def in_order(self) -> "ImageBatches":
        """Return all rows once, in the order of the source."""
        return ImageBatches(in_order(self._batches), self._group, self._store, self._run, self._counted_bytes)

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, beginning with batch `start`, on the device of the run."""
        waiting: deque[list[Batch]] = deque()

        def indices() -> "Iterator[Tensor]":
            row_bytes = math.prod(self._store.shape) * self._run.dtype.itemsize
            for window in windows(self._batches.epoch(number, start), row_bytes):
                waiting.append(window)
                yield together(window, self._group).reshape(-1)

        for pixels in self._store.batches(indices(), self._run.device):
            window = waiting.popleft()
            for batch, images in zip(window, apart(self._converted(pixels), window), strict=True):
                yield self._batch(batch, images)

    def example(self, batch: Batch) -> Batch:
        """Return an example with images instead of their indices."""
        [pixels] = self._store.batches(iter([batch.inputs[self._group].reshape(-1)]), self._run.device)
        return self._batch(batch, self._converted(pixels))

    def _converted(self, pixels: "Tensor") -> "Tensor":
        return pixels.to(self._run.dtype).div_(WHITE)

    def _batch(self, batch: Batch, images: "Tensor") -> Batch:
        """Return the batch with images, on the device of the run."""
        device = self._run.device
        if device.type != "cpu":
            batch = batch.changed(lambda tensor: tensor.to(device, non_blocking=True))
        return evolve(batch, inputs={**batch.inputs, self._group: images})


def indices_of(batches: Batches, group: str) -> "NDArray[Any]":
    """Return the indices of the images of all rows of a split."""
    rows: Batch = batches.all  # type: ignore[attr-defined]
    indices: NDArray[Any] = rows.inputs[group].reshape(-1).cpu().numpy()
    return indices


def image_data(data: Data, group: str, store: ImageStore, run: Run) -> Data:
    """Return data with images instead of their indices, in one group of inputs.

    Images that fit in memory are moved to the device of the run, so that batches are gathered there.
    """
    if store.is_complete:
        store = evolve(store, kept=store.kept.to(run.device))
    made = {
        split: ImageBatches(batches, group, store, run, store.kept.nbytes if split == "training" else 0)
        for split, batches in data.splits().items()
    }
    return evolve(
        data,
        training=made["training"],
        validation=made.get("validation"),
        test=made.get("test"),
        example=made["training"].example(data.example),
    )
