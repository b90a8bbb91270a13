"""Max pooling."""

from hookline.spec import option, spec
from hookline_models.base import TorchLayer


@spec
class MaxPool1d(TorchLayer):
    """The maximum over a sliding window: `(N, C, length)` to `(N, C, length')`.

    torch's option `return_indices` is not supported, since a sequence of layers cannot use the indices.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool1d.html
    """

    row = ("channels", "length")

    kernel_size: int = option(minimum=1)
    """The length of the window."""
    stride: int | None = option(default=None, minimum=1)
    """The stride of the window. Default: the size of the window."""
    padding: int = option(default=0, minimum=0)
    """The padding at both ends."""
    dilation: int = option(default=1, minimum=1)
    """The spacing between elements of the window."""
    ceil_mode: bool = False
    """Use ceil instead of floor for the size of the output, so that incomplete windows count."""


@spec
class MaxPool2d(TorchLayer):
    """The maximum over a sliding window: `(N, C, height, width)` to `(N, C, height', width')`.

    torch's option `return_indices` is not supported, since a sequence of layers cannot use the indices.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html
    """

    row = ("channels", "height", "width")

    kernel_size: int | tuple[int, int] = option(minimum=1)
    """The window's height and width."""
    stride: int | tuple[int, int] | None = option(default=None, minimum=1)
    """The stride of the window. Default: the size of the window."""
    padding: int | tuple[int, int] = option(default=0, minimum=0)
    """The padding at all edges."""
    dilation: int | tuple[int, int] = option(default=1, minimum=1)
    """The spacing between elements of the window."""
    ceil_mode: bool = False
    """Use ceil instead of floor for the size of the output, so that incomplete windows count."""


@spec
class MaxPool3d(TorchLayer):
    """The maximum over a sliding window: `(N, C, depth, height, width)` to `(N, C, depth', height', width')`.

    torch's option `return_indices` is not supported, since a sequence of layers cannot use the indices.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool3d.html
    """

    row = ("channels", "depth", "height", "width")

    kernel_size: int | tuple[int, int, int] = option(minimum=1)
    """The window's depth, height and width."""
    stride: int | tuple[int, int, int] | None = option(default=None, minimum=1)
    """The stride of the window. Default: the size of the window."""
    padding: int | tuple[int, int, int] = option(default=0, minimum=0)
    """The padding at all faces."""
    dilation: int | tuple[int, int, int] = option(default=1, minimum=1)
    """The spacing between elements of the window."""
    ceil_mode: bool = False
    """Use ceil instead of floor for the size of the output, so that incomplete windows count."""
