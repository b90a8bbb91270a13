"""Layers that divide an image into the blocks of a sliding window, and combine blocks to an image."""

from hookline.spec import option, spec
from hookline_models.base import TorchLayer


@spec
class Window(TorchLayer):
    """The options of the sliding window."""

    kernel_size: int | tuple[int, int] = option(minimum=1)
    """The window's height and width."""
    dilation: int | tuple[int, int] = option(default=1, minimum=1)
    """The spacing between elements of the window."""
    padding: int | tuple[int, int] = option(default=0, minimum=0)
    """The zero padding at all edges of the image."""
    stride: int | tuple[int, int] = option(default=1, minimum=1)
    """The stride of the window."""


@spec
class Unfold(Window):
    """Copies each block into a column: `(N, C, height, width)` to `(N, C kernel height kernel width, blocks)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Unfold.html
    """

    row = ("channels", "height", "width")


@spec
class Fold(Window):
    """Sums blocks to an image: `(N, C kernel height kernel width, blocks)` to `(N, C, height, width)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Fold.html
    """

    row = ("numbers of a block", "blocks")

    output_size: int | tuple[int, int] = option(minimum=1)
    """The height and width of the image."""
