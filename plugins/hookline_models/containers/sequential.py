"""Layers one after another."""

from typing import TYPE_CHECKING

from hookline.errors import MisfitError
from hookline.spec import LayerSpec, option, spec
from hookline_models.containers.base import chained, last_of, not_empty

if TYPE_CHECKING:
    from torch import Tensor, nn


@spec
class Sequential(LayerSpec):
    """Layers one after another: each is applied to what the one before it gives.

    The first one may take several inputs.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Sequential.html
    """

    layers: tuple[LayerSpec, ...] = option(validator=not_empty)
    """The layers, in order."""

    @property
    def ending(self) -> tuple[str | int, ...]:
        """The last layer."""
        return last_of(self.layers)

    def build(self, *inputs: "Tensor") -> "nn.Module":
        """A `torch.nn.Sequential` of the layers, each built for what the one before it gives."""
        return chained(self.layers, *inputs)[0]


@spec
class Repeat(LayerSpec):
    """Layers one after another, several times over, as if they were written out in a Sequential.

    Each time they have parameters of their own, and sizes that follow from what the time before gives.
    """

    layers: tuple[LayerSpec, ...] = option(validator=not_empty)
    """The layers, in order."""
    times: int = option(minimum=1)
    """How many times they come."""

    @property
    def ending(self) -> tuple[str | int, ...]:
        """The last layer."""
        return last_of(self.layers)

    def build(self, *inputs: "Tensor") -> "nn.Module":
        """A `torch.nn.Sequential` of the layers, with as many times their number."""
        try:
            return chained(self.layers * self.times, *inputs)[0]
        except MisfitError as error:
            [name, position, *rest] = error.path
            time, index = divmod(int(position), len(self.layers))
            message = f"{error.message} This is in time {time + 1} of {self.times}." if time else error.message
            raise MisfitError(message, (name, index, *rest), id=error.diagnostic.id) from error.__cause__
