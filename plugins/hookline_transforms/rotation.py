"""Random rotation."""

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_transforms.base import Fill, TransformSpec, channel_values, device_tensor, wrong_channels

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script import Script


@spec
class RandomRotation(TransformSpec):
    """Rotate training images around their center by a random angle; the size stays the same.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.v2.RandomRotation.html
    """

    degrees: float | tuple[float, ...] = option(unbounded=True)
    """The largest angle in degrees, in both directions, or the smallest and the largest angle. Positive angles are
    counterclockwise."""
    interpolation: Literal["nearest", "bilinear"] = "nearest"
    """How to compute the pixels between those of the image."""
    fill: Fill = option(default=0.0, unbounded=True)
    """The value of the pixels outside of the image: one for all channels, or one for each."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report an invalid range."""
        if isinstance(self.degrees, tuple):
            if len(self.degrees) != 2 or self.degrees[0] > self.degrees[1]:
                yield OptionError("degrees", "This must be a number, or the smallest and the largest angle.")
        elif self.degrees < 0:
            yield OptionError("degrees", "A single angle must not be negative: it is the largest in both directions.")

    def numbers(self, shape: tuple[int, ...]) -> int:
        """Return 1: the angle."""
        return 1

    def shape_after(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the same shape."""
        if wrong := wrong_channels(self.fill, shape[0], "fill"):
            raise ValueError(wrong)
        return shape

    def eject(self, script: "Script", images: str, numbers: str | None) -> str:
        """Return a call of a function that transforms images; those that are evaluated stay as they are."""
        from hookline_transforms.ejecting.shapes import eject_rotation

        return images if numbers is None else eject_rotation(self, script, images, numbers)

    def transform(self, images: "Tensor", numbers: "NDArray[Any]") -> "Tensor":
        """Rotate each image by its own angle."""
        import numpy
        import torch
        from torch.nn.functional import grid_sample

        least, greatest = self.degrees if isinstance(self.degrees, tuple) else (-self.degrees, self.degrees)
        angles = (least + (greatest - least) * numbers[:, 0]) * (math.pi / 180)
        # For each pixel of the result, its place in the image: rotated back, in pixels from the center. The vertical
        # axis points down. It is computed element by element, so that an image does not depend on its batch.
        cos, sin = (
            device_tensor(function(angles), images, is_float=True).reshape(-1, 1, 1)
            for function in (numpy.cos, numpy.sin)
        )
        height, width = images.shape[-2:]
        y = torch.arange(height, dtype=images.dtype, device=images.device).sub_((height - 1) / 2).reshape(1, -1, 1)
        x = torch.arange(width, dtype=images.dtype, device=images.device).sub_((width - 1) / 2).reshape(1, 1, -1)
        # `grid_sample` expects -1 and 1 at the borders of the image.
        grid = torch.stack([(cos * x - sin * y) * (2 / width), (sin * x + cos * y) * (2 / height)], dim=-1)
        rotated = grid_sample(images, grid, self.interpolation, "zeros", align_corners=False)
        if self.fill == 0:
            return rotated
        # The share of each pixel that is inside of the image; the rest gets the fill value.
        inside = grid_sample(torch.ones_like(images[:, :1]), grid, self.interpolation, "zeros", align_corners=False)
        fill = channel_values(self.fill, images)
        if self.interpolation == "nearest":
            return torch.where(inside < 0.5, fill, rotated)
        return rotated + (1 - inside) * fill

    def transform_evaluated(self, images: "Tensor") -> "Tensor":
        """Return the images as they are."""
        return images
