"""Crops of random sizes, resized to one size."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_transforms.base import (
    TransformSpec,
    integers,
    pair,
    wrong_pair,
)
from hookline_transforms.crop import center

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script import Script

ATTEMPTS = 10
"""How often RandomResizedCrop and RandomErasing draw a rectangle until one fits, as in torchvision."""


@spec
class RandomResizedCrop(TransformSpec):
    """Crop a random part of training images, and resize it. Of other images, the largest part in the center with the
    proportions of `size` is resized.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.v2.RandomResizedCrop.html
    """

    size: int | tuple[int, ...] = option(minimum=1)
    """Height and width of the result, or one number for both."""
    scale: tuple[float, ...] = option(default=(0.08, 1.0), above=0, maximum=1)
    """The smallest and the largest part of the area of the image."""
    ratio: tuple[float, ...] = option(default=(3 / 4, 4 / 3), above=0)
    """The smallest and the largest ratio of width to height of the crop."""
    interpolation: Literal["nearest", "bilinear", "bicubic"] = "bilinear"
    """How to compute the pixels of the result."""
    antialias: bool = True
    """Average pixels where the crop is reduced. Without effect for "nearest"."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report invalid ranges."""
        yield from wrong_pair("size", self.size, "the height and the width")
        for name in ("scale", "ratio"):
            given = getattr(self, name)
            if len(given) != 2 or given[0] > given[1]:
                yield OptionError(name, "This must be the smallest and the largest value.")

    def numbers(self, shape: tuple[int, ...]) -> int:
        """Return 22: the place, and for each attempt the area and the ratio."""
        return 2 + 2 * ATTEMPTS

    def shape_after(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the result."""
        return (shape[0], *pair(self.size))

    def eject(self, script: "Script", images: str, numbers: str | None) -> str:
        """Return a call of a function that crops and resizes images, or their center."""
        from hookline_transforms.ejecting.crops import eject_resized_crop

        return eject_resized_crop(self, script, images, numbers)

    def transform(self, images: "Tensor", numbers: "NDArray[Any]") -> "Tensor":
        """Crop each image at its own place, and resize the crops one by one, since they differ in size."""
        import torch

        rectangles = self.rectangles(numbers, *images.shape[-2:])
        return torch.cat(
            [
                self._resized(image[None, :, top : top + height, left : left + width])
                for image, (top, left, height, width) in zip(images, rectangles.tolist(), strict=True)
            ]
        )

    def rectangles(self, numbers: "NDArray[Any]", height: int, width: int) -> "NDArray[Any]":
        """Return the crop of each image: top, left, height and width, int64 `(N, 4)`.

        The first of ten attempts that fits counts. If none does, it is the largest crop in the center whose ratio is
        allowed.
        """
        import numpy

        areas = height * width * (self.scale[0] + (self.scale[1] - self.scale[0]) * numbers[:, 2 : 2 + ATTEMPTS])
        ratios = log_uniform(numbers[:, 2 + ATTEMPTS :], self.ratio[0], self.ratio[1])
        widths = numpy.round(numpy.sqrt(areas * ratios)).astype(numpy.int64)
        heights = numpy.round(numpy.sqrt(areas / ratios)).astype(numpy.int64)
        fits = (widths > 0) & (widths <= width) & (heights > 0) & (heights <= height)
        each, attempt = numpy.arange(len(numbers)), fits.argmax(axis=1)
        sizes = numpy.stack([heights[each, attempt], widths[each, attempt]], axis=1)
        places = numpy.stack(
            [integers(numbers[:, 0], height - sizes[:, 0] + 1), integers(numbers[:, 1], width - sizes[:, 1] + 1)],
            axis=1,
        )
        never = ~fits.any(axis=1)
        if never.any():
            sizes[never] = largest(height, width, self.ratio[0], self.ratio[1])
            places[never] = (numpy.array([height, width]) - sizes[never]) // 2
        return numpy.concatenate([places, sizes], axis=1)

    def transform_evaluated(self, images: "Tensor") -> "Tensor":
        """Resize the largest part in the center that has the proportions of `size`."""
        height, width = pair(self.size)
        part = largest(images.shape[-2], images.shape[-1], width / height, width / height)
        return self._resized(center(images, part))

    def _resized(self, images: "Tensor") -> "Tensor":
        from torch.nn.functional import interpolate

        size = pair(self.size)
        if images.shape[-2:] == size:
            return images
        if self.interpolation == "nearest":
            return interpolate(images, size, mode="nearest")
        return interpolate(images, size, mode=self.interpolation, align_corners=False, antialias=self.antialias)


def largest(height: int, width: int, least: float, greatest: float) -> tuple[int, int]:
    """Return height and width of the largest rectangle in an image whose ratio of width to height is in this range."""
    if width / height < least:
        return max(1, min(height, round(width / least))), width
    if width / height > greatest:
        return height, max(1, min(width, round(height * greatest)))
    return height, width


def log_uniform(numbers: "NDArray[Any]", least: float, greatest: float) -> "NDArray[Any]":
    """Return numbers between two positive ones whose logarithm is uniform, from numbers in [0, 1)."""
    import numpy

    return numpy.exp(math.log(least) + (math.log(greatest) - math.log(least)) * numbers)
