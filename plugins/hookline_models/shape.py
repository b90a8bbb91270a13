"""Layers that only change the shape."""

from functools import cache
from typing import TYPE_CHECKING, Any

from attrs import Attribute

from hookline.spec import LayerSpec, option, spec
from hookline_models.base import TorchLayer

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.script import Script


def _leaves_rows(instance: object, attribute: "Attribute[Any]", value: int) -> None:
    if value == 0:
        raise ValueError("Dimension 0 is the batch dimension, which cannot be moved.")


@spec
class Flatten(TorchLayer):
    """Flattens several dimensions into one: `(N, C, height, width)` to `(N, C height width)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Flatten.html
    """

    start_dim: int = option(default=1, unbounded=True)
    """The first dimension to flatten, where 0 is the batch dimension."""
    end_dim: int = option(default=-1, unbounded=True)
    """The last dimension to flatten."""


@spec
class Unflatten(TorchLayer):
    """Splits one dimension into several: `(N, 64)` to `(N, 1, 8, 8)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Unflatten.html
    """

    dim: int = option(unbounded=True)
    """The dimension, where 0 is the batch dimension."""
    unflattened_size: tuple[int, ...] = option(minimum=-1)
    """The new sizes. One of them may be -1 and is inferred from the others."""


@spec
class Transpose(LayerSpec):
    """Swaps two dimensions: `(N, C, L)` to `(N, L, C)`, for example between convolutions and layers for sequences.

    This is `torch.transpose` as a layer, which `torch.nn` does not have.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.transpose.html
    """

    dim0: int = option(default=1, validator=_leaves_rows, unbounded=True)
    """The first dimension to swap, where 0 is the batch dimension."""
    dim1: int = option(default=2, validator=_leaves_rows, unbounded=True)
    """The second dimension to swap."""

    def build(self, inputs: "Tensor") -> "nn.Module":
        """Return a module without parameters."""
        if -inputs.dim() in (self.dim0, self.dim1):
            raise ValueError("One of the dimensions is the batch dimension, which cannot be moved.")
        return _transpose()(self.dim0, self.dim1)

    def eject(self, script: "Script", module: "nn.Module") -> str:
        """Return the dimensions, as arguments of a class that swaps them."""
        script.use("from torch import nn")
        return f"{script.define(TRANSPOSE)}({self.dim0}, {self.dim1})"


TRANSPOSE = '''
class Transpose(nn.Module):
    """Swaps two dimensions."""

    def __init__(self, dim0, dim1):
        super().__init__()
        self.dim0, self.dim1 = dim0, dim1

    def forward(self, inputs):
        return inputs.transpose(self.dim0, self.dim1)
'''


@cache
def _transpose() -> Any:
    from torch import nn

    class Transpose(nn.Module):
        keeps_values = True

        def __init__(self, dim0: int, dim1: int):
            super().__init__()
            self.dim0, self.dim1 = dim0, dim1

        def forward(self, inputs: "Tensor") -> "Tensor":
            return inputs.transpose(self.dim0, self.dim1)

        def extra_repr(self) -> str:
            return f"dim0={self.dim0}, dim1={self.dim1}"

    return Transpose
