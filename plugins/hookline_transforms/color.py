"""Transforms of the values of pixels."""

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations
from typing import TYPE_CHECKING, Any

from hookline.errors import OptionError
from hookline.spec import option, spec
from hookline_transforms.base import TransformSpec, channel_values, device_tensor, wrong_channels

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from hookline.script import Script

Change = Callable[["Tensor", "Tensor"], "Tensor"]
"""Changes images by a factor of each."""

LUMA = (0.2989, 0.587, 0.114)
"""The weights of red, green and blue in a gray pixel, as torchvision has them (ITU-R BT.601)."""


NORMALIZED = '''
def normalized(images, means, stds):
    """Subtract a mean from each channel, and divide it by a standard deviation."""
    means, stds = (torch.tensor(numbers).reshape(1, -1, 1, 1) for numbers in (means, stds))
    return (images - means) / stds
'''


@spec
class Normalize(TransformSpec):
    """Subtract a mean from each channel and divide it by a standard deviation, in all splits and in new images.

    Without `mean` and `std` they are computed from all pixels of the training images, as they are read. A channel that
    is constant is only shifted.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.v2.Normalize.html
    """

    mean: tuple[float, ...] | None = option(default=None, unbounded=True)
    """The mean of each channel."""
    std: tuple[float, ...] | None = option(default=None, above=0)
    """The standard deviation of each channel."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report one of the two without the other, or another number of channels."""
        if (self.mean is None) != (self.std is None):
            given, other = ("mean", "std") if self.std is None else ("std", "mean")
            yield OptionError(given, f"Set `{other}` too, or neither, to compute both from the training images.")
        elif self.mean is not None and self.std is not None and len(self.mean) != len(self.std):
            message = f"There are {len(self.std)} standard deviations, but {len(self.mean)} means."
            yield OptionError("std", message, against=[("mean",)])

    @property
    def needs_statistics(self) -> bool:
        """Whether there is no mean."""
        return self.mean is None

    def with_statistics(self, mean: Sequence[float], std: Sequence[float]) -> "Normalize":
        """Return the transform with this mean and standard deviation."""
        return Normalize(mean=tuple(mean), std=tuple(std)) if self.needs_statistics else self

    def shape_after(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the same shape."""
        if self.mean is not None and (wrong := wrong_channels(self.mean, shape[0], "mean")):
            raise ValueError(wrong)
        return shape

    def eject(self, script: "Script", images: str, numbers: str | None) -> str:
        """Return a call of a function that normalizes images, by default with the statistics of the training images."""
        name = script.define(NORMALIZED)
        if self.mean is None or self.std is None:
            return f"{name}({images}, channel_means, channel_stds)"
        return f"{name}({images}, {list(self.mean)}, {list(self.std)})"

    def transform(self, images: "Tensor", numbers: "NDArray[Any]") -> "Tensor":
        """Normalize the images."""
        return self.transform_evaluated(images)

    def transform_evaluated(self, images: "Tensor") -> "Tensor":
        """Normalize the images."""
        assert self.mean is not None
        assert self.std is not None
        return images.sub(channel_values(self.mean, images)).div_(channel_values(self.std, images))


@spec
class ColorJitter(TransformSpec):
    """Change brightness, contrast, saturation and hue of training images at random, in a random order.

    The images must have values from 0 to 1, as those of `ImageFolder` and `Images` have before `Normalize`.

    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.v2.ColorJitter.html
    """

    brightness: float | tuple[float, ...] = option(default=0.0, minimum=0)
    """The factor of the brightness is between `max(0, 1 - brightness)` and `1 + brightness`, or between two numbers."""
    contrast: float | tuple[float, ...] = option(default=0.0, minimum=0)
    """The factor of the differences to the mean gray of the image, in the same way."""
    saturation: float | tuple[float, ...] = option(default=0.0, minimum=0)
    """The factor of the differences to the gray of the pixel, in the same way. Gray images have no saturation."""
    hue: float | tuple[float, ...] = option(default=0.0, minimum=-0.5, maximum=0.5)
    """The hue is turned by a share of the circle between -hue and hue, or between two numbers, at most half the circle.
    Gray images have no hue."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report invalid ranges."""
        for name in ("brightness", "contrast", "saturation", "hue"):
            given = getattr(self, name)
            if isinstance(given, tuple) and (len(given) != 2 or given[0] > given[1]):
                yield OptionError(name, "This must be a number, or the smallest and the largest factor.")
        if isinstance(self.hue, float) and self.hue < 0:
            yield OptionError("hue", "This must be at least 0, or two numbers from -0.5 to 0.5.", id="out-of-bounds")

    def numbers(self, shape: tuple[int, ...]) -> int:
        """Return the order, and a factor of each change."""
        return 1 + len(self._changes)

    @property
    def _changes(self) -> "tuple[tuple[Change, float | tuple[float, ...], float], ...]":
        """Each change with its option and the factor that changes nothing; without the hue unless it is changed."""
        turned = ((_turned, self.hue, 0.0),) if self.hue else ()
        return (
            (_brighter, self.brightness, 1.0),
            (_contrasted, self.contrast, 1.0),
            (_saturated, self.saturation, 1.0),
            *turned,
        )

    def shape_after(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Return the same shape."""
        if shape[0] not in (1, 3):
            raise ValueError(f"ColorJitter takes images with 1 or 3 channels, not {shape[0]}.")
        return shape

    def eject(self, script: "Script", images: str, numbers: str | None) -> str:
        """Return a call of a function that transforms images; those that are evaluated stay as they are."""
        from hookline_transforms.ejecting.colors import eject_jitter

        return images if numbers is None else eject_jitter(self, script, images, numbers)

    def transform(self, images: "Tensor", numbers: "NDArray[Any]") -> "Tensor":
        """Change each image by its own factors, in its own order."""
        import torch

        changes = self._changes
        possible = tuple(permutations(range(len(changes))))  # All orders are equally likely.
        order = device_tensor((numbers[:, 0] * len(possible)).astype("int64"), images)
        orders = torch.tensor(possible).to(images.device, non_blocking=True)[order]
        factors = [
            None if given == 0 else _factors(given, neutral, numbers[:, index], images)
            for index, (_, given, neutral) in enumerate(changes, 1)
        ]
        for place in range(len(changes)):
            before = images
            for index, (change, _, _) in enumerate(changes):
                factor = factors[index]
                if factor is not None:
                    is_next = (orders[:, place] == index)[:, None, None, None]
                    images = torch.where(is_next, change(before, factor), images)
        return images

    def transform_evaluated(self, images: "Tensor") -> "Tensor":
        """Return the images as they are."""
        return images


def _factors(given: float | tuple[float, ...], neutral: float, numbers: "NDArray[Any]", images: "Tensor") -> "Tensor":
    """Return the factor of each image, `(N, 1, 1, 1)`: around the neutral one, or between two numbers."""
    lowest = 0.0 if neutral else -0.5
    least, greatest = given if isinstance(given, tuple) else (max(lowest, neutral - given), neutral + given)
    return device_tensor(least + (greatest - least) * numbers, images, is_float=True).reshape(-1, 1, 1, 1)


def _gray(images: "Tensor") -> "Tensor":
    if images.shape[1] == 1:
        return images
    red, green, blue = images.unbind(dim=1)
    return (LUMA[0] * red + LUMA[1] * green + LUMA[2] * blue).unsqueeze(1)


def _blended(images: "Tensor", others: "Tensor", factor: "Tensor") -> "Tensor":
    return (factor * images + (1 - factor) * others).clamp(0, 1)


def _brighter(images: "Tensor", factor: "Tensor") -> "Tensor":
    return (factor * images).clamp(0, 1)


def _contrasted(images: "Tensor", factor: "Tensor") -> "Tensor":
    return _blended(images, _gray(images).mean(dim=(1, 2, 3), keepdim=True), factor)


def _saturated(images: "Tensor", factor: "Tensor") -> "Tensor":
    return images if images.shape[1] == 1 else _blended(images, _gray(images), factor)


def _turned(images: "Tensor", turn: "Tensor") -> "Tensor":
    """Turn the hue by a share of the circle; value and saturation stay.

    Source: https://en.wikipedia.org/wiki/HSL_and_HSV
    """
    import torch

    if images.shape[1] == 1:
        return images
    value, range_ = (
        images.amax(dim=1, keepdim=True),
        images.amax(dim=1, keepdim=True) - images.amin(dim=1, keepdim=True),
    )
    red, green, blue = ((value - images) / torch.where(range_ == 0, 1, range_)).unbind(dim=1)
    is_red, is_green = images[:, 0] == value[:, 0], images[:, 1] == value[:, 0]
    sixths = torch.where(is_red, blue - green, torch.where(is_green, 2 + red - blue, 4 + green - red)).unsqueeze(1)
    of_channel = torch.tensor([5.0, 3.0, 1.0], dtype=images.dtype).to(images.device, non_blocking=True).view(1, 3, 1, 1)
    place = (of_channel + sixths + 6 * turn) % 6
    return value - range_ * torch.minimum(place, 4 - place).clamp(0, 1)
