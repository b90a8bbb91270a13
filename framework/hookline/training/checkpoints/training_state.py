"""The whole state of a training between two steps, as plain data and tensors."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline.errors.exceptions import CheckpointError
from hookline.errors.text import enumerate_names
from hookline.plugins.stages import Run
from hookline.training.checkpoints.generators import load_generators, state_of_generators
from hookline.training.checkpoints.optimizer_names import load_named_state, named_state

if TYPE_CHECKING:
    from torch import nn, optim


def training_state(
    run: Run, model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
) -> dict[str, Any]:
    """Return everything that the rest of a training depends on, except the spec and the position in the epoch.

    The tensors are those of the training: copy them before the next step.
    """
    return {
        "run": {**run.state.state_dict(), "seconds": run.seconds},
        "model": model.state_dict(),
        "criterion": criterion.state_dict(),
        "optimizer": named_state(optimizer, model, criterion),
        "plugins": {name: _state_of(name, plugin) for name, plugin in _with_state(run)},
        "generators": state_of_generators(run.device),
    }


def load_training_state(
    state: Mapping[str, Any], run: Run, model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
) -> None:
    """Restore a state that `training_state` returned.

    Raises:
        CheckpointError: If something does not fit, such as a model with other layers.

    """
    for what, owner in (("model", model), ("criterion", criterion)):
        try:
            owner.load_state_dict(state[what])
        except (RuntimeError, KeyError, ValueError) as error:
            different = _different(state[what], owner.state_dict())
            raise CheckpointError(f"The {what} differs from that of the checkpoint: {different or error}.") from error
    load_named_state(state["optimizer"], optimizer, model, criterion, changed=state.get("changed", ()))
    saved = state["plugins"]
    for name, plugin in _with_state(run):
        if name in saved:
            try:
                plugin.load_state_dict(saved[name])
            except Exception as error:
                raise CheckpointError(f"{name} cannot load its state: {type(error).__name__}: {error}") from error
    # After all that may fail, so that callbacks see no epochs and write nothing if something does.
    run.state.load_state_dict(state["run"])
    # Last, since loading may draw random numbers.
    load_generators(state["generators"], run.device)


def _different(saved: Mapping[str, Any], present: Mapping[str, Any]) -> str:
    """Say which tensors are missing, new or have other shapes; empty if none is."""
    lost, new = sorted(saved.keys() - present.keys()), sorted(present.keys() - saved.keys())
    parts = [f"it no longer has {enumerate_names(lost)}"] if lost else []
    parts += [f"it also has {enumerate_names(new)}"] if new else []
    shapes = {name: [list(side[name].shape) for side in (saved, present)] for name in saved if name in present}
    parts += [f'"{name}" had the shape {was}, now {now}' for name, (was, now) in shapes.items() if was != now]
    return "; ".join(parts)


def _with_state(run: Run) -> list[tuple[str, Any]]:
    """The plugins of the run that have a state, by name."""
    named = run.stages.manager.list_name_plugin()
    return [
        (name, plugin) for name, plugin in named if hasattr(plugin, "state_dict") and hasattr(plugin, "load_state_dict")
    ]


def _state_of(name: str, plugin: Any) -> Any:
    try:
        return plugin.state_dict()
    except Exception as error:
        raise CheckpointError(f"{name} cannot return its state: {type(error).__name__}: {error}") from error
