"""Transposed convolutions, which increase the size that a convolution with the same options would reduce.

Each input element is multiplied by the kernel, and overlapping results are summed.
"""

from typing import Literal

from hookline.spec import option, spec
from hookline_models.convolution.convolution import Convolution


@spec
class TransposedConvolution(Convolution):
    """Options that do not depend on the number of dimensions."""

    padding_mode: Literal["zeros"] = "zeros"
    """The values used for padding; torch supports only zeros here."""


@spec
class ConvTranspose1d(TransposedConvolution):
    """A transposed convolution over one dimension.

    `(N, in_channels, length)` to `(N, out_channels, length')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose1d.html
    """

    row = ("channels", "length")

    kernel_size: int = option(minimum=1)
    """The length of the kernel."""
    stride: int = option(default=1, minimum=1)
    """The stride of the kernel in the output."""
    padding: int = option(default=0, minimum=0)
    """The padding of the corresponding convolution at both ends, which is removed here."""
    output_padding: int = option(default=0, minimum=0)
    """The additional length at the end of the output; must be smaller than `stride` or `dilation`."""
    dilation: int = option(default=1, minimum=1)
    """The spacing between elements of the kernel."""


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
    """The stride of the kernel in the output."""
    padding: int | tuple[int, int] = option(default=0, minimum=0)
    """The padding of the corresponding convolution at all edges, which is removed here."""
    output_padding: int | tuple[int, int] = option(default=0, minimum=0)
    """The additional size at the lower and right edges of the output; must be smaller than `stride` or `dilation`."""
    dilation: int | tuple[int, int] = option(default=1, minimum=1)
    """The spacing between elements of the kernel."""


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
    """The stride of the kernel in the output."""
    padding: int | tuple[int, int, int] = option(default=0, minimum=0)
    """The padding of the corresponding convolution at all faces, which is removed here."""
    output_padding: int | tuple[int, int, int] = option(default=0, minimum=0)
    """The additional size at the back, lower and right faces of the output; smaller than `stride` or `dilation`."""
    dilation: int | tuple[int, int, int] = option(default=1, minimum=1)
    """The spacing between elements of the kernel."""
