"""Models and layers."""

from typing import TYPE_CHECKING, Any

from hookline.errors.text import PathElement
from hookline.spec.options import Spec

if TYPE_CHECKING:
    from torch import nn


class ModelSpec(Spec):
    """A model, or one layer of it: builds an `nn.Module` that fits its inputs."""

    __slots__ = ()
    family = "model"

    @property
    def ending(self) -> tuple[PathElement, ...]:
        """The path, in its options, of the layer that computes its outputs, for messages; empty for a single layer."""
        return ()

    def build(self, *inputs: Any) -> "nn.Module":
        """Return the module, with newly initialized parameters on the device of the inputs.

        `inputs` are an example of what the module will be applied to: a batch of one row. Sizes that the spec does not
        set follow from them. Declare as many arguments as the component takes inputs; most take one:
        `build(self, inputs)`.

        The module returns a tensor, or a mapping of several tensors by name. A module that uses the lengths of padded
        sequences has the attribute `takes_lengths = True` and is called with `lengths=`: see `apply_module`. A module
        that only changes the shape has `keeps_values = True`: a loss that checks the last layer of the model skips it.
        """
        raise NotImplementedError(f"{type(self).__name__} has no `build`.")


class LayerSpec(ModelSpec):
    """One layer of a model. Every layer can be a model by itself."""

    __slots__ = ()
    family = "layer"
