"""Layers that bring the numbers of each row to mean 0 and variance 1, or to one size."""

from hookline.spec import option, spec
from hookline_models.base import TorchLayer


@spec
class LayerNorm(TorchLayer):
    """Normalizes each row over its last dimensions.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html
    """

    follows = {"normalized_shape": -1}

    normalized_shape: int | tuple[int, ...] | None = option(default=None, minimum=1)
    """The sizes of the last dimensions; left out, the size of the last one, which follows from the inputs."""
    eps: float = option(default=1e-05, minimum=0)
    """Added to the variance, so that it is never 0."""
    elementwise_affine: bool = True
    """Whether each number is then scaled and shifted by learned numbers."""
    bias: bool = True
    """Whether the learned numbers have the shift."""


@spec
class RMSNorm(TorchLayer):
    """Divides each row by the root of its mean square over its last dimensions.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.RMSNorm.html
    """

    follows = {"normalized_shape": -1}

    normalized_shape: int | tuple[int, ...] | None = option(default=None, minimum=1)
    """The sizes of the last dimensions; left out, the size of the last one, which follows from the inputs."""
    eps: float | None = option(default=None, minimum=0)
    """Added to the mean square, so that it is never 0; left out, the machine epsilon of the inputs' type."""
    elementwise_affine: bool = True
    """Whether each number is then scaled by a learned number."""


@spec
class GroupNorm(TorchLayer):
    """Normalizes each row over groups of its channels: `(N, C, …)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html
    """

    follows = {"num_channels": 1}

    num_groups: int = option(minimum=1)
    """Into how many groups the channels are divided."""
    num_channels: int | None = option(default=None, minimum=1)
    """How many channels there are; left out, it follows from the inputs."""
    eps: float = option(default=1e-05, minimum=0)
    """Added to the variance, so that it is never 0."""
    affine: bool = True
    """Whether each channel is then scaled and shifted by learned numbers."""
    bias: bool = True
    """Whether the learned numbers have the shift."""


@spec
class LocalResponseNorm(TorchLayer):
    """Divides each number by (k + alpha times the mean square of `size` neighboring channels) to the power of beta.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html
    """

    size: int = option(minimum=1)
    """How many channels are looked at, the number's own in their middle."""
    alpha: float = option(default=0.0001, minimum=0)
    """How much the neighbors count."""
    beta: float = option(default=0.75, unbounded=True)
    """The power."""
    k: float = option(default=1.0, minimum=0)
    """What is added to them."""
