"""Layers that only change the shape."""

from hookline import option, spec
from hookline_models.base import TorchLayer


@spec
class Flatten(TorchLayer):
    """Makes several dimensions one: `(N, C, height, width)` to `(N, C height width)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Flatten.html
    """

    start_dim: int = 1
    """The first of the dimensions, counted with that of the rows."""
    end_dim: int = -1
    """The last of the dimensions."""


@spec
class Unflatten(TorchLayer):
    """Makes one dimension several: `(N, 64)` to `(N, 1, 8, 8)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Unflatten.html
    """

    dim: int
    """The dimension, counted with that of the rows."""
    unflattened_size: tuple[int, ...] = option(minimum=-1)
    """The sizes that it is to have; one of them may be -1, which follows from the others."""


LAYERS = (Flatten, Unflatten)
