"""Crops."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_transforms.base import (
    Fill,
    TransformSpec,
    channel_values,
    device_tensor,
    integers,
    pair,
    wrong_channels,
    wrong_pair,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script import Script

MODES = {"constant": "constant", "edge": "replicate", "reflect": "reflect"}
"""torch's names for the padding modes of torchvision."""


@spec
class CenterCrop(TransformSpec):
    """Crop the center of all images, in all splits and in new images.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.v2.CenterCrop.html
    """

    size: int | tuple[int, ...] = option(minimum=1)
    """Height and width of the crop, or one number for both."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report an invalid size."""
        yield from wrong_pair("size", self.size, "the height and the width")

    def shape_after(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the crop."""
        refuse_larger(pair(self.size), shape)
        return (shape[0], *pair(self.size))

    def eject(self, script: "Script", images: str, numbers: str | None) -> str:
        """Return a call of a function that crops the center."""
        from hookline_transforms.ejecting.crops import eject_center

        return eject_center(script, images, self.size)

    def transform(self, images: "Tensor", numbers: "NDArray[Any]") -> "Tensor":
        """Crop the center."""
        return center(images, pair(self.size))

    def transform_evaluated(self, images: "Tensor") -> "Tensor":
        """Crop the center."""
        return center(images, pair(self.size))


@spec
class RandomCrop(TransformSpec):
    """Crop training images at a random place, after padding them. Other images are cropped at their center.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.v2.RandomCrop.html
    """

    size: int | tuple[int, ...] = option(minimum=1)
    """Height and width of the crop, or one number for both."""
    padding: int | tuple[int, ...] = option(default=0, minimum=0)
    """How many pixels to add on each side; two numbers are those left and right, and those above and below; four
    numbers are those on the left, above, on the right and below."""
    fill: Fill = option(default=0.0, unbounded=True)
    """The value of the added pixels: one for all channels, or one for each."""
    padding_mode: Literal["constant", "edge", "reflect"] = "constant"
    """What the added pixels are: the `fill` value, the pixel at the edge, or the image mirrored at its edge."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report invalid sizes."""
        yield from wrong_pair("size", self.size, "the height and the width")
        if isinstance(self.padding, tuple) and len(self.padding) not in (2, 4):
            yield OptionError("padding", f"This must be one, two or four numbers, not {len(self.padding)}.")
        if self.fill != 0 and self.padding_mode != "constant":
            message = 'This has no effect unless `padding_mode` is "constant".'
            yield OptionError("fill", message, against=[("padding_mode",)], id="unused-option")

    @property
    def sides(self) -> tuple[int, int, int, int]:
        """How many pixels to add on the left, above, on the right and below."""
        given = self.padding if isinstance(self.padding, tuple) else (self.padding,)
        left, above, right, below = (given * 4)[:4]
        return left, above, right, below

    def numbers(self, shape: tuple[int, ...]) -> int:
        """Return 2: the place of the crop."""
        return 2

    def shape_after(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the shape of the crop."""
        channels, height, width = shape
        left, above, right, below = self.sides
        if wrong := wrong_channels(self.fill, channels, "fill"):
            raise ValueError(wrong)
        if self.padding_mode == "reflect" and (max(above, below) >= height or max(left, right) >= width):
            raise ValueError(f"Images of {height} × {width} pixels cannot be mirrored so far: reduce `padding`.")
        size = pair(self.size)
        refuse_larger(size, (channels, height + above + below, width + left + right))
        if size[0] > height or size[1] > width:
            # The center of a validation image must have this size, too.
            raise ValueError(f"The crop of {size[0]} × {size[1]} is larger than the images of {height} × {width}.")
        return (channels, *size)

    def eject(self, script: "Script", images: str, numbers: str | None) -> str:
        """Return a call of a function that crops images, or their center."""
        from hookline_transforms.ejecting.crops import eject_center, eject_random_crop

        if numbers is None:
            return eject_center(script, images, self.size)
        return eject_random_crop(self, script, images, numbers)

    def transform(self, images: "Tensor", numbers: "NDArray[Any]") -> "Tensor":
        """Pad the images, and crop each at its own place."""
        import torch
        from torch.nn.functional import pad

        left, above, right, below = self.sides
        if any(self.sides):
            fill = channel_values(self.fill, images)
            is_simple = fill.numel() == 1
            value = float(self.fill[0] if isinstance(self.fill, tuple) else self.fill) if is_simple else 0.0
            padded = pad(
                images if is_simple else images - fill,
                (left, right, above, below),
                MODES[self.padding_mode],
                value if self.padding_mode == "constant" else None,
            )
            images = padded if is_simple else padded + fill
        height, width = pair(self.size)
        first = device_tensor(integers(numbers[:, 0], images.shape[-2] - height + 1), images)
        start = device_tensor(integers(numbers[:, 1], images.shape[-1] - width + 1), images)
        rows = first[:, None] + torch.arange(height, device=images.device)
        columns = start[:, None] + torch.arange(width, device=images.device)
        each = torch.arange(len(images), device=images.device)
        channels = torch.arange(images.shape[1], device=images.device)
        return images[
            each[:, None, None, None],
            channels[None, :, None, None],
            rows[:, None, :, None],
            columns[:, None, None, :],
        ]

    def transform_evaluated(self, images: "Tensor") -> "Tensor":
        """Crop the center."""
        return center(images, pair(self.size))


def center(images: "Tensor", size: tuple[int, int]) -> "Tensor":
    """Return the center of images, rounded as in torchvision."""
    height, width = images.shape[-2:]
    top, left = round((height - size[0]) / 2), round((width - size[1]) / 2)
    return images[..., top : top + size[0], left : left + size[1]]


def refuse_larger(size: tuple[int, int], shape: tuple[int, ...]) -> None:
    """Raise a `ValueError` if a crop of this size is larger than an image of this shape."""
    if size[0] > shape[-2] or size[1] > shape[-1]:
        raise ValueError(f"The crop of {size[0]} × {size[1]} is larger than the images of {shape[-2]} × {shape[-1]}.")
