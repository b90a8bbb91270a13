"""The images of a source: decoded in threads, and kept in memory as far as they fit."""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.errors import DataError
from hookline_data.images.image_format import ImageFile, ImageFormat, UnreadableImageError, pillow_warnings

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

MOST_THREADS = 8
"""The largest number of threads that decode images."""
AT_ONCE = 256
"""How many images the threads are given at once."""

CHANGED = "The image has been changed since training began."


@frozen(eq=False)
class ImageStore:
    """Images by index. Those in memory are uint8; the others are decoded whenever they are used."""

    paths: Sequence[ImageFile]
    """The files."""
    format: ImageFormat
    """What they are converted to."""
    shape: tuple[int, int, int]
    """The shape of each: channels, height and width."""
    kept: "Tensor"
    """The first images, uint8 `(K, C, H, W)`."""
    digests: Sequence[bytes]
    """A digest of the pixels of each image; empty for one that cannot be read."""
    sums: "NDArray[Any]"
    """For each image and channel the sum of the pixels and of their squares, int64 `(N, 2, C)`."""

    @property
    def is_complete(self) -> bool:
        """Whether all images are in memory."""
        return len(self.kept) == len(self.paths)

    def statistics(self, indices: "NDArray[Any]") -> tuple[list[float], list[float]]:
        """Return the mean and standard deviation of each channel of these images, scaled to 0 to 1.

        All sums are integers, so the result is exact up to the last rounding. A constant channel has the deviation 1.
        """
        count = len(indices) * self.shape[1] * self.shape[2]
        means, stds = [], []
        for total, squares in self.sums[indices].sum(axis=0).T.tolist():
            variance = count * squares - total * total  # count² times the variance
            means.append(total / (count * 255))
            stds.append(variance**0.5 / (count * 255) if variance else 1.0)
        return means, stds

    def fingerprint(self, indices: "NDArray[Any]") -> str:
        """Return the fingerprint of the pixels of these images, in their order."""
        made = hashlib.sha256(f"{self.shape};".encode())
        for index in indices.tolist():
            made.update(self.digests[index])
        return made.hexdigest()

    def batches(self, batches: "Iterator[Tensor]", device: "torch.device") -> "Iterator[Tensor]":
        """Yield the images of each batch of indices, uint8 `(N, C, H, W)`, decoded ahead in threads if necessary.

        Raises:
            DataError: If a file was changed so that it cannot be decoded any more.

        """
        if self.is_complete:
            yield from (self.kept[indices.to(device, non_blocking=True)] for indices in batches)
            return
        with reading() as submit:
            waiting: list[tuple[Tensor, dict[int, Future[NDArray[Any]]]]] = []
            decoding = 0
            for indices in batches:
                missing = [index for index in indices.tolist() if index >= len(self.kept)]
                waiting.append((indices, {index: submit(self.format.read, self.paths[index]) for index in missing}))
                decoding += len(missing)
                while len(waiting) > 1 and decoding > AT_ONCE:
                    first, futures = waiting.pop(0)
                    decoding -= len(futures)
                    yield self._gathered(first, futures).to(device, non_blocking=True)
            for indices, futures in waiting:
                yield self._gathered(indices, futures).to(device, non_blocking=True)

    def _gathered(self, indices: "Tensor", futures: "dict[int, Future[NDArray[Any]]]") -> "Tensor":
        import torch

        images = torch.empty((len(indices), *self.shape), dtype=torch.uint8)
        for place, index in enumerate(indices.tolist()):
            images[place] = self.kept[index] if index not in futures else self._decoded(index, futures[index])
        return images

    def _decoded(self, index: int, future: "Future[NDArray[Any]]") -> "Tensor":
        import torch

        try:
            image = future.result()
        except UnreadableImageError as error:
            raise DataError(f"{CHANGED} {error}", file=self._path(index)) from None
        if image.shape != self.shape:
            raise DataError(CHANGED, file=self._path(index))
        return torch.from_numpy(image)

    def _path(self, index: int) -> Path | None:
        """Return the path of a file that is on disk; one in memory cannot change."""
        file = self.paths[index]
        return file if isinstance(file, Path) else None


class ImageReader:
    """Decodes images once, and keeps the first ones in memory, up to a number of bytes.

    So every image that cannot be read is known before training begins. Without a fixed size, all images must have the
    size of the first one that can be read, or the given shape.
    """

    def __init__(self, image_format: ImageFormat, memory: float, shape: tuple[int, ...] | None = None):
        """Start without images."""
        self._format = image_format
        self._left = memory
        self._shape = shape
        if image_format.size is not None:
            self._shape = (image_format.channels, *image_format.size)
        self._first: str | None = None
        self._paths: list[ImageFile] = []
        self._parts: list[NDArray[Any]] = []
        self._digests: list[bytes] = []
        self._sums: list[NDArray[Any]] = []
        self._keeps = True

    def __len__(self) -> int:
        """The number of images."""
        return len(self._paths)

    def add(self, paths: Sequence[ImageFile]) -> dict[int, str]:
        """Decode more images, and return what is wrong with those that cannot be read, by index in `paths`."""
        import numpy

        wrong: dict[int, str] = {}
        kept: NDArray[Any] | None = None
        sums = numpy.zeros((len(paths), 2, self._format.channels), dtype=numpy.int64)
        self._sums.append(sums)
        for index, image in enumerate(_images(paths, self._format)):
            problem = str(image) if isinstance(image, UnreadableImageError) else self._problem(image, paths[index])
            if problem is not None:
                wrong[index] = problem
                self._digests.append(b"")
                continue
            assert not isinstance(image, UnreadableImageError)
            if kept is None:
                # Memory that is never written is never used, so an image that cannot be read costs none.
                count = min(len(paths), int(self._left // image.nbytes)) if self._keeps else 0
                kept = numpy.zeros((count, *image.shape), dtype=numpy.uint8)
                self._left -= kept.nbytes
            if index < len(kept):
                kept[index] = image
            self._digests.append(hashlib.sha256(image.data).digest())
            wide = image.reshape(len(image), -1).astype(numpy.uint32)
            sums[index] = wide.sum(axis=1, dtype=numpy.int64), (wide * wide).sum(axis=1, dtype=numpy.int64)
        self._paths += paths
        if self._keeps and kept is not None:
            self._parts.append(kept)
        self._keeps &= kept is not None and len(kept) == len(paths)
        return wrong

    def store(self) -> ImageStore:
        """Return all images."""
        import numpy
        import torch

        channels, height, width = self._shape or (self._format.channels, 0, 0)
        kept = [torch.from_numpy(part) for part in self._parts]
        return ImageStore(
            paths=self._paths,
            format=self._format,
            shape=(channels, height, width),
            kept=kept[0] if len(kept) == 1 else torch.cat([torch.empty(0, channels, height, width).byte(), *kept]),
            digests=self._digests,
            sums=numpy.concatenate(self._sums),
        )

    def _problem(self, image: "NDArray[Any]", path: ImageFile) -> str | None:
        """Return what is wrong with the shape of an image; `None` if nothing is."""
        if self._shape is None:
            self._shape, self._first = image.shape, path.name if isinstance(path, Path) else None
        if image.shape == self._shape:
            return None
        than = "in training" if self._first is None else f'"{self._first}"'
        return (
            f"It has {image.shape[1]} × {image.shape[2]} pixels, not {self._shape[1]} × {self._shape[2]} as {than}. "
            "Set `size`, to which all images are resized."
        )


def _images(paths: Sequence[ImageFile], image_format: ImageFormat) -> "Iterator[NDArray[Any] | UnreadableImageError]":
    """Yield each image, or why it cannot be read, in order."""
    with pillow_warnings(), reading() as submit:
        for start in range(0, len(paths), AT_ONCE):
            for future in [submit(image_format.read, path) for path in paths[start : start + AT_ONCE]]:
                error = future.exception()
                if error is not None and not isinstance(error, UnreadableImageError):
                    raise error
                yield future.result() if error is None else error


@contextmanager
def reading() -> "Iterator[Callable[..., Future[NDArray[Any]]]]":
    """Provide a function that reads an image in a thread. Pillow releases Python's lock while it decodes."""
    threads = min(
        MOST_THREADS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    pool = ThreadPoolExecutor(threads, "hookline-images")
    try:
        yield pool.submit
    finally:
        pool.shutdown(cancel_futures=True)
