"""The base of transforms: sizes, fill values, and decisions from random numbers."""

from typing import TYPE_CHECKING, Any

from hookline.errors import OptionError, counted
from hookline.spec import TransformSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

__all__ = ["TransformSpec", "channel_values", "chosen", "device_tensor", "integers", "pair", "wrong_channels"]

Fill = float | tuple[float, ...]


def pair(size: int | tuple[int, ...]) -> tuple[int, int]:
    """Return height and width of a size: one number for both, or two."""
    height, width = (size, size) if isinstance(size, int) else (size * 2)[:2]
    return height, width


def wrong_pair(name: str, value: Any, what: str) -> "Iterator[OptionError]":
    """Yield an error for an option with another number of numbers than two."""
    if isinstance(value, tuple) and len(value) != 2:
        yield OptionError(name, f"This must be {what}, not {len(value)} numbers.")


def integers(numbers: "NDArray[Any]", count: Any) -> "NDArray[Any]":
    """Return integers from 0 up to, but not including, `count`, all equally likely, from numbers in [0, 1)."""
    import numpy

    return numpy.minimum((numbers * count).astype(numpy.int64), numpy.asarray(count) - 1)


def device_tensor(array: "NDArray[Any]", images: "Tensor", *, is_float: bool = False) -> "Tensor":
    """Return an array as a tensor beside the images, in their type if it is floating-point."""
    import torch

    tensor = torch.from_numpy(array)
    return tensor.to(images.device, images.dtype if is_float else None, non_blocking=True)


def chosen(numbers: "NDArray[Any]", p: float, images: "Tensor") -> "Tensor":
    """Return which images are transformed, bool `(N,)`, with probability `p` each."""
    return device_tensor(numbers < p, images)


def wrong_channels(values: "Fill | Sequence[float]", channels: int, name: str) -> str | None:
    """Return what is wrong with one value or a value for each channel; `None` if nothing is."""
    if isinstance(values, tuple) and len(values) not in (1, channels):
        return f"`{name}` has {len(values)} values, but the images have {counted(channels, 'channel')}."
    return None


def channel_values(values: Fill, images: "Tensor") -> "Tensor":
    """Return one value, or a value for each channel, as a tensor `(1, C or 1, 1, 1)` beside the images."""
    import torch

    several = values if isinstance(values, tuple) else (values,)
    return torch.tensor(several, dtype=images.dtype).to(images.device, non_blocking=True).reshape(1, -1, 1, 1)
