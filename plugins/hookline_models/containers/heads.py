"""Several named outputs."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from attrs import Attribute, evolve

from hookline.data import InputGroup
from hookline.errors import MismatchError
from hookline.script import braced, literal
from hookline.spec import LayerSpec, option, spec
from hookline.training import apply_module, build_and_apply
from hookline_models.containers.base import (
    not_empty,
    one_tensor,
    shared,
    take_lengths,
    take_lengths_by_group,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.script import Script


def _plain_names(instance: object, attribute: "Attribute[Any]", value: Mapping[str, LayerSpec]) -> None:
    not_empty(instance, attribute, value)
    for name in value:
        if not name.isidentifier():
            raise ValueError(f'"{name}" cannot be the name of an output: use letters, digits and "_".')


@spec
class Heads(LayerSpec):
    """Layers that get the same inputs and return one named output each.

    Heads must be the last layer of a model.
    """

    heads: Mapping[str, LayerSpec] = option(validator=_plain_names)
    """The layers by output name, as the loss expects them. Use a Sequential for several layers per head."""

    def sized(self, sizes: Mapping[str, int]) -> "Heads":
        """Return it with the number of outputs that the losses take of each head, where the spec omits it."""
        heads = {name: head.sized({name: sizes[name]}) if name in sizes else head for name, head in self.heads.items()}
        return evolve(cast("Any", self), heads=heads)

    def build(self, *inputs: "Tensor", groups: Sequence[InputGroup] = ()) -> "nn.Module":
        """Return a module with the heads, in order."""
        from torch import nn

        heads = {}
        with shared(*inputs) as modules:
            for name, head in self.heads.items():
                if hasattr(nn.ModuleDict(), name):
                    message = f'"{name}" cannot be the name of an output: it is an attribute of every module.'
                    raise MismatchError(message, ("heads", name))
                try:
                    heads[name], output = build_and_apply(head, *inputs, groups=groups)
                except MismatchError as error:
                    raise error.within("heads", name) from error.__cause__
                one_tensor(output)
                modules.append(heads[name])
        return _heads()(heads)

    def eject(self, script: "Script", module: Any) -> str:
        """Return the heads by name, as the argument of a class that applies each of them."""
        script.use("from torch import nn")
        name = script.define(HEADS_WITH_LENGTHS if module.takes_lengths and script.batch.lengths else HEADS)
        heads = [f"{literal(key)}: {script.layer(head, module[key], 'heads', key)}" for key, head in self.heads.items()]
        return braced(name, heads)


HEADS = '''
class Heads(nn.ModuleDict):
    """Layers that get the same inputs, and return an output each."""

    def forward(self, *inputs):
        return {name: head(*inputs) for name, head in self.items()}
'''

HEADS_WITH_LENGTHS = '''
class Heads(nn.ModuleDict):
    """Layers that get the same inputs, and return an output each."""

    takes_lengths = True

    def forward(self, *inputs, lengths=None):
        return {
            name: head(*inputs, lengths=lengths) if getattr(head, "takes_lengths", False) else head(*inputs)
            for name, head in self.items()
        }
'''


@cache
def _heads() -> Any:
    from torch import nn

    class Heads(nn.ModuleDict):
        def __init__(self, heads: "Mapping[str, nn.Module]"):
            super().__init__(heads)
            self.takes_lengths = take_lengths(list(heads.values()))
            self.takes_lengths_by_group = take_lengths_by_group(list(heads.values()))

        def forward(self, *inputs: "Tensor", lengths: Any = None) -> "dict[str, Tensor]":
            return {name: apply_module(head, *inputs, lengths=lengths) for name, head in self.items()}

    return Heads
