"""The base class of torch's layers: each builds torch's class of the same name, with the same options."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from attrs import NOTHING, asdict, fields

from hookline.errors import OptionError
from hookline.script import call, code_of, constructor
from hookline.spec import LayerSpec, spec

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.script import Script


def refuse_missing_size(layer: LayerSpec) -> None:
    """Raise an `OptionError` if the number of outputs is missing and the loss has not set it."""
    if layer.size_option is not None and getattr(layer, layer.size_option) is None:
        message = f"`{layer.size_option}` is missing: the losses do not say how many outputs they take of this layer."
        raise OptionError(layer.size_option, message, id="missing-option")


@spec
class TorchLayer(LayerSpec):
    """A layer of `torch.nn`. A subclass only declares torch's options."""

    follows: ClassVar[Mapping[str, int]] = {}
    """Options with an inferred default, and the dimension of the inputs `(N, …)` whose size it is."""

    may_be_more: ClassVar[tuple[str, ...]] = ()
    """Those of them that may be larger than the size of the inputs; the others must be equal."""

    row: ClassVar[tuple[str, ...] | None] = None
    """The dimensions of one row, if the layer takes exactly these; torch would accept one fewer as a single row."""

    def build(self, inputs: "Tensor") -> "nn.Module":
        """Return `torch.nn.<the name of this class>` with these options and inferred sizes."""
        import torch

        module: nn.Module = getattr(torch.nn, type(self).__name__)(**self.options(inputs))
        return module

    def options(self, inputs: "Tensor") -> dict[str, Any]:
        """Return the arguments of torch's class: these options and inferred sizes.

        Raises:
            ValueError: If the rows have the wrong number of dimensions, or if the number of outputs is missing.

        """
        if self.row is not None and inputs.dim() - 1 != len(self.row):
            raise ValueError(f"It takes {len(self.row)} dimensions per row: {', '.join(self.row)}.")
        refuse_missing_size(self)
        options = asdict(self, recurse=False)
        for name, dimension in self.follows.items():
            if options[name] is None:
                options[name] = inputs.shape[dimension]
            elif isinstance(options[name], int) and inputs.dim() > dimension and name not in self.may_be_more:
                size = inputs.shape[dimension]
                if options[name] != size:
                    raise ValueError(
                        f"`{name}` is {options[name]}, but the inputs have {size}: remove it to infer it from the "
                        "inputs."
                    )
        return options

    def eject(self, script: "Script", module: "nn.Module") -> str:
        """Return `nn.<the name of this class>(…)` with the options that differ from torch's defaults."""
        return ejected_layer(self, script, module)


def ejected_options(layer: Any, module: "nn.Module") -> dict[str, Any]:
    """Return the options of a layer, with the inferred ones as the module has them."""
    options = asdict(layer, recurse=False)
    for name in layer.follows:
        if options[name] is None:
            inferred = getattr(module, name)
            options[name] = inferred[0] if isinstance(inferred, tuple) and len(inferred) == 1 else inferred
    return options


def ejected_layer(layer: Any, script: "Script", module: "nn.Module") -> str:
    """Return `nn.<the name of the class>(…)` with the options that differ from torch's defaults."""
    from torch import nn

    script.use("from torch import nn")
    name = type(layer).__name__
    return constructor(f"nn.{name}", getattr(nn, name), ejected_options(layer, module))


def ejected_subclass(layer: Any, name: str, options: Mapping[str, Any]) -> str:
    """Return a call of a class of a script that takes the options of a layer, without those that have its defaults.

    Options that the layer requires or infers come first, without their names.
    """
    attributes = {attribute.name: attribute for attribute in fields(type(layer))}
    first = [
        one
        for one in options
        if one in layer.follows or one == "num_embeddings" or (one in attributes and attributes[one].default is NOTHING)
    ]
    named = {
        one: code_of(value)
        for one, value in options.items()
        if one not in first and not (one in attributes and attributes[one].default == value)
    }
    return call(name, *(code_of(options[one]) for one in first), **named)


@spec
class SameShape(TorchLayer):
    """A layer whose outputs have the shape of its inputs."""

    keeps_size = True


@spec
class InPlace(SameShape):
    """The option of layers that can overwrite their input."""

    inplace: bool = False
    """Overwrite the input with the result, which saves memory."""
