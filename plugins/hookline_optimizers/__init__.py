"""The optimizers of torch, each in a file of its own."""

from collections.abc import Iterable

from hookline import Spec, hookimpl
from hookline_optimizers.adam import Adam, AdamW
from hookline_optimizers.lbfgs import LBFGS
from hookline_optimizers.rmsprop import RMSprop
from hookline_optimizers.sgd import SGD


@hookimpl
def register_specs() -> Iterable[type[Spec]]:
    """All of this plugin's optimizers."""
    return (SGD, Adam, AdamW, LBFGS, RMSprop)
