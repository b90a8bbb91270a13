"""Residual connections."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve

from hookline.data import InputGroup
from hookline.script import listed
from hookline.spec import LayerSpec, option, spec
from hookline.training import apply_module
from hookline_models.containers.base import (
    APPLY,
    chained,
    ejected_chain,
    last_of,
    not_empty,
    one_tensor,
    shared,
    sized_chain,
    sizes as sizes_of,
    take_lengths,
)

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.script import Script


@spec
class Residual(LayerSpec):
    """Layers that follow each other, with their input added to their output.

    Source: https://arxiv.org/abs/1512.03385
    """

    layers: tuple[LayerSpec, ...] = option(validator=not_empty)
    """The layers, in order."""
    shortcut: tuple[LayerSpec, ...] = ()
    """The layers of the shortcut, in order. Use them if the input and output have different shapes, for example a
    Conv2d with `kernel_size = 1`. Default: the input is added unchanged."""

    @property
    def ending(self) -> tuple[str | int, ...]:
        """The last layer, whose outputs have the shape of the sum."""
        return last_of(self.layers)

    def sized(self, sizes: Mapping[str, int]) -> "Residual":
        """Return it with the number of outputs that the losses take, in layers and shortcut, if the spec omits it."""
        return evolve(
            cast("Any", self), layers=sized_chain(self.layers, sizes), shortcut=sized_chain(self.shortcut, sizes)
        )

    def build(self, inputs: "Tensor", *, groups: Sequence[InputGroup] = ()) -> "nn.Module":
        """Return a module with a `torch.nn.Sequential` for the layers and, if necessary, another for the shortcut."""
        shortcut, added = None, inputs
        with shared(inputs) as modules:
            layers, outputs = chained(self.layers, inputs, groups=groups)
            modules.append(layers)
            if self.shortcut:
                shortcut, added = chained(self.shortcut, inputs, option="shortcut", groups=groups)
                modules.append(shortcut)
        outputs, added = one_tensor(outputs), one_tensor(added)
        if outputs.shape != added.shape:
            given, around = sizes_of([outputs, added])
            remedy = "" if self.shortcut else ": use a `shortcut` to change the latter"
            raise ValueError(
                f"Its layers return the shape {given}, to which the shape {around} cannot be added{remedy}."
            )
        return _residual()(layers, shortcut)

    def eject(self, script: "Script", module: Any) -> str:
        """Return the layers, and those of the shortcut, as arguments of a class that adds their outputs."""
        script.use("from torch import nn")
        if module.takes_lengths and script.batch.lengths:
            script.define(APPLY)
            name = script.define(WITH_LENGTHS)
        else:
            name = script.define(RESIDUAL)
        parts = [ejected_chain(script, self.layers, module.layers)]
        if self.shortcut:
            parts.append(f"shortcut={ejected_chain(script, self.shortcut, module.shortcut, 'shortcut')}")
        return listed(name, parts)


RESIDUAL = '''
class Residual(nn.Module):
    """Layers whose input, or that of a shortcut, is added to their output."""

    def __init__(self, layers, shortcut=None):
        super().__init__()
        self.layers, self.shortcut = layers, shortcut

    def forward(self, inputs):
        return self.layers(inputs) + (inputs if self.shortcut is None else self.shortcut(inputs))
'''

WITH_LENGTHS = '''
class Residual(nn.Module):
    """Layers whose input, or that of a shortcut, is added to their output."""

    takes_lengths = True

    def __init__(self, layers, shortcut=None):
        super().__init__()
        self.layers, self.shortcut = layers, shortcut

    def forward(self, inputs, lengths=None):
        added = inputs if self.shortcut is None else apply(self.shortcut, inputs, lengths=lengths)
        return apply(self.layers, inputs, lengths=lengths) + added
'''


@cache
def _residual() -> Any:
    from torch import nn

    class Residual(nn.Module):
        def __init__(self, layers: nn.Module, shortcut: nn.Module | None):
            super().__init__()
            self.layers = layers
            self.shortcut = shortcut
            self.takes_lengths = take_lengths(list(self.children()))

        def forward(self, inputs: "Tensor", lengths: "Tensor | None" = None) -> "Tensor":
            outputs: Tensor = apply_module(self.layers, inputs, lengths=lengths)
            if self.shortcut is None:
                return outputs + inputs
            return outputs + apply_module(self.shortcut, inputs, lengths=lengths)

    return Residual
