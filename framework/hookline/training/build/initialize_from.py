"""Copy the weights of another run into a model, as `[initialize_from]` says."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve

from hookline.errors.exceptions import MismatchError
from hookline.errors.text import counted
from hookline.files.weights import plain_name
from hookline.plugins.stages import Run
from hookline.runs.run_paths import shortest
from hookline.runs.weights_of_run import weights_of_run
from hookline.spec.parameters import NamedParameter, ParameterSelection, divided
from hookline.spec.sections.initialize_from import InitializeFrom
from hookline.spec.training import TrainingSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor, nn

MOST_NAMES = 6
"""The largest number of tensors to name in a sentence."""


def beginning_from(spec: TrainingSpec, run: str | Path) -> TrainingSpec:
    """The spec of a training that begins with the weights of a run, or of a checkpoint such as `runs/digits/1:best`."""
    named = InitializeFrom.parsed(str(run))
    present = named if spec.initialize_from is None else spec.initialize_from
    chosen = evolve(cast("Any", present), run=named.run, checkpoint=named.checkpoint)
    return cast("TrainingSpec", evolve(cast("Any", spec), initialize_from=chosen))


def initialize_from(run: Run, model: "nn.Module", criterion: "nn.Module") -> dict[str, Any]:
    """Copy the weights that `[initialize_from]` selects, and return what was copied, as plain data.

    Returns:
        The run, its weights, and the names of the tensors by what became of them: `loaded`, `other_shape` with both
        shapes, `missing` in that run, and `unused`, which the model does not have or which are not selected.

    Raises:
        MismatchError: If there are no such weights, if a pattern selects nothing, or if nothing fits.

    """
    import torch

    wanted = run.spec.initialize_from
    found = weights_of_run(wanted)
    saved = found.tensors()
    tensors = named_tensors(model, criterion)
    _refuse_unknown_patterns(wanted, tensors)
    try:
        selected, _ = divided(tensors, [wanted])
    except MismatchError as error:
        raise MismatchError(error.message, ("initialize_from", *error.path[1:])) from None
    loaded, other_shape, missing = list[str](), dict[str, list[list[int]]](), list[str]()
    shared = {_memory(one.tensor) for one in selected if one.name in saved}
    with torch.no_grad():
        for one in selected:
            there = saved.get(one.name)
            if there is None:
                # Tensors that share memory are saved once.
                (loaded if _memory(one.tensor) in shared else missing).append(one.name)
            elif there.shape != one.tensor.shape:
                other_shape[one.name] = [list(there.shape), list(one.tensor.shape)]
            else:
                one.tensor.copy_(there)
                loaded.append(one.name)
    if not loaded:
        message = f"No tensor of {found.directory} fits the model: {_others(other_shape, missing)}."
        raise MismatchError(message, ("initialize_from",))
    used = {*loaded, *other_shape}
    return {
        "run": str(shortest(wanted.run)),
        "weights": found.source,
        "epoch": found.epoch,
        "step": found.step,
        "fingerprint": found.fingerprint,
        "loaded": loaded,
        "other_shape": other_shape,
        "missing": missing,
        "unused": sorted(saved.keys() - used),  # safetensors reads them in any order.
    }


def _refuse_unknown_patterns(wanted: InitializeFrom, tensors: list[NamedParameter]) -> None:
    """Raise a `MismatchError` for the first pattern that selects nothing in the model, even if others do."""
    for option in ("parameters", "layers"):
        patterns = getattr(wanted, option)
        for index, pattern in enumerate((patterns,) if isinstance(patterns, str) else patterns or ()):
            try:
                divided(tensors, [ParameterSelection(**{option: pattern})])
            except MismatchError as error:
                place = () if isinstance(patterns, str) else (index,)
                raise MismatchError(error.message, ("initialize_from", option, *place)) from None


def sentence(made: "Mapping[str, Any]") -> str:
    """What was loaded from another run, in a sentence or two."""
    count = len(made["loaded"]) + len(made["other_shape"]) + len(made["missing"])
    which = f"{made['weights']}, epoch {made['epoch']}, step {made['step']}"
    first = f"{len(made['loaded'])} of {counted(count, 'tensor')} are from {made['run']} ({which})."
    others = _others(made["other_shape"], made["missing"])
    return f"{first} Initialized as usual: {others}." if others else first


def _others(other_shape: "Mapping[str, list[list[int]]]", missing: "list[str]") -> str:
    """The tensors that were not loaded, and why."""
    parts = [
        f"{name} ({_shape(here)} here, {_shape(there)} there)" for name, (there, here) in list(other_shape.items())
    ]
    parts += [f"{name} (not in that run)" for name in missing]
    more = f" and {counted(len(parts) - MOST_NAMES, 'other')}" if len(parts) > MOST_NAMES else ""
    return f"{', '.join(parts[:MOST_NAMES])}{more}"


def _shape(shape: "list[int]") -> str:
    return " × ".join(map(str, shape)) or "a number"


def named_tensors(model: "nn.Module", criterion: "nn.Module") -> list[NamedParameter]:
    """The tensors that can be loaded: the state of the model, and the parameters of the criterion.

    Buffers of the criterion, such as the weights of classes, follow from the data.
    """
    states = (
        ("", model, model.state_dict(keep_vars=True)),
        ("criterion.", criterion, dict(criterion.named_parameters())),
    )
    found: list[NamedParameter] = []
    for prefix, root, state in states:
        modules = dict(root.named_modules())
        for name, tensor in state.items():
            owner = modules[name.rpartition(".")[0]]
            above = [kind.__name__ for kind in type(owner).__mro__]
            found.append(
                NamedParameter(
                    name=prefix + plain_name(name),
                    layer=type(owner).__name__,
                    kinds=tuple(above[: above.index("Module")]),
                    tensor=tensor,
                    has_sparse_gradient=False,
                )
            )
    return found


def _memory(tensor: "Tensor") -> tuple[object, ...]:
    return tensor.device, tensor.data_ptr() or id(tensor), tensor.shape, tensor.stride()
