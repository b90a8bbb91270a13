"""Layers that take an image apart into the blocks under a sliding window, and put it together again."""

from hookline.spec import option, spec
from hookline_models.base import TorchLayer


@spec
class Window(TorchLayer):
    """The window and how it slides."""

    kernel_size: int | tuple[int, int] = option(minimum=1)
    """The window's height and width."""
    dilation: int | tuple[int, int] = option(default=1, minimum=1)
    """How far apart the window's elements are."""
    padding: int | tuple[int, int] = option(default=0, minimum=0)
    """How many zeros are added at each edge of the image."""
    stride: int | tuple[int, int] = option(default=1, minimum=1)
    """How far the window moves at a time."""


@spec
class Unfold(Window):
    """Copies each block into a column: `(N, C, height, width)` to `(N, C kernel height kernel width, blocks)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Unfold.html
    """

    row = ("channels", "height", "width")


@spec
class Fold(Window):
    """Adds blocks up to an image: `(N, C kernel height kernel width, blocks)` to `(N, C, height, width)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Fold.html
    """

    row = ("numbers of a block", "blocks")

    output_size: int | tuple[int, int] = option(minimum=1)
    """The height and width of the image."""
