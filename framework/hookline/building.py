"""Building a model piece by piece: each piece is applied at once, so that the next one knows what it is given."""

from typing import TYPE_CHECKING

from hookline.errors import MisfitError
from hookline.specs import ModelSpec

if TYPE_CHECKING:
    from torch import Tensor, nn


def build_and_apply(spec: ModelSpec, inputs: "Tensor") -> "tuple[nn.Module, Tensor]":
    """The module that a spec builds for these inputs, in training mode, and the outputs that it has for them.

    It is applied as in an evaluation: it draws no random numbers and changes no running statistics, so that a
    model has the same parameters as one that was written by hand.

    Raises:
        MisfitError: if it cannot be built for, or applied to, inputs of this shape and type.

    """
    import torch

    try:
        module = spec.build(inputs).eval()
        with torch.no_grad():
            outputs = module(inputs)
    except (RuntimeError, ValueError, IndexError, TypeError, AssertionError) as error:
        # torch may add where in its own code it was raised.
        message = str(error).partition("Exception raised from")[0]
        shape, reason = tuple(inputs.shape[1:]), " ".join(message.split()).rstrip(".")
        raise MisfitError(f"{type(spec).__name__} cannot take an input of shape {shape}. {reason}.") from error
    return module.train(), outputs
