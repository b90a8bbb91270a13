"""Average pooling."""

from hookline.spec import option, spec
from hookline_models.base import TorchLayer


@spec
class AvgPool1d(TorchLayer):
    """The mean over a sliding window: `(N, C, length)` to `(N, C, length')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool1d.html
    """

    row = ("channels", "length")

    kernel_size: int = option(minimum=1)
    """The length of the window."""
    stride: int | None = option(default=None, minimum=1)
    """The stride of the window. Default: the size of the window."""
    padding: int = option(default=0, minimum=0)
    """The padding at both ends."""
    ceil_mode: bool = False
    """Use ceil instead of floor for the size of the output, so that incomplete windows count."""
    count_include_pad: bool = True
    """Include the padding in the mean."""


@spec
class AvgPool2d(TorchLayer):
    """The mean over a sliding window: `(N, C, height, width)` to `(N, C, height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html
    """

    row = ("channels", "height", "width")

    kernel_size: int | tuple[int, int] = option(minimum=1)
    """The window's height and width."""
    stride: int | tuple[int, int] | None = option(default=None, minimum=1)
    """The stride of the window. Default: the size of the window."""
    padding: int | tuple[int, int] = option(default=0, minimum=0)
    """The padding at all edges."""
    ceil_mode: bool = False
    """Use ceil instead of floor for the size of the output, so that incomplete windows count."""
    count_include_pad: bool = True
    """Include the padding in the mean."""
    divisor_override: int | None = option(default=None, minimum=1)
    """The divisor of the sum. Default: the size of the window."""


@spec
class AvgPool3d(TorchLayer):
    """The mean over a sliding window: `(N, C, depth, height, width)` to `(N, C, depth', height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool3d.html
    """

    row = ("channels", "depth", "height", "width")

    kernel_size: int | tuple[int, int, int] = option(minimum=1)
    """The window's depth, height and width."""
    stride: int | tuple[int, int, int] | None = option(default=None, minimum=1)
    """The stride of the window. Default: the size of the window."""
    padding: int | tuple[int, int, int] = option(default=0, minimum=0)
    """The padding at all faces."""
    ceil_mode: bool = False
    """Use ceil instead of floor for the size of the output, so that incomplete windows count."""
    count_include_pad: bool = True
    """Include the padding in the mean."""
    divisor_override: int | None = option(default=None, minimum=1)
    """The divisor of the sum. Default: the size of the window."""
