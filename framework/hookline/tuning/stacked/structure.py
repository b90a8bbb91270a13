"""What the models of a stack must have in common: everything but the values of parameters and buffers."""

from collections.abc import Iterator
from types import FunctionType
from typing import TYPE_CHECKING, Any
from weakref import ReferenceType

from hookline.plugins.stages import Run
from hookline.spec.families.data import DataSpec
from hookline.training.preparation import Parts
from hookline.tuning.stacked.computing.layers.noise import dropouts

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.batches import Batches


def signature(run: Run, parts: Parts, data: DataSpec) -> list[Any]:
    """What must be equal for runs to share a stack: all but parameters, optimizer, and the probability of dropout.

    `data` is the source of the trial, of which the run may use another fold.
    """
    spec = run.spec
    run_options = spec.run.dtype, str(run.device), spec.run.max_steps, spec.run.trace
    sections = spec.loss, spec.losses, data, spec.model.members, *run_options
    shapes = {name: _shape(batches) for name, batches in parts.data.splits().items()}
    freezing = [one for one in spec.callbacks if one.freezes_parameters]
    return [sections, freezing, shapes, structure(parts.model), structure(parts.criterion)]


def _shape(batches: "Batches") -> Any:
    """The shapes of all rows of a split and the number of batches; the split itself if they are not held in memory."""
    rows = getattr(batches, "all", None)
    if rows is None:
        return id(batches)
    groups = (rows.inputs, rows.targets)
    shapes = [(name, tensor.shape, tensor.dtype) for group in groups for name, tensor in group.items()]
    return shapes, rows.weights is None, getattr(batches, "rows_per_epoch", None), len(batches)  # type: ignore[arg-type]


def structure(model: "nn.Module") -> list[Any]:
    """The layers of a model with their options, and the shapes of parameters and buffers."""
    dropping = dropouts(model)
    found: list[Any] = []
    for name, module in model.named_modules():
        own = {"p"} if name in dropping else set[str]()
        found.append((name, _kind(module), *_options(module, own)))
        for key, tensor in (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)):
            found.append((key, tensor.shape, tensor.dtype, tensor.requires_grad))
    return found


def _options(module: "nn.Module", without: set[str]) -> Iterator[Any]:
    """The attributes of a module that are neither torch's own nor in `without`, as values to compare."""
    from torch import nn

    of_torch = vars(nn.Module())
    for name, value in vars(module).items():
        if name not in of_torch and name not in without:
            yield name, _comparable(value)


def _kind(module: "nn.Module") -> type:
    """The class of a module. torch makes a new one for each module with parametrizations."""
    from torch.nn.utils import parametrize

    return type(module).__mro__[1] if parametrize.is_parametrized(module) else type(module)


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
    if isinstance(value, FunctionType):  # Models may have functions of their own, such as lambdas.
        contents = [cell.cell_contents for cell in value.__closure__ or ()]
        return value.__code__, _comparable([value.__defaults__, value.__kwdefaults__]), _comparable(contents)
    return [_comparable(inner) for inner in value] if isinstance(value, (list, tuple)) else value
