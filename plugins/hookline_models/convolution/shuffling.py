"""Layers that only put numbers into another order, between channels or between channels and pixels."""

from hookline.spec import option, spec
from hookline_models.base import TorchLayer


@spec
class PixelShuffle(TorchLayer):
    """Makes pixels of channels: `(N, C r², height, width)` to `(N, C, height r, width r)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelShuffle.html
    """

    row = ("channels", "height", "width")

    upscale_factor: int = option(minimum=1)
    """The factor r by which height and width grow."""


@spec
class PixelUnshuffle(TorchLayer):
    """Makes channels of pixels: `(N, C, height r, width r)` to `(N, C r², height, width)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.PixelUnshuffle.html
    """

    row = ("channels", "height", "width")

    downscale_factor: int = option(minimum=1)
    """The factor r by which height and width shrink."""


@spec
class ChannelShuffle(TorchLayer):
    """Deals the channels of several groups out in turn, so that the next grouped convolution mixes them: `(N, C, …)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.ChannelShuffle.html
    """

    groups: int = option(minimum=1)
    """Into how many groups the channels are divided."""
