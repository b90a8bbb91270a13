"""What puts layers together."""

from typing import TYPE_CHECKING, Any

from attrs import Attribute

from hookline import LayerSpec, MisfitError, build_and_apply, option, spec

if TYPE_CHECKING:
    from torch import Tensor, nn


def _not_empty(instance: object, attribute: "Attribute[Any]", value: tuple[LayerSpec, ...]) -> None:
    if not value:
        raise ValueError("There must be at least one layer.")


@spec
class Sequential(LayerSpec):
    """Layers one after another: each is applied to what the one before it gives.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.Sequential.html
    """

    layers: tuple[LayerSpec, ...] = option(validator=_not_empty)
    """The layers, in order."""

    def build(self, inputs: "Tensor") -> "nn.Module":
        """A `torch.nn.Sequential` of the layers, each built for what the one before it gives."""
        from torch import nn

        modules = []
        for index, layer in enumerate(self.layers):
            try:
                module, inputs = build_and_apply(layer, inputs)
            except MisfitError as error:
                raise error.within("layers", index) from error.__cause__
            modules.append(module)
        return nn.Sequential(*modules)


LAYERS = (Sequential,)
