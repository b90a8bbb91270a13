"""Layers that make one number of several neighbours."""

from hookline import option, spec
from hookline_models.base import TorchLayer


@spec
class MaxPool2d(TorchLayer):
    """The greatest number under a window: `(N, C, height, width)` to `(N, C, height', width')`.

    torch's option `return_indices` is left out: the indices have no place in a sequence of layers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
    """

    row = ("channels", "height", "width")

    kernel_size: int | tuple[int, int] = option(minimum=1)
    """The window's height and width."""
    stride: int | tuple[int, int] | None = option(default=None, minimum=1)
    """How far the window moves at a time; left out, by its own size."""
    padding: int | tuple[int, int] = option(default=0, minimum=0)
    """How much is added at each edge."""
    dilation: int | tuple[int, int] = option(default=1, minimum=1)
    """How far apart the window's elements are."""
    ceil_mode: bool = False
    """Whether a window that is not complete gives a number too."""


@spec
class AvgPool2d(TorchLayer):
    """The mean under a window: `(N, C, height, width)` to `(N, C, height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html
    """

    row = ("channels", "height", "width")

    kernel_size: int | tuple[int, int] = option(minimum=1)
    """The window's height and width."""
    stride: int | tuple[int, int] | None = option(default=None, minimum=1)
    """How far the window moves at a time; left out, by its own size."""
    padding: int | tuple[int, int] = option(default=0, minimum=0)
    """How much is added at each edge."""
    ceil_mode: bool = False
    """Whether a window that is not complete gives a number too."""
    count_include_pad: bool = True
    """Whether what was added at the edges counts in the mean."""
    divisor_override: int | None = option(default=None, minimum=1)
    """What the sum is divided by; left out, the size of the window."""


@spec
class AdaptiveAvgPool2d(TorchLayer):
    """The mean under windows that are chosen so that the output has the size that is wanted.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html
    """

    row = ("channels", "height", "width")

    output_size: int | tuple[int, int] = option(minimum=1)
    """The height and width of the output."""


LAYERS = (AdaptiveAvgPool2d, AvgPool2d, MaxPool2d)
