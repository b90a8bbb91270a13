"""Layers that multiply by a matrix, be it the one that changes nothing."""

from hookline.spec import option, spec
from hookline_models.base import TorchLayer


@spec
class Identity(TorchLayer):
    """What goes in comes out.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Identity.html
    """


@spec
class Linear(TorchLayer):
    """An affine map of the last dimension, x Aᵀ + b: `(N, …, in_features)` to `(N, …, out_features)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html
    """

    follows = {"in_features": -1}

    in_features: int | None = option(default=None, minimum=1)
    """How many features go in; left out, it follows from the inputs."""
    out_features: int = option(minimum=1)
    """How many features come out."""
    bias: bool = True
    """Whether a learned number is added to each feature."""
