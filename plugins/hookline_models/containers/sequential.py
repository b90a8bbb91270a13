"""Chains of layers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve

from hookline.data import InputGroup
from hookline.errors import MismatchError
from hookline.spec import LayerSpec, option, spec
from hookline_models.containers.base import chained, ejected_chain, last_of, not_empty, sized_chain

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.script import Script


@spec
class Sequential(LayerSpec):
    """Layers that follow each other: each gets the output of the previous one.

    The first one may take several inputs.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Sequential.html
    """

    layers: tuple[LayerSpec, ...] = option(validator=not_empty)
    """The layers, in order."""

    @property
    def ending(self) -> tuple[str | int, ...]:
        """The last layer."""
        return last_of(self.layers)

    def sized(self, sizes: Mapping[str, int]) -> "Sequential":
        """Return it with the number of outputs that the losses take, if the spec omits it."""
        layers = sized_chain(self.layers, sizes)
        return self if layers is self.layers else evolve(cast("Any", self), layers=layers)

    def build(self, *inputs: "Tensor", groups: Sequence[InputGroup] = ()) -> "nn.Module":
        """Return a `torch.nn.Sequential` of the layers, each built for the output of the previous one."""
        return chained(self.layers, *inputs, groups=groups)[0]

    def eject(self, script: "Script", module: "nn.Module") -> str:
        """Return an `nn.Sequential` with a layer on each line."""
        return ejected_chain(script, self.layers, module)


@spec
class Repeat(LayerSpec):
    """Layers that are repeated several times, as if they were written out in a Sequential.

    Each repetition has separate parameters, and sizes inferred from the previous one.
    """

    layers: tuple[LayerSpec, ...] = option(validator=not_empty)
    """The layers, in order."""
    times: int = option(minimum=1)
    """The number of repetitions."""

    @property
    def ending(self) -> tuple[str | int, ...]:
        """The last layer."""
        return last_of(self.layers)

    def sized(self, sizes: Mapping[str, int]) -> "Repeat":
        """Return it unchanged: all repetitions would get the number of outputs that the losses take."""
        return self

    def build(self, *inputs: "Tensor", groups: Sequence[InputGroup] = ()) -> "nn.Module":
        """Return a `torch.nn.Sequential` of all repetitions."""
        try:
            return chained(self.layers * self.times, *inputs, groups=groups)[0]
        except MismatchError as error:
            [name, position, *rest] = error.path
            time, index = divmod(int(position), len(self.layers))
            message = f"{error.message} This is in repetition {time + 1} of {self.times}." if time else error.message
            raise MismatchError(message, (name, index, *rest), id=error.diagnostic.id) from error.__cause__

    def eject(self, script: "Script", module: "nn.Module") -> str:
        """Return an `nn.Sequential` of all repetitions, with a layer on each line."""
        return ejected_chain(script, self.layers * self.times, module)
