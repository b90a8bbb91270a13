"""Layers that bring each channel to mean 0 and variance 1, over the batch or within each row."""

from hookline.spec import option, spec
from hookline_models.base import TorchLayer


@spec
class BatchNorm(TorchLayer):
    """The options that do not depend on the number of dimensions."""

    follows = {"num_features": 1}

    num_features: int | None = option(default=None, minimum=1)
    """How many features, or channels, there are; left out, it follows from the inputs."""
    eps: float = option(default=1e-05, minimum=0)
    """Added to the variance, so that it is never 0."""
    momentum: float = option(default=0.1, minimum=0, maximum=1)
    """How much a batch counts in the running statistics. (torch's `None`, a plain average, cannot be said in TOML.)"""
    affine: bool = True
    """Whether each feature is then scaled and shifted by learned numbers."""
    track_running_stats: bool = True
    """Whether running statistics are kept, and used in evaluation."""
    bias: bool = True
    """Whether the learned numbers have the shift."""


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
class InstanceNorm(TorchLayer):
    """The options that do not depend on the number of dimensions."""

    follows = {"num_features": 1}

    num_features: int | None = option(default=None, minimum=1)
    """How many channels there are; left out, it follows from the inputs."""
    eps: float = option(default=1e-05, minimum=0)
    """Added to the variance, so that it is never 0."""
    momentum: float = option(default=0.1, minimum=0, maximum=1)
    """How much a batch counts in the running statistics."""
    affine: bool = False
    """Whether each channel is then scaled and shifted by learned numbers."""
    track_running_stats: bool = False
    """Whether running statistics are kept, and used in evaluation."""
    bias: bool = True
    """Whether the learned numbers have the shift."""


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
