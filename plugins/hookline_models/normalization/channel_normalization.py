"""Normalization of each channel, over the batch or within each row."""

from hookline.spec import option, spec
from hookline_models.base import SameShape


@spec
class BatchNorm(SameShape):
    """Options that do not depend on the number of dimensions."""

    follows = {"num_features": 1}

    num_features: int | None = option(default=None, minimum=1)
    """The number of features or channels. Default: inferred from the inputs."""
    eps: float = option(default=1e-05, minimum=0)
    """A constant added to the variance for numerical stability."""
    momentum: float = option(default=0.1, minimum=0, maximum=1)
    """The weight of a batch in the running statistics. (torch's `None`, a plain average, is not supported.)"""
    affine: bool = True
    """Scale and shift each feature with learnable parameters."""
    track_running_stats: bool = True
    """Keep running statistics and use them in evaluation."""
    bias: bool = True
    """Include the shift in the learnable parameters."""


@spec
class BatchNorm1d(BatchNorm):
    """Normalizes each feature over the batch: `(N, C)` or `(N, C, length)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm1d.html
    """


@spec
class BatchNorm2d(BatchNorm):
    """Normalizes each channel over the batch and the image: `(N, C, height, width)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm2d.html
    """

    row = ("channels", "height", "width")


@spec
class BatchNorm3d(BatchNorm):
    """Normalizes each channel over the batch and the volume: `(N, C, depth, height, width)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.BatchNorm3d.html
    """

    row = ("channels", "depth", "height", "width")


@spec
class InstanceNorm(SameShape):
    """Options that do not depend on the number of dimensions."""

    follows = {"num_features": 1}

    num_features: int | None = option(default=None, minimum=1)
    """The number of channels. Default: inferred from the inputs."""
    eps: float = option(default=1e-05, minimum=0)
    """A constant added to the variance for numerical stability."""
    momentum: float = option(default=0.1, minimum=0, maximum=1)
    """The weight of a batch in the running statistics."""
    affine: bool = False
    """Scale and shift each channel with learnable parameters."""
    track_running_stats: bool = False
    """Keep running statistics and use them in evaluation."""
    bias: bool = True
    """Include the shift in the learnable parameters."""


@spec
class InstanceNorm1d(InstanceNorm):
    """Normalizes each channel of each row over its length: `(N, C, length)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm1d.html
    """

    row = ("channels", "length")


@spec
class InstanceNorm2d(InstanceNorm):
    """Normalizes each channel of each image: `(N, C, height, width)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm2d.html
    """

    row = ("channels", "height", "width")


@spec
class InstanceNorm3d(InstanceNorm):
    """Normalizes each channel of each volume: `(N, C, depth, height, width)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.InstanceNorm3d.html
    """

    row = ("channels", "depth", "height", "width")
