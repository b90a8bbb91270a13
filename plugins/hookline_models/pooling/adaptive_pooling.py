"""Pooling to an output of fixed size, for inputs of any size."""

from hookline.spec import option, spec
from hookline_models.base import TorchLayer


@spec
class AdaptiveAvgPool1d(TorchLayer):
    """The mean over windows chosen so that the output has the given size.

    `(N, C, length)` to `(N, C, length')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool1d.html
    """

    row = ("channels", "length")

    output_size: int = option(minimum=1)
    """The length of the output."""


@spec
class AdaptiveAvgPool2d(TorchLayer):
    """The mean over windows chosen so that the output has the given size.

    `(N, C, height, width)` to `(N, C, height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html
    """

    row = ("channels", "height", "width")

    output_size: int | tuple[int, int] = option(minimum=1)
    """The height and width of the output."""


@spec
class AdaptiveAvgPool3d(TorchLayer):
    """The mean over windows chosen so that the output has the given size.

    `(N, C, depth, height, width)` to `(N, C, depth', height', width')`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool3d.html
    """

    row = ("channels", "depth", "height", "width")

    output_size: int | tuple[int, int, int] = option(minimum=1)
    """The depth, height and width of the output."""


@spec
class AdaptiveMaxPool1d(TorchLayer):
    """The maximum over windows chosen so that the output has the given size.

    `(N, C, length)` to `(N, C, length')`.

    torch's option `return_indices` is not supported, since a sequence of layers cannot use the indices.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool1d.html
    """

    row = ("channels", "length")

    output_size: int = option(minimum=1)
    """The length of the output."""


@spec
class AdaptiveMaxPool2d(TorchLayer):
    """The maximum over windows chosen so that the output has the given size.

    `(N, C, height, width)` to `(N, C, height', width')`.

    torch's option `return_indices` is not supported, since a sequence of layers cannot use the indices.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html
    """

    row = ("channels", "height", "width")

    output_size: int | tuple[int, int] = option(minimum=1)
    """The height and width of the output."""


@spec
class AdaptiveMaxPool3d(TorchLayer):
    """The maximum over windows chosen so that the output has the given size.

    `(N, C, depth, height, width)` to `(N, C, depth', height', width')`.

    torch's option `return_indices` is not supported, since a sequence of layers cannot use the indices.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool3d.html
    """

    row = ("channels", "depth", "height", "width")

    output_size: int | tuple[int, int, int] = option(minimum=1)
    """The depth, height and width of the output."""
