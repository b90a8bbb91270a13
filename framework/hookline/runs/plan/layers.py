"""The layers of a model and the shapes of their outputs, recorded while the model is applied."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.files.weights import plain_name

if TYPE_CHECKING:
    from torch import nn


@frozen(kw_only=True)
class Layer:
    """A layer of a model."""

    name: str
    """Its name in the model, such as `0` or `encoder.layers.0.linear1`."""
    type: str
    """The name of its class."""
    output: tuple[int, ...] | None
    """The shape of its output for one row; `None` if it is never called, like `out_proj` of MultiheadAttention."""
    parameters: int
    """The number of elements in its own parameters; a shared parameter is counted in the first layer."""


@contextmanager
def recorded_layers(model: "nn.Module") -> Iterator[list[Layer]]:
    """Record the layers in the order in which they are applied inside the context, each once, and those never called.

    Every parameter of the model is counted in exactly one layer.
    """
    import torch
    from torch import Tensor

    outputs: dict[str, tuple[int, ...] | None] = {}
    shown = {plain_name(name): module for name, module in model.named_modules() if _is_shown(module)}
    names = {module: name for name, module in shown.items()}

    def note(module: "nn.Module", _: Any, output: Any) -> None:
        first = next((part for part in _parts(output) if isinstance(part, Tensor)), None)
        outputs.setdefault(names[module], tuple(first.shape[1:]) if first is not None else ())

    # TorchScript modules do not support hooks: the shapes of their outputs are unknown.
    hooked = [module for module in shown.values() if not isinstance(module, torch.jit.ScriptModule)]
    handles = [module.register_forward_hook(note) for module in hooked]
    layers: list[Layer] = []
    try:
        yield layers
    finally:
        for handle in handles:
            handle.remove()
        counted: set[nn.Parameter] = set()
        for name in _with_uncalled(list(outputs), [name for name in shown if _has_parameters(shown[name])]):
            own = set(shown[name].parameters(recurse=False)) - counted
            counted |= own
            kind, size = type(shown[name]).__name__, sum(parameter.numel() for parameter in own)
            layers.append(Layer(name=name, type=kind, output=outputs.get(name), parameters=size))


def _with_uncalled(called: list[str], with_parameters: Iterable[str]) -> list[str]:
    """The called layers, and each other layer after the one that contains it, or at the end.

    >>> _with_uncalled(["0.attention", "1"], ["0.attention", "0.attention.out_proj", "1", "extra"])
    ['0.attention', '0.attention.out_proj', '1', 'extra']
    """
    within: dict[str | None, list[str]] = {}
    for name in with_parameters:
        if name not in called:
            around = [other for other in called if name.startswith(f"{other}." if other else "")]
            within.setdefault(max(around, key=len, default=None), []).append(name)
    names = [part for name in called for part in (name, *within.get(name, ()))]
    return names + within.get(None, [])


def _has_parameters(module: "nn.Module") -> bool:
    return any(True for _ in module.parameters(recurse=False))


def _is_shown(module: "nn.Module") -> bool:
    """Whether it has parameters of its own, or no submodules."""
    return not any(True for _ in module.children()) or _has_parameters(module)


def _parts(output: Any) -> Iterator[Any]:
    if isinstance(output, Mapping):
        yield from output.values()
    elif isinstance(output, (tuple, list)):
        yield from output
    else:
        yield output
