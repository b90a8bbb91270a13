"""Convolutions."""

from typing import Literal

from hookline.spec import option, spec
from hookline_models.base import TorchLayer


@spec
class Convolution(TorchLayer):
    """The options that do not depend on the number of dimensions."""

    follows = {"in_channels": 1}

    in_channels: int | None = option(default=None, minimum=1)
    """How many channels go in; left out, it follows from the inputs."""
    out_channels: int = option(minimum=1)
    """How many channels come out."""
    groups: int = option(default=1, minimum=1)
    """Into how many groups the channels are divided, which do not see each other."""
    bias: bool = True
    """Whether a learned number is added to each channel."""
    padding_mode: Literal["zeros", "reflect", "replicate", "circular"] = "zeros"
    """What stands beyond the edges."""


@spec
class Conv1d(Convolution):
    """A convolution over one dimension: `(N, in_channels, length)` to `(N, out_channels, length')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv1d.html
    """

    row = ("channels", "length")

    kernel_size: int = option(minimum=1)
    """How long the kernel is."""
    stride: int = option(default=1, minimum=1)
    """How far the kernel moves at a time."""
    padding: int | Literal["valid", "same"] = option(default=0, minimum=0)
    """How much is added at each end; "same" keeps the length."""
    dilation: int = option(default=1, minimum=1)
    """How far apart the kernel's elements are."""


@spec
class Conv2d(Convolution):
    """A convolution over images: `(N, in_channels, height, width)` to `(N, out_channels, height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html
    """

    row = ("channels", "height", "width")

    kernel_size: int | tuple[int, int] = option(minimum=1)
    """The kernel's height and width."""
    stride: int | tuple[int, int] = option(default=1, minimum=1)
    """How far the kernel moves at a time."""
    padding: int | tuple[int, int] | Literal["valid", "same"] = option(default=0, minimum=0)
    """How much is added at each edge; "same" keeps height and width."""
    dilation: int | tuple[int, int] = option(default=1, minimum=1)
    """How far apart the kernel's elements are."""


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
    """How far the kernel moves at a time."""
    padding: int | tuple[int, int, int] | Literal["valid", "same"] = option(default=0, minimum=0)
    """How much is added at each face; "same" keeps depth, height and width."""
    dilation: int | tuple[int, int, int] = option(default=1, minimum=1)
    """How far apart the kernel's elements are."""
