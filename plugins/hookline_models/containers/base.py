"""Functions shared by containers: chains of layers, and layers that share inputs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from attrs import Attribute

from hookline.data import InputGroup
from hookline.errors import MismatchError
from hookline.script import listed
from hookline.spec import LayerSpec
from hookline.training import apply_module, build_and_apply

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.script import Script


def not_empty(instance: object, attribute: "Attribute[Any]", value: Sequence[LayerSpec] | Mapping[str, Any]) -> None:
    """Validate that there is at least one layer."""
    if not value:
        raise ValueError("There must be at least one layer.")


def chained(
    layers: Sequence[LayerSpec], *inputs: "Tensor", option: str = "layers", groups: Sequence[InputGroup] = ()
) -> "tuple[nn.Module, Any]":
    """Build layers that follow each other, and return them with the outputs of the last. The first takes all inputs.

    Raises:
        MismatchError: If a layer does not fit; its path is the option and the index of the layer.

    """
    modules = []
    given: tuple[Any, ...] = inputs
    for index, layer in enumerate(layers):
        try:
            module, outputs = build_and_apply(layer, *given, groups=groups if index == 0 else ())
        except MismatchError as error:
            raise error.within(option, index) from error.__cause__
        modules.append(module)
        given = (outputs,)
    return sequential(modules, several=len(inputs) != 1), outputs


def last_of(layers: Sequence[LayerSpec], option: str = "layers") -> tuple[str | int, ...]:
    """Return the path of the last layer of an option, including the path within it."""
    last = len(layers) - 1
    return option, last, *layers[last].ending


def sized_chain(layers: tuple[LayerSpec, ...], sizes: Mapping[str, int]) -> tuple[LayerSpec, ...]:
    """Return layers that follow each other with the number of outputs that the losses take, if it is omitted.

    The last layer gets it, or the one before the layers at the end that keep the shape, such as an activation.
    """
    for index in reversed(range(len(layers))):
        made = layers[index].sized(sizes)
        if made is not layers[index]:
            return *layers[:index], made, *layers[index + 1 :]
        if not layers[index].keeps_size:
            break
    return layers


def sequential(modules: "Sequence[nn.Module]", *, several: bool) -> "nn.Sequential":
    """Return a `torch.nn.Sequential`, or a subclass that takes lengths or several inputs if necessary."""
    from torch import nn

    return _sequential()(*modules) if several or take_lengths(modules) else nn.Sequential(*modules)


def ejected_chain(script: "Script", layers: Sequence[LayerSpec], module: Any, option: str = "layers") -> str:
    """Return layers that follow each other as an `nn.Sequential`, or as a subclass that takes lengths if necessary.

    `module` is what `chained` built of them.
    """
    from torch import nn

    script.use("from torch import nn")
    name = "nn.Sequential"
    if type(module) is not nn.Sequential and (script.batch.lengths or len(script.batch.inputs) > 1):
        name = sequential_lines(script, module)
    parts = [
        script.layer(layer, part, option, index) for index, (layer, part) in enumerate(zip(layers, module, strict=True))
    ]
    return listed(name, parts)


def take_lengths(modules: "Sequence[nn.Module]") -> bool:
    """Whether one of the modules takes the lengths of the rows."""
    return any(getattr(module, "takes_lengths", False) for module in modules)


def take_lengths_by_group(modules: "Sequence[nn.Module]") -> bool:
    """Whether one of the modules takes the lengths of each group of inputs by its name."""
    return any(getattr(module, "takes_lengths_by_group", False) for module in modules)


def one_tensor(outputs: Any) -> "Tensor":
    """Return the outputs of a layer if they are one tensor, otherwise raise a `ValueError`."""
    if isinstance(outputs, Mapping):
        raise ValueError("A layer in it returns several outputs, so it must be the last layer of the model.")
    tensor: Tensor = outputs
    return tensor


def sizes(outputs: "Sequence[Tensor]") -> list[str]:
    """Return the shapes of one row of the outputs, for messages."""
    return [str(tuple(tensor.shape[1:])) for tensor in outputs]


@contextmanager
def shared(*inputs: "Tensor") -> "Iterator[list[nn.Module]]":
    """Yield a list for modules that share the same inputs, and check them afterwards.

    Raises:
        ValueError: If a module overwrites the inputs.

    """
    before = [tensor._version for tensor in inputs]
    modules: list[nn.Module] = []
    yield modules
    # Dropout overwrites its input only during training.
    if [tensor._version for tensor in inputs] != before or any(_starts_in_place(module) for module in modules):
        raise ValueError("A layer overwrites its input (`inplace = true`), but another layer uses it too.")


def _starts_in_place(module: "nn.Module") -> bool:
    from torch import nn

    while isinstance(module, nn.Sequential):
        module = module[0]
    return getattr(module, "inplace", False) is True


def sequential_lines(script: "Script", module: Any) -> str:
    """Add the class of a chain that takes lengths or several inputs to a script, and return its name."""
    if module.takes_lengths and script.batch.lengths:
        script.define(APPLY)
        return script.define(TAKING_GROUPS if module.takes_lengths_by_group else TAKING_LENGTHS)
    return script.define(TAKING_SEVERAL)


APPLY = '''
def apply(layer, *inputs, lengths):
    """Return the outputs of a layer, which gets the lengths of padded sequences if it takes them."""
    return layer(*inputs, lengths=lengths) if getattr(layer, "takes_lengths", False) else layer(*inputs)
'''

TAKING_GROUPS = '''
class Sequential(nn.Sequential):
    """Layers that follow each other, of which the first takes several inputs and the lengths of each."""

    takes_lengths = True

    def forward(self, *inputs, lengths=None):
        outputs = self[0](*inputs, lengths=lengths)
        for layer in self[1:]:
            outputs = layer(outputs)
        return outputs
'''

TAKING_SEVERAL = '''
class Sequential(nn.Sequential):
    """Layers that follow each other, of which the first takes several inputs."""

    def forward(self, *inputs):
        outputs = self[0](*inputs)
        for layer in self[1:]:
            outputs = layer(outputs)
        return outputs
'''

TAKING_LENGTHS = '''
class Sequential(nn.Sequential):
    """Layers that follow each other, some of which take the lengths of padded sequences."""

    takes_lengths = True

    def forward(self, *inputs, lengths=None):
        for layer in self:
            inputs = (apply(layer, *inputs, lengths=lengths),)
        return inputs[0]
'''


@cache
def _sequential() -> "type[nn.Sequential]":
    from torch import nn

    class Sequential(nn.Sequential):
        def __init__(self, *modules: Any):
            super().__init__(*modules)
            self.takes_lengths = take_lengths(list(self))
            self.takes_lengths_by_group = take_lengths_by_group(list(self)[:1])

        def forward(self, *inputs: "Tensor", lengths: "Tensor | Mapping[str, Tensor] | None" = None) -> Any:
            modules: Iterable[nn.Module] = self
            if isinstance(lengths, Mapping):  # The first layer joins the groups: the others get rows without lengths.
                inputs, lengths = (apply_module(self[0], *inputs, lengths=lengths),), None
                modules = list(self)[1:]
            steps = None if lengths is None else inputs[0].shape[1]
            for module in modules:
                takes_lengths = getattr(module, "takes_lengths", False)
                if takes_lengths and steps is not None and inputs[0].shape[1] != steps:
                    raise ValueError(
                        f"The rows have lengths of up to {steps} steps, but a layer before {type(module).__name__} has "
                        f"changed their number to {inputs[0].shape[1]}: keep the number of steps up to that layer"
                    )
                inputs = (apply_module(module, *inputs, lengths=lengths),)
            return inputs[0]

    return Sequential
