"""Checks of the last layer of a model, whose outputs a loss takes."""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from hookline.spec import LossSpec
from hookline.training import last_layer

if TYPE_CHECKING:
    from torch import nn


def doubt_scores(loss: LossSpec, model: "nn.Module") -> Iterator[str]:
    """Warn if the last layer of a model does not return raw scores."""
    last, name = last_layer(model), type(loss).__name__
    if isinstance(last, _probabilities()):
        itself = " and turns them into probabilities itself" if loss.activation != "identity" else ""
        yield f"{name} takes raw scores{itself}, but the model ends in {type(last).__name__}: remove that layer."
    elif isinstance(last, _from_0_on()):
        yield f"{name} takes raw scores, but the model ends in {type(last).__name__}, which returns none below 0."


def end_below_0(model: "nn.Module") -> str | None:
    """Return the type of the last layer if it can return numbers below 0, even if those of an example are not."""
    last = last_layer(model)
    return type(last).__name__ if isinstance(last, _any_numbers()) else None


def end_beyond_0_and_1(model: "nn.Module") -> str | None:
    """Return the type of the last layer if it can return numbers outside 0 to 1, even if an example has none."""
    last = last_layer(model)
    return type(last).__name__ if isinstance(last, (*_any_numbers(), *_from_0_on())) else None


@cache
def _probabilities() -> "tuple[type[nn.Module], ...]":
    from torch import nn

    return (nn.Sigmoid, nn.Hardsigmoid, nn.LogSigmoid, nn.Softmax, nn.Softmax2d, nn.Softmin, nn.LogSoftmax)


@cache
def _from_0_on() -> "tuple[type[nn.Module], ...]":
    from torch import nn

    return (nn.ReLU, nn.ReLU6, nn.Softplus)


@cache
def _any_numbers() -> "tuple[type[nn.Module], ...]":
    from torch import nn

    of_weights = (nn.Linear, nn.Bilinear, nn.modules.conv._ConvNd)
    of_norms = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
    leaking = (nn.LeakyReLU, nn.PReLU, nn.RReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish, nn.Hardswish)
    about_0 = (nn.Tanh, nn.Softsign, nn.Tanhshrink, nn.Softshrink, nn.Hardshrink, nn.CosineSimilarity)
    logarithms = (nn.LogSigmoid, nn.LogSoftmax)
    return (*of_weights, *of_norms, *leaking, *about_0, *logarithms)
