"""Random erasing."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_transforms.base import TransformSpec, channel_values, chosen, device_tensor, integers, wrong_channels
from hookline_transforms.resized_crop import ATTEMPTS, log_uniform

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script import Script


@spec
class RandomErasing(TransformSpec):
    """Overwrite a random rectangle of some training images (Zhong et al., 2017, https://arxiv.org/abs/1708.04896).

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.v2.RandomErasing.html
    """

    p: float = option(default=0.5, minimum=0, maximum=1)
    """The probability that an image is changed."""
    scale: tuple[float, ...] = option(default=(0.02, 0.33), above=0, maximum=1)
    """The smallest and the largest part of the area of the image that is overwritten."""
    ratio: tuple[float, ...] = option(default=(0.3, 3.3), above=0)
    """The smallest and the largest ratio of height to width of the rectangle."""
    value: float | tuple[float, ...] | Literal["random"] = option(default=0.0, unbounded=True)
    """The new value: one for all channels, one for each, or "random" for normally distributed numbers."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report invalid ranges."""
        for name in ("scale", "ratio"):
            given = getattr(self, name)
            if len(given) != 2 or given[0] > given[1]:
                yield OptionError(name, "This must be the smallest and the largest value.")

    def numbers(self, shape: tuple[int, ...]) -> int:
        """Return 24: whether, the place, for each attempt the area and the ratio, and what random values begin with."""
        return 4 + 2 * ATTEMPTS

    def shape_after(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the same shape."""
        if self.value != "random" and (wrong := wrong_channels(self.value, shape[0], "value")):
            raise ValueError(wrong)
        return shape

    def eject(self, script: "Script", images: str, numbers: str | None) -> str:
        """Return a call of a function that transforms images; those that are evaluated stay as they are."""
        from hookline_transforms.ejecting.shapes import eject_erasing

        return images if numbers is None else eject_erasing(self, script, images, numbers)

    def transform(self, images: "Tensor", numbers: "NDArray[Any]") -> "Tensor":
        """Overwrite a rectangle of some images."""
        import torch

        height, width = images.shape[-2:]
        top, left, tall, wide = (
            device_tensor(column, images)[:, None] for column in self.rectangles(numbers, height, width).T.copy()
        )
        rows, columns = (torch.arange(size, device=images.device) for size in (height, width))
        is_row = (rows >= top) & (rows < top + tall)
        is_column = (columns >= left) & (columns < left + wide)
        is_erased = (is_row[:, :, None] & is_column[:, None, :])[:, None]
        is_erased &= chosen(numbers[:, 0], self.p, images)[:, None, None, None]
        return torch.where(is_erased, self._values(images, numbers), images)

    def rectangles(self, numbers: "NDArray[Any]", height: int, width: int) -> "NDArray[Any]":
        """Return the rectangle of each image: top, left, height and width, int64 `(N, 4)`.

        The first of ten attempts that fits counts. If none does, the size is 0.
        """
        import numpy

        drawn = numbers[:, 4:]
        areas = height * width * (self.scale[0] + (self.scale[1] - self.scale[0]) * drawn[:, :ATTEMPTS])
        ratios = log_uniform(drawn[:, ATTEMPTS:], self.ratio[0], self.ratio[1])
        heights = numpy.round(numpy.sqrt(areas * ratios)).astype(numpy.int64)
        widths = numpy.round(numpy.sqrt(areas / ratios)).astype(numpy.int64)
        fits = (heights < height) & (widths < width)
        each, attempt = numpy.arange(len(numbers)), fits.argmax(axis=1)
        tall, wide = (
            numpy.where(fits.any(axis=1), sizes[each, attempt], 0).astype(numpy.int64) for sizes in (heights, widths)
        )
        top, left = integers(numbers[:, 1], height - tall + 1), integers(numbers[:, 2], width - wide + 1)
        return numpy.stack([top, left, tall, wide], axis=1)

    def _values(self, images: "Tensor", numbers: "NDArray[Any]") -> "Tensor":
        import numpy

        if self.value != "random":
            return channel_values(self.value, images)
        values = numpy.zeros(images.shape)
        for row in numpy.flatnonzero(numbers[:, 0] < self.p).tolist():
            # Its own generator for each image: the values do not depend on the other images of the batch.
            own = numpy.random.default_rng(int(numbers[row, 3] * 2**53))
            values[row] = own.standard_normal(values.shape[1:])
        return device_tensor(values, images, is_float=True)

    def transform_evaluated(self, images: "Tensor") -> "Tensor":
        """Return the images as they are."""
        return images
