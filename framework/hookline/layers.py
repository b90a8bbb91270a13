"""The layers of a model with the shapes that they give, noted while it is applied."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.parameters import plain_name

if TYPE_CHECKING:
    from torch import nn


@frozen(kw_only=True)
class Layer:
    """A layer of a model, and what it gives."""

    name: str
    """Where it is in the model, such as `0` or `encoder.layers.0.linear1`."""
    type: str
    """The name of its class."""
    output: tuple[int, ...]
    """The shape of what it gives for a row."""
    parameters: int
    """How many numbers are trained in it."""


@contextmanager
def noted_layers(model: "nn.Module") -> Iterator[list[Layer]]:
    """The layers in the order in which they are applied inside, each once."""
    import torch
    from torch import Tensor

    found: dict[str, Layer] = {}
    names = {module: plain_name(name) for name, module in model.named_modules()}

    def note(module: "nn.Module", _: Any, output: Any) -> None:
        first = next((part for part in _parts(output) if isinstance(part, Tensor)), None)
        own = sum(parameter.numel() for parameter in module.parameters(recurse=False))
        shape = tuple(first.shape[1:]) if first is not None else ()
        found.setdefault(
            names[module], Layer(name=names[module], type=type(module).__name__, output=shape, parameters=own)
        )

    # A module of TorchScript takes no hook: what is in it is not shown.
    shown = [module for module in names if _is_shown(module) and not isinstance(module, torch.jit.ScriptModule)]
    handles = [module.register_forward_hook(note) for module in shown]
    layers: list[Layer] = []
    try:
        yield layers
    finally:
        for handle in handles:
            handle.remove()
        layers += found.values()


def _is_shown(module: "nn.Module") -> bool:
    """Whether it has parameters of its own, or nothing inside."""
    return not any(True for _ in module.children()) or any(True for _ in module.parameters(recurse=False))


def _parts(output: Any) -> Iterator[Any]:
    if isinstance(output, Mapping):
        yield from output.values()
    elif isinstance(output, (tuple, list)):
        yield from output
    else:
        yield output
