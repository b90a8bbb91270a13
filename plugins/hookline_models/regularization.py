"""Dropout layers, which reduce overfitting. In evaluation they do nothing."""

from hookline.spec import option, spec
from hookline_models.base import InPlace


@spec
class Dropout(InPlace):
    """Sets elements to 0 at random during training, and scales the others up accordingly.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout.html
    """

    p: float = option(default=0.5, minimum=0, maximum=1)
    """The probability of setting an element to 0."""


@spec
class Dropout1d(InPlace):
    """Sets whole channels of series to 0 at random during training, and scales the others up accordingly.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout1d.html
    """

    row = ("channels", "length")

    p: float = option(default=0.5, minimum=0, maximum=1)
    """The probability of setting a channel to 0."""


@spec
class Dropout2d(InPlace):
    """Sets whole channels of images to 0 at random during training, and scales the others up accordingly.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout2d.html
    """

    row = ("channels", "height", "width")

    p: float = option(default=0.5, minimum=0, maximum=1)
    """The probability of setting a channel to 0."""


@spec
class Dropout3d(InPlace):
    """Sets whole channels of volumes to 0 at random during training, and scales the others up accordingly.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout3d.html
    """

    row = ("channels", "depth", "height", "width")

    p: float = option(default=0.5, minimum=0, maximum=1)
    """The probability of setting a channel to 0."""


@spec
class AlphaDropout(InPlace):
    """Dropout for the outputs of SELU: sets elements to SELU's minimum and keeps mean 0 and variance 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AlphaDropout.html
    """

    unstackable = "it draws random numbers that are not those of each trial"

    p: float = option(default=0.5, minimum=0, maximum=1)
    """The probability of setting an element to SELU's minimum."""


@spec
class FeatureAlphaDropout(InPlace):
    """AlphaDropout for whole channels: `(N, C, …)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.FeatureAlphaDropout.html
    """

    unstackable = "it draws random numbers that are not those of each trial"

    p: float = option(default=0.5, minimum=0, maximum=1)
    """The probability of setting a channel to SELU's minimum."""
