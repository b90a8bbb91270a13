"""Layers that only change the shape."""

from functools import cache
from typing import TYPE_CHECKING, Any

from attrs import Attribute

from hookline.spec import LayerSpec, option, spec
from hookline_models.base import TorchLayer

if TYPE_CHECKING:
    from torch import Tensor, nn


def _leaves_rows(instance: object, attribute: "Attribute[Any]", value: int) -> None:
    if value == 0:
        raise ValueError("Dimension 0 is that of the rows, which stays where it is.")


@spec
class Flatten(TorchLayer):
    """Makes several dimensions one: `(N, C, height, width)` to `(N, C height width)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Flatten.html
    """

    start_dim: int = option(default=1, unbounded=True)
    """The first of the dimensions, counted with that of the rows."""
    end_dim: int = option(default=-1, unbounded=True)
    """The last of the dimensions."""


@spec
class Unflatten(TorchLayer):
    """Makes one dimension several: `(N, 64)` to `(N, 1, 8, 8)`.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Unflatten.html
    """

    dim: int = option(unbounded=True)
    """The dimension, counted with that of the rows."""
    unflattened_size: tuple[int, ...] = option(minimum=-1)
    """The sizes that it is to have; one of them may be -1, which follows from the others."""


@spec
class Transpose(LayerSpec):
    """Exchanges two dimensions: `(N, C, L)` to `(N, L, C)`, between convolutions and what goes through sequences.

    It is `torch.transpose` as a layer, which `torch.nn` does not have.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.transpose.html
    """

    dim0: int = option(default=1, validator=_leaves_rows, unbounded=True)
    """One of the dimensions, counted with that of the rows."""
    dim1: int = option(default=2, validator=_leaves_rows, unbounded=True)
    """The other one."""

    def build(self, inputs: "Tensor") -> "nn.Module":
        """A module that has no parameters."""
        if -inputs.dim() in (self.dim0, self.dim1):
            raise ValueError("One of the dimensions is that of the rows, which stays where it is.")
        return _transpose()(self.dim0, self.dim1)


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
