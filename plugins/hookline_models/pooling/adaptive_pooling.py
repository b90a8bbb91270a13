"""Layers that make an output of one size of inputs of any size."""

from hookline.spec import option, spec
from hookline_models.base import TorchLayer


@spec
class AdaptiveAvgPool1d(TorchLayer):
    """The mean under windows that are chosen so that the output has the size that is wanted.

    `(N, C, length)` to `(N, C, length')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool1d.html
    """

    row = ("channels", "length")

    output_size: int = option(minimum=1)
    """The length of the output."""


@spec
class AdaptiveAvgPool2d(TorchLayer):
    """The mean under windows that are chosen so that the output has the size that is wanted.

    `(N, C, height, width)` to `(N, C, height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html
    """

    row = ("channels", "height", "width")

    output_size: int | tuple[int, int] = option(minimum=1)
    """The height and width of the output."""


@spec
class AdaptiveAvgPool3d(TorchLayer):
    """The mean under windows that are chosen so that the output has the size that is wanted.

    `(N, C, depth, height, width)` to `(N, C, depth', height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool3d.html
    """

    row = ("channels", "depth", "height", "width")

    output_size: int | tuple[int, int, int] = option(minimum=1)
    """The depth, height and width of the output."""


@spec
class AdaptiveMaxPool1d(TorchLayer):
    """The greatest number under windows that are chosen so that the output has the size that is wanted.

    `(N, C, length)` to `(N, C, length')`.

    torch's option `return_indices` is left out: the indices have no place in a sequence of layers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool1d.html
    """

    row = ("channels", "length")

    output_size: int = option(minimum=1)
    """The length of the output."""


@spec
class AdaptiveMaxPool2d(TorchLayer):
    """The greatest number under windows that are chosen so that the output has the size that is wanted.

    `(N, C, height, width)` to `(N, C, height', width')`.

    torch's option `return_indices` is left out: the indices have no place in a sequence of layers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html
    """

    row = ("channels", "height", "width")

    output_size: int | tuple[int, int] = option(minimum=1)
    """The height and width of the output."""


@spec
class AdaptiveMaxPool3d(TorchLayer):
    """The greatest number under windows that are chosen so that the output has the size that is wanted.

    `(N, C, depth, height, width)` to `(N, C, depth', height', width')`.

    torch's option `return_indices` is left out: the indices have no place in a sequence of layers.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool3d.html
    """

    row = ("channels", "depth", "height", "width")

    output_size: int | tuple[int, int, int] = option(minimum=1)
    """The depth, height and width of the output."""
