"""Convolutions."""

from typing import Literal

from hookline.spec import option, spec
from hookline_models.base import TorchLayer


@spec
class Convolution(TorchLayer):
    """Options that do not depend on the number of dimensions."""

    follows = {"in_channels": 1}
    size_option = "out_channels"

    in_channels: int | None = option(default=None, minimum=1)
    """The number of input channels. Default: inferred from the inputs."""
    out_channels: int | None = option(default=None, minimum=1)
    """The number of output channels. Default: in the last layer, what the loss takes, such as one for each class."""
    groups: int = option(default=1, minimum=1)
    """The number of groups into which input and output channels are divided; groups are not connected."""
    bias: bool = True
    """Add a learnable bias to each output channel."""
    padding_mode: Literal["zeros", "reflect", "replicate", "circular"] = "zeros"
    """The values used for padding."""


@spec
class Conv1d(Convolution):
    """A convolution over one dimension: `(N, in_channels, length)` to `(N, out_channels, length')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html
    """

    row = ("channels", "length")

    kernel_size: int = option(minimum=1)
    """The length of the kernel."""
    stride: int = option(default=1, minimum=1)
    """The stride of the kernel."""
    padding: int | Literal["valid", "same"] = option(default=0, minimum=0)
    """The padding at both ends; "same" keeps the length."""
    dilation: int = option(default=1, minimum=1)
    """The spacing between elements of the kernel."""


@spec
class Conv2d(Convolution):
    """A convolution over images: `(N, in_channels, height, width)` to `(N, out_channels, height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
    """

    row = ("channels", "height", "width")

    kernel_size: int | tuple[int, int] = option(minimum=1)
    """The kernel's height and width."""
    stride: int | tuple[int, int] = option(default=1, minimum=1)
    """The stride of the kernel."""
    padding: int | tuple[int, int] | Literal["valid", "same"] = option(default=0, minimum=0)
    """The padding at all edges; "same" keeps height and width."""
    dilation: int | tuple[int, int] = option(default=1, minimum=1)
    """The spacing between elements of the kernel."""


@spec
class Conv3d(Convolution):
    """A convolution over volumes.

    `(N, in_channels, depth, height, width)` to `(N, out_channels, depth', height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv3d.html
    """

    row = ("channels", "depth", "height", "width")

    kernel_size: int | tuple[int, int, int] = option(minimum=1)
    """The kernel's depth, height and width."""
    stride: int | tuple[int, int, int] = option(default=1, minimum=1)
    """The stride of the kernel."""
    padding: int | tuple[int, int, int] | Literal["valid", "same"] = option(default=0, minimum=0)
    """The padding at all faces; "same" keeps depth, height and width."""
    dilation: int | tuple[int, int, int] = option(default=1, minimum=1)
    """The spacing between elements of the kernel."""
