"""Layers that make it harder to learn by heart."""

from hookline import option, spec
from hookline_models.base import TorchLayer


@spec
class Dropout(TorchLayer):
    """Sets numbers to 0 at random during training, and scales the others to make up for it.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout.html
    """

    p: float = option(default=0.5, minimum=0, maximum=1)
    """How likely a number is set to 0."""
    inplace: bool = False
    """Whether the result is written over what goes in."""


@spec
class Dropout2d(TorchLayer):
    """Sets whole channels to 0 at random during training, and scales the others to make up for it.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Dropout2d.html
    """

    row = ("channels", "height", "width")

    p: float = option(default=0.5, minimum=0, maximum=1)
    """How likely a channel is set to 0."""
    inplace: bool = False
    """Whether the result is written over what goes in."""


LAYERS = (Dropout, Dropout2d)
