"""The final layer of a model, which computes the inputs of the loss."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


def last_layer(model: "nn.Module") -> "nn.Module | None":
    """The last layer of a model that changes values, searched in `nn.Sequential`; `None` if there is none.

    For parallel layers, this is their container.
    """
    from torch import nn

    if isinstance(model, nn.Sequential):
        return next((last for layer in reversed(model) if (last := last_layer(layer)) is not None), None)
    return None if isinstance(model, _keeping_values()) or getattr(model, "keeps_values", False) else model


def head_of(model: "nn.Module", output: str) -> "nn.Module":
    """The head that computes the output with this name if the model ends in heads; otherwise the model itself."""
    from torch import nn

    last = last_layer(model)
    return last[output] if isinstance(last, nn.ModuleDict) and output in last else model


@cache
def _keeping_values() -> "tuple[type[nn.Module], ...]":
    from torch import nn

    of_shape = (nn.Flatten, nn.Unflatten, nn.Unfold, nn.PixelShuffle, nn.PixelUnshuffle, nn.ChannelShuffle)
    return (nn.Identity, nn.modules.dropout._DropoutNd, *of_shape)
