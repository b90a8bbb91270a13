"""Linear layers."""

from hookline.spec import option, spec
from hookline_models.base import SameShape, TorchLayer


@spec
class Identity(SameShape):
    """Returns its input.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Identity.html
    """


@spec
class Linear(TorchLayer):
    """An affine transformation of the last dimension, x Aᵀ + b: `(N, …, in_features)` to `(N, …, out_features)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html
    """

    follows = {"in_features": -1}
    size_option = "out_features"

    in_features: int | None = option(default=None, minimum=1)
    """The number of input features. Default: inferred from the inputs."""
    out_features: int | None = option(default=None, minimum=1)
    """The number of output features. Default: in the last layer, what the loss takes: one for each class, or for each
    target column."""
    bias: bool = True
    """Add a learnable bias to each output feature."""
