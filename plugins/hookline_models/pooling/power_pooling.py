"""Power-average pooling."""

from hookline.spec import option, spec
from hookline_models.base import TorchLayer


@spec
class LPPool1d(TorchLayer):
    """The p-th root of the sum of p-th powers over a sliding window.

    `(N, C, length)` to `(N, C, length')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool1d.html
    """

    row = ("channels", "length")

    norm_type: float = option(above=0, infinite=True)
    """The power p: 1 gives the sum, `inf` the maximum absolute value."""
    kernel_size: int = option(minimum=1)
    """The length of the window."""
    stride: int | None = option(default=None, minimum=1)
    """The stride of the window. Default: the size of the window."""
    ceil_mode: bool = False
    """Use ceil instead of floor for the size of the output, so that incomplete windows count."""


@spec
class LPPool2d(TorchLayer):
    """The p-th root of the sum of p-th powers over a sliding window.

    `(N, C, height, width)` to `(N, C, height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool2d.html
    """

    row = ("channels", "height", "width")

    norm_type: float = option(above=0, infinite=True)
    """The power p: 1 gives the sum, `inf` the maximum absolute value."""
    kernel_size: int | tuple[int, int] = option(minimum=1)
    """The window's height and width."""
    stride: int | tuple[int, int] | None = option(default=None, minimum=1)
    """The stride of the window. Default: the size of the window."""
    ceil_mode: bool = False
    """Use ceil instead of floor for the size of the output, so that incomplete windows count."""


@spec
class LPPool3d(TorchLayer):
    """The p-th root of the sum of p-th powers over a sliding window.

    `(N, C, depth, height, width)` to `(N, C, depth', height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LPPool3d.html
    """

    row = ("channels", "depth", "height", "width")

    norm_type: float = option(above=0, infinite=True)
    """The power p: 1 gives the sum, `inf` the maximum absolute value."""
    kernel_size: int | tuple[int, int, int] = option(minimum=1)
    """The window's depth, height and width."""
    stride: int | tuple[int, int, int] | None = option(default=None, minimum=1)
    """The stride of the window. Default: the size of the window."""
    ceil_mode: bool = False
    """Use ceil instead of floor for the size of the output, so that incomplete windows count."""
