"""Layers that make a mean of several neighbors."""

from hookline.spec import option, spec
from hookline_models.base import TorchLayer


@spec
class AvgPool1d(TorchLayer):
    """The mean under a window: `(N, C, length)` to `(N, C, length')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html
    """

    row = ("channels", "length")

    kernel_size: int = option(minimum=1)
    """How long the window is."""
    stride: int | None = option(default=None, minimum=1)
    """How far the window moves at a time; left out, by its own size."""
    padding: int = option(default=0, minimum=0)
    """How much is added at each end."""
    ceil_mode: bool = False
    """Whether a window that is not complete gives a number too."""
    count_include_pad: bool = True
    """Whether what was added at the ends counts in the mean."""


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
class AvgPool3d(TorchLayer):
    """The mean under a window: `(N, C, depth, height, width)` to `(N, C, depth', height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool3d.html
    """

    row = ("channels", "depth", "height", "width")

    kernel_size: int | tuple[int, int, int] = option(minimum=1)
    """The window's depth, height and width."""
    stride: int | tuple[int, int, int] | None = option(default=None, minimum=1)
    """How far the window moves at a time; left out, by its own size."""
    padding: int | tuple[int, int, int] = option(default=0, minimum=0)
    """How much is added at each face."""
    ceil_mode: bool = False
    """Whether a window that is not complete gives a number too."""
    count_include_pad: bool = True
    """Whether what was added at the faces counts in the mean."""
    divisor_override: int | None = option(default=None, minimum=1)
    """What the sum is divided by; left out, the size of the window."""
