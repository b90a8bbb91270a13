"""Layers that each give an output of their own."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from attrs import Attribute

from hookline.errors import MisfitError
from hookline.spec import LayerSpec, option, spec
from hookline.training import apply_module, build_and_apply
from hookline_models.containers.base import not_empty, one_tensor, shared, take_lengths

if TYPE_CHECKING:
    from torch import Tensor, nn


def _plain_names(instance: object, attribute: "Attribute[Any]", value: Mapping[str, LayerSpec]) -> None:
    not_empty(instance, attribute, value)
    for name in value:
        if not name.isidentifier():
            raise ValueError(f'"{name}" cannot be the name of an output: letters, digits and "_" are allowed.')


@spec
class Heads(LayerSpec):
    """Layers that are all given the same inputs, each of which gives an output with a name.

    Only the last layer of a model can be one.
    """

    heads: Mapping[str, LayerSpec] = option(validator=_plain_names)
    """The layers by the names of their outputs, as the loss calls them; a Sequential is a head of several."""

    def build(self, *inputs: "Tensor") -> "nn.Module":
        """A module with the heads, in order."""
        from torch import nn

        heads = {}
        with shared(*inputs) as modules:
            for name, head in self.heads.items():
                if hasattr(nn.ModuleDict(), name):
                    message = f'"{name}" cannot be the name of an output: every module has something called so.'
                    raise MisfitError(message, ("heads", name))
                try:
                    heads[name], output = build_and_apply(head, *inputs)
                except MisfitError as error:
                    raise error.within("heads", name) from error.__cause__
                one_tensor(output)
                modules.append(heads[name])
        return _heads()(heads)


@cache
def _heads() -> Any:
    from torch import nn

    class Heads(nn.ModuleDict):
        def __init__(self, heads: "Mapping[str, nn.Module]"):
            super().__init__(heads)
            self.takes_lengths = take_lengths(list(heads.values()))

        def forward(self, *inputs: "Tensor", lengths: "Tensor | None" = None) -> "dict[str, Tensor]":
            return {name: apply_module(head, *inputs, lengths=lengths) for name, head in self.items()}

    return Heads
