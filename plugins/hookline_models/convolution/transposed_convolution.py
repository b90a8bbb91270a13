"""Transposed convolutions: each number that goes in becomes a whole kernel of numbers, which are added up.

They make larger what a convolution with the same options makes smaller.
"""

from typing import Literal

from hookline.spec import option, spec
from hookline_models.convolution.convolution import Convolution


@spec
class TransposedConvolution(Convolution):
    """The options that do not depend on the number of dimensions."""

    padding_mode: Literal["zeros"] = "zeros"
    """What stands beyond the edges; torch has no other than zeros here."""


@spec
class ConvTranspose1d(TransposedConvolution):
    """A transposed convolution over one dimension.

    `(N, in_channels, length)` to `(N, out_channels, length')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html
    """

    row = ("channels", "length")

    kernel_size: int = option(minimum=1)
    """How long the kernel is."""
    stride: int = option(default=1, minimum=1)
    """How far the kernel moves in the output for each number of the input."""
    padding: int = option(default=0, minimum=0)
    """How much is taken away at each end, which the convolution in the other direction would add."""
    output_padding: int = option(default=0, minimum=0)
    """How much the output is longer at the far end; it must be less than `stride` or `dilation`."""
    dilation: int = option(default=1, minimum=1)
    """How far apart the kernel's elements are."""


@spec
class ConvTranspose2d(TransposedConvolution):
    """A transposed convolution over images.

    `(N, in_channels, height, width)` to `(N, out_channels, height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html
    """

    row = ("channels", "height", "width")

    kernel_size: int | tuple[int, int] = option(minimum=1)
    """The kernel's height and width."""
    stride: int | tuple[int, int] = option(default=1, minimum=1)
    """How far the kernel moves in the output for each number of the input."""
    padding: int | tuple[int, int] = option(default=0, minimum=0)
    """How much is taken away at each edge, which the convolution in the other direction would add."""
    output_padding: int | tuple[int, int] = option(default=0, minimum=0)
    """How much the output is larger at the lower and right edges; it must be less than `stride` or `dilation`."""
    dilation: int | tuple[int, int] = option(default=1, minimum=1)
    """How far apart the kernel's elements are."""


@spec
class ConvTranspose3d(TransposedConvolution):
    """A transposed convolution over volumes.

    `(N, in_channels, depth, height, width)` to `(N, out_channels, depth', height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose3d.html
    """

    row = ("channels", "depth", "height", "width")

    kernel_size: int | tuple[int, int, int] = option(minimum=1)
    """The kernel's depth, height and width."""
    stride: int | tuple[int, int, int] = option(default=1, minimum=1)
    """How far the kernel moves in the output for each number of the input."""
    padding: int | tuple[int, int, int] = option(default=0, minimum=0)
    """How much is taken away at each face, which the convolution in the other direction would add."""
    output_padding: int | tuple[int, int, int] = option(default=0, minimum=0)
    """How much the output is larger at the far, lower and right faces; it must be less than `stride` or `dilation`."""
    dilation: int | tuple[int, int, int] = option(default=1, minimum=1)
    """How far apart the kernel's elements are."""
