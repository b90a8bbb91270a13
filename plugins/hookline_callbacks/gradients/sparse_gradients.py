"""Refuse sparse gradients, whose norm torch cannot compute."""

from typing import TYPE_CHECKING

from hookline import Run
from hookline.errors import MismatchError
from hookline.spec import CallbackSpec, named_parameters

if TYPE_CHECKING:
    from torch import nn


def refuse_sparse_gradients(callback: CallbackSpec, run: Run, model: "nn.Module") -> None:
    """Raise a `MismatchError` if a parameter of the model has a sparse gradient."""
    for parameter in named_parameters(model):
        if parameter.has_sparse_gradient:
            name = type(callback).__name__
            raise MismatchError(
                f"The gradient of {parameter.name} is sparse, which {name} does not support: remove the layer's "
                f"`sparse` or remove {name}.",
                run.spec.place_of(callback),
            )
