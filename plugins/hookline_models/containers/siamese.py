"""Layers shared by several inputs."""

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from hookline.data import InputGroup
from hookline.errors import MismatchError
from hookline.script import listed
from hookline.spec import LayerSpec, option, spec
from hookline.training import apply_module, build_and_apply
from hookline_models.containers.base import APPLY, chained, ejected_chain, not_empty, one_tensor, shared, take_lengths

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.script import Script


@spec
class Siamese(LayerSpec):
    """Layers that are applied to each of several inputs with the same parameters, and a layer that compares the
    outputs.

    For a model that returns the distance of two rows, use PairwiseDistance as `join`.
    """

    layers: tuple[LayerSpec, ...] = option(validator=not_empty)
    """The layers, in order."""
    join: LayerSpec
    """The layer that joins the outputs of all inputs, such as PairwiseDistance, CosineSimilarity or Bilinear."""

    @property
    def ending(self) -> tuple[str | int, ...]:
        """The layer that joins the outputs."""
        return ("join", *self.join.ending)

    def build(self, *inputs: "Tensor", groups: Sequence[InputGroup] = ()) -> "nn.Module":
        """Return a module with the layers and the join."""
        shapes = {tuple(tensor.shape[1:]) for tensor in inputs}
        if len(shapes) > 1:
            raise ValueError("All inputs share the same layers, so they must have the same shape.")
        with shared(inputs[0]) as modules:
            layers, outputs = chained(self.layers, inputs[0], groups=groups[:1])
            modules.append(layers)
        try:
            join, _ = build_and_apply(self.join, *[one_tensor(outputs)] * len(inputs))
        except MismatchError as error:
            raise error.within("join") from error.__cause__
        return _siamese()(layers, join)

    def eject(self, script: "Script", module: Any) -> str:
        """Return the layers and the join, as arguments of a class that applies the layers to each input."""
        script.use("from torch import nn")
        source = SIAMESE
        if module.takes_lengths and script.batch.lengths:
            script.define(APPLY)
            source = SIAMESE_WITH_LENGTHS
        join = script.layer(self.join, module.join, "join")
        return listed(script.define(source), [ejected_chain(script, self.layers, module.layers), join])


SIAMESE = '''
class Siamese(nn.Module):
    """Layers that are applied to each of several inputs, and a layer that joins their outputs."""

    def __init__(self, layers, join):
        super().__init__()
        self.layers, self.join = layers, join

    def forward(self, *inputs):
        return self.join(*map(self.layers, inputs))
'''

SIAMESE_WITH_LENGTHS = '''
class Siamese(nn.Module):
    """Layers that are applied to each of several padded inputs, and a layer that joins their outputs."""

    takes_lengths = True

    def __init__(self, layers, join):
        super().__init__()
        self.layers, self.join = layers, join

    def forward(self, *inputs, lengths=None):
        return self.join(*[apply(self.layers, tensor, lengths=lengths) for tensor in inputs])
'''


@cache
def _siamese() -> Any:
    from torch import nn

    class Siamese(nn.Module):
        def __init__(self, layers: "nn.Module", join: "nn.Module"):
            super().__init__()
            self.layers = layers
            self.join = join
            self.takes_lengths = take_lengths([layers])

        def forward(self, *inputs: "Tensor", lengths: "Tensor | None" = None) -> "Tensor":
            return self.join(*[apply_module(self.layers, tensor, lengths=lengths) for tensor in inputs])

    return Siamese
