"""What containers have in common: layers one after another, and layers that are given the same inputs."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from attrs import Attribute

from hookline.errors import MisfitError
from hookline.spec import LayerSpec
from hookline.training import apply_module, build_and_apply

if TYPE_CHECKING:
    from torch import Tensor, nn


def not_empty(instance: object, attribute: "Attribute[Any]", value: Sequence[LayerSpec] | Mapping[str, Any]) -> None:
    """Raise a `ValueError` if there is no layer; a validator."""
    if not value:
        raise ValueError("There must be at least one layer.")


def chained(layers: Sequence[LayerSpec], *inputs: "Tensor", option: str = "layers") -> "tuple[nn.Module, Any]":
    """The layers one after another, and what the last one gives. The first takes all inputs, the others one.

    Raises:
        MisfitError: if one does not fit; its path is the option and the index of the layer.

    """
    modules = []
    given: tuple[Any, ...] = inputs
    for index, layer in enumerate(layers):
        try:
            module, outputs = build_and_apply(layer, *given)
        except MisfitError as error:
            raise error.within(option, index) from error.__cause__
        modules.append(module)
        given = (outputs,)
    return sequential(modules, several=len(inputs) != 1), outputs


def last_of(layers: Sequence[LayerSpec], option: str = "layers") -> tuple[str | int, ...]:
    """The path of the last of the layers of an option, or of what that ends in."""
    last = len(layers) - 1
    return option, last, *layers[last].ending


def sequential(modules: "Sequence[nn.Module]", *, several: bool) -> "nn.Sequential":
    """A Sequential of torch, or one that takes lengths or several inputs as well if it must."""
    from torch import nn

    return _sequential()(*modules) if several or take_lengths(modules) else nn.Sequential(*modules)


def take_lengths(modules: "Sequence[nn.Module]") -> bool:
    """Whether one of them takes the lengths of the rows."""
    return any(getattr(module, "takes_lengths", False) for module in modules)


def one_tensor(outputs: Any) -> "Tensor":
    """The outputs of a layer with which something is to be done; raises a `ValueError` if they are several."""
    if isinstance(outputs, Mapping):
        raise ValueError("A layer in it gives several outputs: what gives them must come last.")
    tensor: Tensor = outputs
    return tensor


def sizes(outputs: "Sequence[Tensor]") -> list[str]:
    """The shapes of one row of the outputs, for messages."""
    return [str(tuple(tensor.shape[1:])) for tensor in outputs]


@contextmanager
def shared(*inputs: "Tensor") -> "Iterator[list[nn.Module]]":
    """For building modules that are given the same inputs, which are to be put into the list.

    Raises:
        ValueError: at the end, if one of them writes over the inputs.

    """
    before = [tensor._version for tensor in inputs]
    modules: list[nn.Module] = []
    yield modules
    # Dropout writes only in training.
    if [tensor._version for tensor in inputs] != before or any(_begins_in_place(module) for module in modules):
        raise ValueError("A layer writes over what goes in (`inplace = true`), which another is given too.")


def _begins_in_place(module: "nn.Module") -> bool:
    from torch import nn

    while isinstance(module, nn.Sequential):
        module = module[0]
    return getattr(module, "inplace", False) is True


@cache
def _sequential() -> "type[nn.Sequential]":
    from torch import nn

    class Sequential(nn.Sequential):
        def __init__(self, *modules: Any):
            super().__init__(*modules)
            self.takes_lengths = take_lengths(list(self))

        def forward(self, *inputs: "Tensor", lengths: "Tensor | None" = None) -> Any:
            steps = None if lengths is None else inputs[0].shape[1]
            for module in self:
                takes_lengths = getattr(module, "takes_lengths", False)
                if takes_lengths and steps is not None and inputs[0].shape[1] != steps:
                    raise ValueError(
                        f"The rows have lengths of up to {steps} steps, and a layer before {type(module).__name__} has "
                        f"made {inputs[0].shape[1]} of these: keep their number up to there"
                    )
                inputs = (apply_module(module, *inputs, lengths=lengths),)
            return inputs[0]

    return Sequential
