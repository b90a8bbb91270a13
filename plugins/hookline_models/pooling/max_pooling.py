"""Layers that keep the greatest of several neighbors."""

from hookline.spec import option, spec
from hookline_models.base import TorchLayer


@spec
class MaxPool1d(TorchLayer):
    """The greatest number under a window: `(N, C, length)` to `(N, C, length')`.

    torch's option `return_indices` is left out: the indices have no place in a sequence of layers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool1d.html
    """

    row = ("channels", "length")

    kernel_size: int = option(minimum=1)
    """How long the window is."""
    stride: int | None = option(default=None, minimum=1)
    """How far the window moves at a time; left out, by its own size."""
    padding: int = option(default=0, minimum=0)
    """How much is added at each end."""
    dilation: int = option(default=1, minimum=1)
    """How far apart the window's elements are."""
    ceil_mode: bool = False
    """Whether a window that is not complete gives a number too."""


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
class MaxPool3d(TorchLayer):
    """The greatest number under a window: `(N, C, depth, height, width)` to `(N, C, depth', height', width')`.

    torch's option `return_indices` is left out: the indices have no place in a sequence of layers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool3d.html
    """

    row = ("channels", "depth", "height", "width")

    kernel_size: int | tuple[int, int, int] = option(minimum=1)
    """The window's depth, height and width."""
    stride: int | tuple[int, int, int] | None = option(default=None, minimum=1)
    """How far the window moves at a time; left out, by its own size."""
    padding: int | tuple[int, int, int] = option(default=0, minimum=0)
    """How much is added at each face."""
    dilation: int | tuple[int, int, int] = option(default=1, minimum=1)
    """How far apart the window's elements are."""
    ceil_mode: bool = False
    """Whether a window that is not complete gives a number too."""
