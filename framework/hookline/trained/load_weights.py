"""Build the model of a finished run, and load its weights. Nothing is unpickled."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hookline.data.description import DataDescription
from hookline.errors.exceptions import HooklineWarning, RunError
from hookline.errors.text import counted, enumerate_names
from hookline.files.weights import plain_name
from hookline.plugins.stages import Run
from hookline.runs import directory as directories
from hookline.runs.manifest import Manifest
from hookline.trained.run_files import refusing_unreadable

if TYPE_CHECKING:
    from torch import Tensor, nn

MOST_NAMES = 4


def trained_modules(
    run: Run, description: DataDescription, files: Manifest, result: Mapping[str, Any]
) -> "tuple[nn.Module, nn.Module]":
    """Build the model and the criterion of a finished run with its stages, and load its weights.

    Args:
        run: an opened run, from `FinishedRun.opened`.
        description: the description of the data in training.
        files: the manifest of the run.
        result: the content of `result.json`.

    Raises:
        RunError: If the run has no saved weights, or if they are not those of the model.

    """
    directory = files.directory
    with refusing_unreadable(directory / directories.DATA):
        data = description.data(run.device)
    model = run.stages.build_model(run=run, data=data)
    criterion = run.stages.select_loss(run=run, data=data)
    if directories.MODEL not in files:
        why = result["error"] or "The training ended before they were written."
        raise RunError(f"{directory}: The run has no saved weights. {why}")
    load_weights(model, files.checked(directories.MODEL))
    if any(True for _ in criterion.parameters()):
        load_weights(criterion, files.checked(directories.CRITERION))
    if not result["weights"]["finite"]:
        message = f"{directory}: The saved weights are infinite or NaN, and so may be the predictions."
        warnings.warn(HooklineWarning(message, id="unusable-run"), stacklevel=5)
    return model.eval(), criterion.eval()


def load_weights(module: "nn.Module", path: Path) -> None:
    """Copy the tensors of a safetensors file into a module: all of them, and nothing else.

    Tensors that share memory in the module are stored once in the file.

    Raises:
        RunError: If the file is missing or damaged, or if its tensors are not those of the module.

    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        saved = load_file(path)
    except FileNotFoundError:
        raise RunError(f"{path}: There is no such file.") from None
    except (SafetensorError, OSError, ValueError) as error:
        raise RunError(f"{path}: The weights cannot be read. {str(error).rstrip('.')}.") from None
    wanted = {plain_name(name): tensor for name, tensor in module.state_dict().items()}
    if unknown := sorted(saved.keys() - wanted.keys()):
        raise RunError(f"{path}: The model of the spec has no {_names(unknown)}.")
    shared = {_memory(wanted[name]) for name in saved}
    absent = sorted(wanted.keys() - saved.keys())
    if missing := [name for name in absent if _memory(wanted[name]) not in shared]:
        raise RunError(f"{path}: The file has no {_names(missing)}, which the model of the spec has.")
    for name, tensor in saved.items():
        if (has := _kind(tensor)) != (takes := _kind(wanted[name])):
            raise RunError(f'{path}: "{name}" is {has}, but the model of the spec has {takes}.')
    with torch.no_grad():
        for name, tensor in saved.items():
            wanted[name].copy_(tensor)


def _kind(tensor: "Tensor") -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} of shape {tuple(tensor.shape)}"


def _memory(tensor: "Tensor") -> tuple[object, ...]:
    """What tensors with the same elements have in common; an empty tensor shares nothing."""
    pointer = tensor.data_ptr() or id(tensor)
    return tensor.device, pointer, tensor.shape, tensor.stride()


def _names(names: list[str]) -> str:
    more = "" if len(names) <= MOST_NAMES else f" and {counted(len(names) - MOST_NAMES, 'other')}"
    return f"tensor {enumerate_names(names[:MOST_NAMES])}{more}"
