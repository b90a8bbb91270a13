"""What the models of a stack must have in common: everything but the values of parameters and buffers."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType

from hookline.plugins.stages import Run
from hookline.training.preparation import Parts
from hookline.tuning.stacked.computing.noise import dropouts

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.batches import Batches


def can_share_a_stack(one: tuple[Run, Parts], other: tuple[Run, Parts]) -> bool:
    """Whether two runs compute the same, except for the values of parameters, the optimizer, and the probability of
    dropout.
    """
    (first_run, first), (second_run, second) = one, other
    return (
        _sections(first_run) == _sections(second_run)
        and _have_equal_batches(first, second)
        and structure(first.model) == structure(second.model)
        and values(first.criterion) == values(second.criterion)
    )


def _sections(run: Run) -> tuple[Any, ...]:
    """The parts of the spec that must be equal."""
    spec = run.spec
    run_options = spec.run.dtype, str(run.device), spec.run.max_steps, spec.run.trace
    return spec.loss, spec.losses, spec.data, spec.model.members, *run_options


def _have_equal_batches(first: Parts, second: Parts) -> bool:
    """Whether the batches have the same shapes in each step and each evaluation."""
    if first.data is second.data:
        return True
    splits = [parts.data.splits() for parts in (first, second)]
    return splits[0].keys() == splits[1].keys() and all(
        _shape(splits[0][name]) == _shape(splits[1][name]) is not None for name in splits[0]
    )


def _shape(batches: "Batches") -> Any:
    """The shapes of all rows of a split and the number of batches; `None` if they are not held in memory."""
    rows = getattr(batches, "all", None)
    if rows is None:
        return None
    groups = (rows.inputs, rows.targets)
    shapes = [(name, tensor.shape) for group in groups for name, tensor in group.items()]
    return shapes, rows.weights is None, getattr(batches, "rows_per_epoch", None), len(batches)  # type: ignore[arg-type]


def structure(model: "nn.Module") -> list[Any]:
    """The layers of a model with their options, and the shapes of parameters and buffers."""
    dropping = dropouts(model)
    found: list[Any] = []
    for name, module in model.named_modules():
        own = {"p"} if name in dropping else set[str]()
        found.append((name, type(module), *_options(module, own)))
        for key, tensor in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)):
            found.append((key, tensor.shape, tensor.dtype, tensor.requires_grad))
    return found


def values(module: "nn.Module") -> list[Any]:
    """The structure of a module with the values of its parameters and buffers."""
    tensors = [(name, tensor.tolist()) for name, tensor in module.state_dict().items()]
    return [*structure(module), *tensors]


def _options(module: "nn.Module", without: set[str]) -> Iterator[Any]:
    """The attributes of a module that are neither torch's own nor in `without`, as values to compare."""
    from torch import nn

    of_torch = vars(nn.Module())
    for name, value in vars(module).items():
        if name not in of_torch and name not in without:
            yield name, _comparable(value)


def _comparable(value: Any) -> Any:
    import torch

    if isinstance(value, ReferenceType):
        return None
    if isinstance(value, torch.nn.Parameter):
        return value.shape
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, dict):
        return {key: _comparable(inner) for key, inner in value.items()}
    return [_comparable(inner) for inner in value] if isinstance(value, (list, tuple)) else value
