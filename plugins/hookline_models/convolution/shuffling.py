"""Layers that only rearrange elements, between channels or between channels and pixels."""

from hookline.spec import option, spec
from hookline_models.base import TorchLayer


@spec
class PixelShuffle(TorchLayer):
    """Rearranges channels to pixels: `(N, C r², height, width)` to `(N, C, height r, width r)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelShuffle.html
    """

    row = ("channels", "height", "width")

    upscale_factor: int = option(minimum=1)
    """The factor r by which height and width increase."""


@spec
class PixelUnshuffle(TorchLayer):
    """Rearranges pixels to channels: `(N, C, height r, width r)` to `(N, C r², height, width)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelUnshuffle.html
    """

    row = ("channels", "height", "width")

    downscale_factor: int = option(minimum=1)
    """The factor r by which height and width decrease."""


@spec
class ChannelShuffle(TorchLayer):
    """Interleaves the channels of several groups, so that the next grouped convolution mixes them: `(N, C, …)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html
    """

    groups: int = option(minimum=1)
    """The number of groups into which the channels are divided."""
