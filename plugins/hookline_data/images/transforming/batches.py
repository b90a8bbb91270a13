"""Batches whose images are transformed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline import Run
from hookline.data import Batch, Batches, Data, fingerprint_of, in_order
from hookline.errors import MismatchError
from hookline.spec import TransformSpec, plain
from hookline_data.images.transforming.new_rows import SHAPE, TRANSFORMS, evaluated
from hookline_data.images.transforming.random_numbers import uniform_numbers
from hookline_data.images.windows import apart, bytes_of_row, together, windows

if TYPE_CHECKING:
    from torch import Tensor

DIMENSIONS = 3
"""The number of dimensions of an image: channels, height and width."""
Statistics = tuple[Sequence[float], Sequence[float]]
"""The mean and standard deviation of each channel."""


def transformed_data(
    data: Data,
    transforms: Sequence[TransformSpec],
    run: Run,
    batch_size: int,
    known: "Mapping[str, Statistics] | None" = None,
) -> Data:
    """Return data whose batches are transformed.

    Args:
        data: The data, with floating-point images `(N, C, H, W)` in some groups of inputs.
        transforms: The transforms, in their order.
        run: The run, which has the seed.
        batch_size: The number of rows in a batch.
        known: The statistics of groups of inputs over the training images, if they are known.

    Raises:
        MismatchError: If there are no images, or if a transform does not take them.

    """
    shapes = {
        name: tuple(rows.shape[1:])
        for name, rows in data.example.inputs.items()
        if rows.dim() == 1 + DIMENSIONS and rows.is_floating_point() and name not in data.example.lengths
    }
    if not shapes:
        kinds = [f'{list(rows.shape[1:])} of "{name}"' for name, rows in data.example.inputs.items()]
        message = (
            f"Transforms take images of the shape [channels, height, width], but a row has the shape "
            f"{' and '.join(kinds)}. Set `shape`, such as `shape = [1, 8, 8]`."
        )
        raise MismatchError(message, ("data", "transforms"))
    complete = {name: _complete(name, transforms, data, known or {}) for name in shapes}
    for name, several in complete.items():
        _refuse_unfit(several, shapes[name])
    batches = {
        split: TransformedBatches(
            split_batches,
            complete,
            batch_size=batch_size,
            seed=run.seed if split == "training" else None,
            row_bytes=sum(bytes_of_row(data.example.inputs[name]) for name in shapes),
        )
        for split, split_batches in data.splits().items()
    }
    preparation = dict(data.preparation)
    for name, several in complete.items():
        preparation[name] = {
            **preparation.get(name, {}),
            SHAPE: list(shapes[name]),
            TRANSFORMS: [plain(transform, _here()) for transform in several],
        }
    example = evaluated(data.example, complete)
    return evolve(
        data,
        training=batches["training"],
        validation=batches.get("validation"),
        test=batches.get("test"),
        example=example,
        preparation=preparation,
    )


class TransformedBatches:
    """The batches of a split with transformed images."""

    def __init__(
        self,
        batches: Batches,
        transforms: Mapping[str, Sequence[TransformSpec]],
        *,
        batch_size: int,
        seed: int | None,
        row_bytes: int,
    ):
        """Take the batches, and the transforms of each group of images. With a `seed`, they are training batches.

        `row_bytes` is the size of the images of a row.
        """
        self.original = batches
        """The batches without transforms."""
        self._transforms = transforms
        self._batch_size = batch_size
        self._seed = seed
        self._row_bytes = row_bytes

    @property
    def rows(self) -> int:
        """The number of rows."""
        return self.original.rows

    def __len__(self) -> int:
        """Return the number of batches per epoch."""
        return len(self.original)  # type: ignore[arg-type] # Without a length, this has none either.

    @property
    def held_bytes(self) -> int:
        """How many bytes the rows take in memory."""
        return held_bytes(self.original)

    def fingerprint(self) -> str:
        """Return the fingerprint of the rows before the transforms, which are options of the spec."""
        known = fingerprint_of(self.original)
        assert known is not None  # The sources that this plugin transforms hold their rows, or have a fingerprint.
        return known

    def in_order(self) -> "TransformedBatches":
        """Return all rows once, with the transforms of new images and without random ones."""
        return TransformedBatches(
            in_order(self.original),
            self._transforms,
            batch_size=self._batch_size,
            seed=None,
            row_bytes=self._row_bytes,
        )

    def epoch(self, number: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch, beginning with batch `start`."""
        position = start * self._batch_size
        for window in windows(self.original.epoch(number, start), self._row_bytes):
            made = {
                name: apart(self._images(together(window, name), group, transforms, number, position), window)
                for group, (name, transforms) in enumerate(self._transforms.items())
            }
            for index, batch in enumerate(window):
                position += batch.rows
                yield evolve(batch, inputs={**batch.inputs, **{name: parts[index] for name, parts in made.items()}})

    def _images(
        self, images: "Tensor", group: int, transforms: Sequence[TransformSpec], epoch: int, position: int
    ) -> "Tensor":
        """Transform the images of a group that begin at a position of an epoch."""
        for index, transform in enumerate(transforms):
            if self._seed is None:
                images = transform.transform_evaluated(images)
            else:
                numbers = transform.numbers(tuple(images.shape[1:]))
                drawn = uniform_numbers(self._seed, epoch, (group, index), position, len(images), numbers)
                images = transform.transform(images, drawn)
        return images


def held_bytes(batches: Batches) -> int:
    """Return how many bytes the rows of a split take in memory."""
    rows: Batch | None = getattr(batches, "all", None)
    if rows is None:
        return int(getattr(batches, "held_bytes", 0))
    return sum(tensor.nbytes for group in (rows.inputs, rows.targets, rows.lengths) for tensor in group.values())


def _complete(
    name: str, transforms: Sequence[TransformSpec], data: Data, known: Mapping[str, Statistics]
) -> list[TransformSpec]:
    """Return the transforms, with the statistics of the training images for those that need them."""
    if not any(transform.needs_statistics for transform in transforms):
        return list(transforms)
    mean, std = known[name] if name in known else _statistics(data.training, name)
    return [transform.with_statistics(mean, std) for transform in transforms]


def _statistics(batches: Batches, name: str) -> Statistics:
    """Return the mean and standard deviation of each channel over all rows in memory, in float64."""
    import numpy

    images: Tensor = batches.all.inputs[name]  # type: ignore[attr-defined]
    count = images[:, 0].numel()
    channels = range(images.shape[1])
    # One channel at a time: the copy in float64 is then smaller than the images.
    columns = (images[:, channel].cpu().numpy().astype(numpy.float64).ravel() for channel in channels)
    found = [(column.mean(), column.std(), column.min() == column.max()) for column in columns] if count else []
    return [float(mean) for mean, _, _ in found], [1.0 if flat or not std else float(std) for _, std, flat in found]


def _refuse_unfit(transforms: Sequence[TransformSpec], shape: tuple[int, ...]) -> None:
    for index, transform in enumerate(transforms):
        try:
            shape = transform.shape_after(shape)
        except ValueError as error:
            raise MismatchError(str(error), ("data", "transforms", index)) from None


def _here() -> Any:
    from pathlib import Path

    return Path()  # Transforms have no paths.
