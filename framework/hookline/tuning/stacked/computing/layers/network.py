"""The model of all members of a stack: its outputs for a batch, computed at once with stacked parameters."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from hookline.tuning.stacked.computing.layers.images import Function, in_best_order
from hookline.tuning.stacked.computing.layers.lines import lines
from hookline.tuning.stacked.computing.layers.noise import Noise, dropouts
from hookline.tuning.stacked.refusals import NotStackable

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.data.batches import Outputs


class Network:
    """Computes the outputs of all members. It has no parameters of its own: it uses those in `tensors`."""

    def __init__(self, model: "nn.Module", tensors: "Mapping[str, Tensor]", noise: Noise):
        """Take the model of the first member, the stacked tensors of all members, and their noise.

        Raises:
            NotStackable: If the model cannot be copied.

        """
        self._layers = _copied(model)
        self._tensors = {id(one): tensors[name] for name, one in _tensors_in(self._layers)}
        self._dropouts = {id(layer): name for name, layer in dropouts(self._layers).items()}
        self.noise = noise
        self._function = self._made(self._layers, "")

    def __call__(self, inputs: "Sequence[Tensor]", *, training: bool) -> "Outputs":
        """Return the outputs, each `(members, rows, …)`, for inputs of this shape."""
        if self._layers.training != training:
            self._layers.train(training)
        return self._function(*inputs)

    def _made(self, module: "nn.Module", name: str) -> Callable[..., Any]:
        """The function of a module and its name in the model."""
        from torch import nn

        own = {key: self._tensors[id(tensor)] for key, tensor in _tensors_in(module)}
        if not _is_plain(module):
            return self._vectorized(module, name, own)
        if type(module) is nn.Sequential:
            # A layer may be in it several times, and would be named once.
            layers = in_best_order([(key, child) for key, child in module._modules.items() if child is not None])
            return _in_turn([self._made(child, _inside(name, key)) for key, child in layers])
        if id(module) in self._dropouts:
            return self._dropout(module, self._dropouts[id(module)])
        known = lines().get(type(module))
        made = None if known is None else known(module, own)
        return self._vectorized(module, name, own) if made is None else made

    def _dropout(self, module: "nn.Module", name: str) -> Function:
        def dropout(inputs: "Tensor") -> "Tensor":
            if not module.training:
                return inputs
            noise = self.noise.draw(name, noise_shape(module, inputs.shape[1:]), inputs)
            return inputs if noise is None else inputs * noise

        return dropout

    def _vectorized(self, module: "nn.Module", name: str, own: "Mapping[str, Tensor]") -> Callable[..., Any]:
        """The function of a module that has no lines of its own, by `torch.vmap`."""
        import torch

        inside = {layer: self._dropouts[id(layer)] for layer in dropouts(module).values()}

        def call(index: "Tensor", given: "Mapping[str, Tensor]", *inputs: "Tensor") -> Any:
            with self._noise_inside(inside, index):
                return torch.func.functional_call(module, dict(given), inputs)

        def vectorized(*inputs: "Tensor") -> Any:
            members = torch.arange(len(inputs[0]), device=inputs[0].device)
            # Noise is drawn for all members at once. Other random numbers would be the same, which is noticed.
            try:
                return torch.vmap(call, randomness="same")(members, own, *inputs)
            except (RuntimeError, ValueError, TypeError, NotImplementedError, AttributeError) as error:
                raise NotStackable(f"{_running(error, module, name)}: {' '.join(str(error).split())}") from error

        return vectorized

    @contextmanager
    def _noise_inside(self, layers: "Mapping[nn.Module, str]", index: "Tensor") -> Iterator[None]:
        """Let dropout layers in a module draw the noise of the member with this index."""
        for layer, name in layers.items():

            def forward(inputs: "Tensor", layer: Any = layer, name: str = name) -> "Tensor":
                if not layer.training:
                    return inputs
                noise = self.noise.draw(name, noise_shape(layer, inputs.shape), inputs)
                if noise is None:
                    return inputs
                return inputs * (noise[0] if len(noise) == 1 else noise.index_select(0, index.view(1))[0])

            layer.forward = forward
        try:
            yield
        finally:
            for layer in layers:
                del layer.forward


def noise_shape(layer: "nn.Module", shape: Sequence[int]) -> tuple[int, ...]:
    """The shape of the noise of a dropout layer for inputs `(rows, …)`: some layers drop whole channels."""
    from torch import nn

    return tuple(shape) if type(layer) is nn.Dropout else (*shape[:2], *[1] * (len(shape) - 2))


def _running(error: BaseException, module: "nn.Module", name: str) -> str:
    """The innermost layer that was running when an error was raised: its type, and its name in the model."""
    from torch.nn import Module

    names = {inner: _inside(name, key) for key, inner in module.named_modules()}
    innermost, trace = module, error.__traceback__
    while trace is not None:
        running = trace.tb_frame.f_locals.get("self")
        if isinstance(running, Module) and running in names:
            innermost = running
        trace = trace.tb_next
    place = f" ({names[innermost]})" if names[innermost] else ""
    return f"{type(innermost).__name__}{place} cannot be computed for several models at once"


def _in_turn(functions: Sequence[Function]) -> Function:
    def in_turn(inputs: "Tensor") -> "Tensor":
        for function in functions:
            inputs = function(inputs)
        return inputs

    return in_turn


def _inside(name: str, key: str) -> str:
    return f"{name}.{key}" if name and key else name or key


def _tensors_in(module: "nn.Module") -> "Iterator[tuple[str, Tensor]]":
    """The parameters and buffers of a module by name, each once: several layers may share them."""
    yield from module.named_parameters()
    yield from module.named_buffers()


def _copied(model: "nn.Module") -> "nn.Module":
    try:
        return deepcopy(model)
    except Exception as error:  # Layers may contain anything.
        raise NotStackable(f"The model cannot be copied: {' '.join(str(error).split())}") from error


def _is_plain(module: "nn.Module") -> bool:
    """Whether a call of a module does what its class does, and nothing else."""
    hooks = (module._forward_hooks, module._forward_pre_hooks, module._backward_hooks, module._backward_pre_hooks)
    return not any(hooks) and "forward" not in vars(module)
