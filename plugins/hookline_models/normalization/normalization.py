"""Normalization within each row."""

from hookline.spec import option, spec
from hookline_models.base import SameShape


@spec
class LayerNorm(SameShape):
    """Normalizes each row over its last dimensions.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html
    """

    follows = {"normalized_shape": -1}

    normalized_shape: int | tuple[int, ...] | None = option(default=None, minimum=1)
    """The sizes of the last dimensions. Default: the size of the last one, inferred from the inputs."""
    eps: float = option(default=1e-05, minimum=0)
    """A constant added to the variance for numerical stability."""
    elementwise_affine: bool = True
    """Scale and shift each element with learnable parameters."""
    bias: bool = True
    """Include the shift in the learnable parameters."""


@spec
class RMSNorm(SameShape):
    """Divides each row by its root mean square over the last dimensions.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.RMSNorm.html
    """

    follows = {"normalized_shape": -1}

    normalized_shape: int | tuple[int, ...] | None = option(default=None, minimum=1)
    """The sizes of the last dimensions. Default: the size of the last one, inferred from the inputs."""
    eps: float | None = option(default=None, minimum=0)
    """A constant added to the mean square for numerical stability. Default: the machine epsilon of the inputs' type."""
    elementwise_affine: bool = True
    """Scale each element with a learnable parameter."""


@spec
class GroupNorm(SameShape):
    """Normalizes each row over groups of its channels: `(N, C, …)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html
    """

    follows = {"num_channels": 1}

    num_groups: int = option(minimum=1)
    """The number of groups into which the channels are divided."""
    num_channels: int | None = option(default=None, minimum=1)
    """The number of channels. Default: inferred from the inputs."""
    eps: float = option(default=1e-05, minimum=0)
    """A constant added to the variance for numerical stability."""
    affine: bool = True
    """Scale and shift each channel with learnable parameters."""
    bias: bool = True
    """Include the shift in the learnable parameters."""


@spec
class LocalResponseNorm(SameShape):
    """Divides each element by (k + alpha times the mean square of `size` neighboring channels) to the power of beta.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html
    """

    size: int = option(minimum=1)
    """The number of neighboring channels, centered on the channel of the element."""
    alpha: float = option(default=0.0001, minimum=0)
    """The factor of the mean square."""
    beta: float = option(default=0.75, unbounded=True)
    """The exponent."""
    k: float = option(default=1.0, minimum=0)
    """The additive constant."""
