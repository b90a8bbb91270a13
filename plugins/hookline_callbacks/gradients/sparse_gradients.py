"""Sparse gradients, of which torch cannot tell the norm."""

from typing import TYPE_CHECKING

from hookline import Run
from hookline.errors import MisfitError
from hookline.spec import CallbackSpec, named_parameters

if TYPE_CHECKING:
    from torch import nn


def refuse_sparse_gradients(callback: CallbackSpec, run: Run, model: "nn.Module") -> None:
    """Raise a `MisfitError` if a parameter of the model has a sparse gradient."""
    for parameter in named_parameters(model):
        if parameter.has_sparse_gradient:
            name = type(callback).__name__
            raise MisfitError(
                f"The gradient of {parameter.name} is sparse, which {name} cannot take: leave out the layer's "
                f"`sparse`, or {name}.",
                run.spec.place_of(callback),
            )
