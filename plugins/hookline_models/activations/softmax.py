"""Functions that make probabilities of the numbers along one dimension."""

from hookline.spec import option, spec
from hookline_models.base import TorchLayer


@spec
class Softmax(TorchLayer):
    """Numbers between 0 and 1 whose sum along a dimension is 1.

    torch's own default of `dim` is deprecated.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax.html
    """

    dim: int = option(default=-1, unbounded=True)
    """The dimension, counted with that of the rows; the last one by default."""


@spec
class LogSoftmax(TorchLayer):
    """The logarithm of Softmax, as NLLLoss wants it.

    torch's own default of `dim` is deprecated.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LogSoftmax.html
    """

    dim: int = option(default=-1, unbounded=True)
    """The dimension, counted with that of the rows; the last one by default."""


@spec
class Softmin(TorchLayer):
    """Softmax of -x: the least number becomes the greatest probability.

    torch's own default of `dim` is deprecated.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmin.html
    """

    dim: int = option(default=-1, unbounded=True)
    """The dimension, counted with that of the rows; the last one by default."""


@spec
class Softmax2d(TorchLayer):
    """Softmax over the channels of each pixel: `(N, C, height, width)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Softmax2d.html
    """

    row = ("channels", "height", "width")
