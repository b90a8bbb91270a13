"""Layers that make it harder to learn by heart; in evaluation they change nothing."""

from hookline.spec import option, spec
from hookline_models.base import InPlace


@spec
class Dropout(InPlace):
    """Sets numbers to 0 at random during training, and scales the others to make up for it.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout.html
    """

    p: float = option(default=0.5, minimum=0, maximum=1)
    """How likely a number is set to 0."""


@spec
class Dropout1d(InPlace):
    """Sets whole channels of series to 0 at random during training, and scales the others to make up for it.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout1d.html
    """

    row = ("channels", "length")

    p: float = option(default=0.5, minimum=0, maximum=1)
    """How likely a channel is set to 0."""


@spec
class Dropout2d(InPlace):
    """Sets whole channels of images to 0 at random during training, and scales the others to make up for it.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout2d.html
    """

    row = ("channels", "height", "width")

    p: float = option(default=0.5, minimum=0, maximum=1)
    """How likely a channel is set to 0."""


@spec
class Dropout3d(InPlace):
    """Sets whole channels of volumes to 0 at random during training, and scales the others to make up for it.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout3d.html
    """

    row = ("channels", "depth", "height", "width")

    p: float = option(default=0.5, minimum=0, maximum=1)
    """How likely a channel is set to 0."""


@spec
class AlphaDropout(InPlace):
    """Dropout for what SELU gives: numbers become its least value, and mean 0 and variance 1 are kept.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.AlphaDropout.html
    """

    p: float = option(default=0.5, minimum=0, maximum=1)
    """How likely a number becomes SELU's least value."""


@spec
class FeatureAlphaDropout(InPlace):
    """AlphaDropout for whole channels: `(N, C, …)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.FeatureAlphaDropout.html
    """

    p: float = option(default=0.5, minimum=0, maximum=1)
    """How likely a channel becomes SELU's least value."""
