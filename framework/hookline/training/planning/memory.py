"""The estimate of the memory of a run."""

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hookline.data.tensor_batches import WINDOW
from hookline.plugins.stages import Run
from hookline.runs import devices
from hookline.runs.plan.layers import Layer
from hookline.runs.plan.memory import Memory
from hookline.training.build.apply_model import applied
from hookline.training.build.build import unchanged_embeddings
from hookline.training.planning.optimizer_state import optimizer_state, size_of

if TYPE_CHECKING:
    from torch import Tensor, nn, optim

    from hookline.data.batches import Batch
    from hookline.data.data import Data


def memory(
    run: Run,
    data: "Data",
    model: "nn.Module",
    criterion: "nn.Module",
    optimizer: "optim.Optimizer",
    layers: tuple[Layer, ...],
) -> Memory | None:
    """Estimate the memory of a run: count existing tensors, and derive the memory of a step from one with two rows.

    Returns `None` if this fails, since an estimate must not prevent training.
    """
    try:
        return _memory(run, data, model, criterion, optimizer, layers)
    except Exception:  # noqa: BLE001 - The code of a plugin, and its tensors, may raise anything.
        return None


def _memory(
    run: Run,
    data: "Data",
    model: "nn.Module",
    criterion: "nn.Module",
    optimizer: "optim.Optimizer",
    layers: tuple[Layer, ...],
) -> Memory:
    parameters = [parameter for module in (model, criterion) for parameter in module.parameters()]
    buffers = [buffer for module in (model, criterion) for buffer in module.buffers()]
    rows = -(-min(run.spec.data.batch_size, data.training.rows or math.inf) // run.spec.run.accumulate)
    held = {name: batches.all for name, batches in data.splits().items() if hasattr(batches, "all")}
    example = sum(_sizes(data.example)) // max(1, data.example.rows)
    gathered = sum(_sizes(held["training"])) if "training" in held else run.spec.data.batch_size * example
    return Memory(
        parameters=sum(map(size_of, (*parameters, *buffers))),
        gradients=sum(size_of(parameter) for parameter in parameters if parameter.requires_grad),
        optimizer=optimizer_state(optimizer, run.last_step),
        activations=_activations(run, data.example, model, criterion, layers, int(rows)) * _slack(run),
        data=sum(size for batch in held.values() for size in _sizes(batch))
        + sum(getattr(batches, "held_bytes", 0) for batches in data.splits().values())
        + min(gathered, 2 * WINDOW),
    )


def _slack(run: Run) -> int:
    """The factor for the tensors of a step, as measured by `benchmarks/memory.py`."""
    return 2 if run.device.type == "cpu" else 1


def _sizes(batch: "Batch") -> "Iterator[int]":
    return map(size_of, tensors_of(batch))


def _activations(
    run: Run, example: "Batch", model: "nn.Module", criterion: "nn.Module", layers: tuple[Layer, ...], rows: int
) -> int:
    """The memory of a step with this number of rows: saved tensors, and the gradients of the two largest tensors.

    The size of each tensor is extrapolated from its sizes for one and two rows.
    """
    try:
        of_one = _of_a_step(run, example.slice(0, 1), model, criterion)
        of_two = _of_a_step(run, example.slice(0, 2), model, criterion) if example.rows > 1 else of_one
    except Exception:  # noqa: BLE001 - A model that only a plugin's `forward` can apply may raise anything.
        size = next((parameter.element_size() for parameter in model.parameters()), 4)
        return 2 * rows * sum(math.prod(layer.output or ()) for layer in layers) * size
    if example.rows == 1 or len(of_one) != len(of_two):
        sizes = [rows * size // min(2, example.rows) for size in of_two]
    else:
        # A tensor computed from the weights alone has the same size for any number of rows.
        sizes = [one + (rows - 1) * max(0, two - one) for one, two in zip(of_one, of_two, strict=True)]
    return sum(sizes) + 2 * max(sizes, default=0)


def _of_a_step(run: Run, batch: "Batch", model: "nn.Module", criterion: "nn.Module") -> list[int]:
    """The size in bytes of each tensor that autograd saves, and of the outputs, in the order of their creation.

    No stages are called, since their wrappers are meant for training.
    """
    import torch

    kept: dict[int, torch.UntypedStorage] = {}

    def keep(tensor: "Tensor") -> "Tensor":
        if tensor.layout is torch.strided:
            storage = tensor.untyped_storage()
            kept[storage._cdata] = storage
        return tensor

    was_training = [(module, module.training) for root in (model, criterion) for module in root.modules()]
    model.eval()
    criterion.eval()
    batch = batch.changed(lambda tensor: tensor.clone())
    try:
        with (
            torch.enable_grad(),
            devices.forked_generators(run.device),
            unchanged_embeddings(model),
            devices.uncompiled(),
            torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor),
        ):
            outputs = applied(model, batch, run.objective.inputs)
            run.objective.compute(criterion, outputs, batch)
            for tensor in _tensors(outputs):
                keep(tensor)
    finally:
        for module, mode in was_training:
            module.training = mode
    others = {*tensors_of(batch)}
    for module in (model, criterion):
        others |= {*module.parameters(), *module.buffers()}
    for tensor in others:
        if tensor.layout is torch.strided:
            kept.pop(tensor.untyped_storage()._cdata, None)
    return [storage.nbytes() for storage in kept.values()]


def tensors_of(batch: "Batch") -> "list[Tensor]":
    """All tensors of a batch."""
    weights = [] if batch.weights is None else [batch.weights]
    return [*batch.inputs.values(), *batch.targets.values(), *batch.lengths.values(), *weights]


def _tensors(outputs: Any) -> "Iterator[Tensor]":
    import torch

    if isinstance(outputs, torch.Tensor):
        yield outputs
    elif isinstance(outputs, (Mapping, Iterable)):
        for part in outputs.values() if isinstance(outputs, Mapping) else outputs:
            yield from _tensors(part)
