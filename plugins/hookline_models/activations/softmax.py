"""Softmax and related functions."""

from hookline.spec import option, spec
from hookline_models.base import SameShape


@spec
class Softmax(SameShape):
    """Rescales elements to numbers between 0 and 1 whose sum along a dimension is 1.

    torch's default for `dim` is deprecated.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax.html
    """

    dim: int = option(default=-1, unbounded=True)
    """The dimension, where 0 is the batch dimension. Default: the last one."""


@spec
class LogSoftmax(SameShape):
    """The logarithm of Softmax, as required by NLLLoss.

    torch's default for `dim` is deprecated.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html
    """

    dim: int = option(default=-1, unbounded=True)
    """The dimension, where 0 is the batch dimension. Default: the last one."""


@spec
class Softmin(SameShape):
    """Softmax of -x: the smallest number gets the largest probability.

    torch's default for `dim` is deprecated.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmin.html
    """

    dim: int = option(default=-1, unbounded=True)
    """The dimension, where 0 is the batch dimension. Default: the last one."""


@spec
class Softmax2d(SameShape):
    """Softmax over the channels of each pixel: `(N, C, height, width)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax2d.html
    """

    row = ("channels", "height", "width")
