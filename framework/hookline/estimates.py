"""How much memory a run is estimated to take."""

import inspect
import math
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.layers import Layer
from hookline.run import Run

if TYPE_CHECKING:
    from torch import nn, optim

    from hookline.data import Data


@frozen(kw_only=True)
class Memory:
    """What a run is estimated to take on its device, in bytes, beside what torch itself takes."""

    parameters: int
    """The parameters and buffers of model and loss."""
    gradients: int
    """The gradients of the parameters."""
    optimizer: int
    """What the optimizer remembers."""
    activations: int
    """What the layers give for one batch, or for one part of it; it is kept for the gradients."""
    data: int
    """The data, if it is held in memory."""

    @property
    def total(self) -> int:
        """All together."""
        return self.parameters + self.gradients + self.optimizer + self.activations + self.data


def memory(
    run: Run,
    data: "Data",
    model: "nn.Module",
    criterion: "nn.Module",
    optimizer: "optim.Optimizer",
    layers: tuple[Layer, ...],
) -> Memory:
    """The estimate for a run: counted are tensors as they are, and what each layer gives once."""
    parameters = [parameter for module in (model, criterion) for parameter in module.parameters()]
    buffers = [buffer for module in (model, criterion) for buffer in module.buffers()]
    gradients = sum(parameter.nbytes for parameter in parameters if parameter.requires_grad)
    rows = -(-run.spec.data.batch_size // run.spec.run.accumulate)
    inputs = sum(tensor[:1].nbytes for tensor in data.example.inputs.values())
    size = parameters[0].element_size() if parameters else 4
    held = [batches.all for batches in data.splits().values() if hasattr(batches, "all")]
    return Memory(
        parameters=sum(tensor.nbytes for tensor in (*parameters, *buffers)),
        gradients=gradients,
        optimizer=round(gradients * state_per_parameter(optimizer)),
        activations=rows * (inputs + sum(math.prod(layer.output) for layer in layers) * size),
        data=sum(tensor.nbytes for batch in held for tensor in (*batch.inputs.values(), *batch.targets.values())),
    )


def state_per_parameter(optimizer: "optim.Optimizer") -> float:
    """How many numbers an optimizer remembers of each parameter, found out by a step over a parameter of its own.

    One of a third party that cannot be made of its defaults is taken to remember nothing.

    >>> import torch
    >>> state_per_parameter(torch.optim.Adam([torch.nn.Parameter(torch.zeros(3))]))
    2.0
    """
    import torch

    if parts := getattr(optimizer, "optimizers", None):
        sizes = [sum(tensor.numel() for group in part.param_groups for tensor in group["params"]) for part in parts]
        states = [size * state_per_parameter(part) for size, part in zip(sizes, parts, strict=True)]
        return sum(states) / (sum(sizes) or 1)
    kind: Any = type(optimizer)
    parameter = torch.nn.Parameter(torch.ones(16, 16))
    parameter.grad = torch.ones(16, 16)
    if kind is torch.optim.SparseAdam:
        parameter.grad = parameter.grad.to_sparse()
    taken = inspect.signature(kind).parameters  # AdamW's defaults have an option of Adam's, which it does not take.
    try:
        own = kind([parameter], **{name: value for name, value in optimizer.defaults.items() if name in taken})
        own.step(lambda: torch.ones(()))
    except (RuntimeError, TypeError, ValueError):
        return 0.0
    remembered = [value for value in own.state[parameter].values() if isinstance(value, torch.Tensor) and value.dim()]
    return sum(value.numel() for value in remembered) / parameter.numel()
