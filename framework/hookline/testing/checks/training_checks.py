"""Checks of components in a small training: it works, it is reproducible, and its state can be saved and loaded."""

import io
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.errors.exceptions import HooklineError, StageError
from hookline.errors.failures import reason
from hookline.plugins.manager import callback_name
from hookline.plugins.stages import Run, hookimpl
from hookline.spec.families.initialization import InitializationSpec
from hookline.spec.families.loss.loss import LossSpec
from hookline.spec.families.model import ModelSpec
from hookline.spec.families.optimizer import OptimizerSpec
from hookline.testing.components_under_test import Component
from hookline.testing.outcomes import NotApplicable, refuse
from hookline.training.exactness.verify_spec import verify_spec

if TYPE_CHECKING:
    from torch import nn


def trains(component: Component) -> None:
    """Check that a small training with the component works and changes parameters."""
    spec = component.training
    try:
        trained = component.trained
    except HooklineError as error:
        refuse(f"A small training with {component.name} fails. {error}")
    except Exception as error:  # noqa: BLE001 - The component may raise anything.
        refuse(f"A small training with {component.name} fails. {reason(error)}")
    losses = [record["training/loss"] for record in trained.trial.history]
    if not losses or not all(math.isfinite(loss) for loss in losses):
        refuse(f"The loss of a small training with {component.name} is not finite: {losses}.")
    if isinstance(component.example, (LossSpec, ModelSpec, OptimizerSpec)):
        _, before = component.prepare(spec)
        if same(state_of(before.model, before.criterion), state_of(trained.trial.model, trained.trial.criterion)):
            refuse(
                f"A training with {component.name} changes no parameter of the model: gradients must reach the "
                f"parameters (no `detach` or `item` on the way), and a step must update them."
            )
    if isinstance(component.example, InitializationSpec):
        _, with_it = component.prepare(spec)
        _, without = component.prepare(_without_initialization(spec))
        if same(with_it.model.state_dict(), without.model.state_dict()):
            refuse(f"{component.name} changes no parameter: `initialize` must overwrite the tensor that it receives.")


def _without_initialization(spec: Any) -> Any:
    return evolve(spec, initialize=())


def repeats(component: Component) -> None:
    """Check that the same seed gives the same bits."""
    component.needs()
    first = component.trained
    second = component.train(component.training)
    states = [state_of(trained.trial.model, trained.trial.criterion) for trained in (first, second)]
    losses = [[record["training/loss"] for record in trained.trial.history] for trained in (first, second)]
    if not same(*states) or losses[0] != losses[1]:
        refuse(
            f"Two trainings with {component.name} and the same seed differ: random numbers must come from torch's "
            f"generator or from `run.spec.run.seed`, and no class or module may keep state of the previous training."
            f""
        )


def resumes(component: Component) -> None:
    """Check that a training with it which is interrupted and resumed equals one that is not, to the last bit."""
    spec = component.needs()
    verified = verify_spec(spec, component.plugin.plugins_for(spec.plugins))
    if any(component.name in name for name in verified.left_out):
        raise NotApplicable("It has effects outside the directory of the run, which a verification avoids.")
    if not verified.is_repeatable:
        raise NotApplicable(f'Two trainings with it differ anyway: see "{component.name}-repeats".')
    if not verified.is_exact:
        refuse(f"A training with {component.name} cannot be resumed exactly. {verified.summary}")


def is_saved_and_loaded(component: Component) -> None:
    """Check that its `state_dict` can be saved, and loaded into a new object before training starts."""
    spec = component.needs()
    trained = component.trained
    index = next((index for index, callback in enumerate(spec.callbacks) if callback is component.example), None)
    name = None if index is None else callback_name(index, component.example)
    old: dict[str, Any] = {
        "model": trained.trial.model,
        "criterion": trained.trial.criterion,
        "optimizer": trained.optimizer,
    }
    callback = None if name is None else trained.run.stages.manager.get_plugin(name)
    if callback is not None and hasattr(callback, "state_dict"):
        if not hasattr(callback, "load_state_dict"):
            refuse(f"{component.name} has `state_dict` but no `load_state_dict`.")
        old["callback"] = callback
    states = {what: through_a_file(component, what, owner.state_dict()) for what, owner in old.items()}

    wrong: list[str] = []

    class Loading:
        """Answer `fit` without training, as if a training were resumed."""

        @hookimpl
        def fit(self, run: Run, model: Any, criterion: Any, optimizer: Any) -> Any:
            """Load the saved states into the new objects."""
            new = {"model": model, "criterion": criterion, "optimizer": optimizer}
            new["callback"] = None if name is None else run.stages.manager.get_plugin(name)
            for what, state in states.items():
                try:
                    new[what].load_state_dict(state)
                except Exception as error:  # noqa: BLE001 - The component may raise anything.
                    wrong.append(
                        f"With {component.name}, the `state_dict` of the {what} cannot be loaded into a new object. "
                        f"{reason(error)}"
                    )
                    return model
                if not same(new[what].state_dict(), old[what].state_dict()):
                    wrong.append(f"With {component.name}, the {what} has a different `state_dict` after loading one.")
            return model

    with suppress(StageError):  # A callback that expects results may fail, since nothing is trained.
        component.train(spec, Loading())
    if wrong:
        refuse(wrong[0])


def through_a_file(component: Component, what: str, state: Any) -> Any:
    """Save a state to a file that is safe to open, and load it again."""
    import torch

    file = io.BytesIO()
    try:
        torch.save(state, file)
        file.seek(0)
        return torch.load(file, weights_only=True)
    except Exception as error:  # noqa: BLE001 - The state may contain anything.
        refuse(
            f"With {component.name}, the `state_dict` of the {what} cannot be saved: it may contain only tensors, "
            f"numbers, strings, lists and dictionaries. {reason(error)}"
        )


def state_of(model: "nn.Module", criterion: "nn.Module") -> dict[str, Any]:
    """The state of everything that is trained."""
    return {"model": model.state_dict(), "criterion": criterion.state_dict()}


def same(one: Any, other: Any) -> bool:
    """Whether two states are bit-identical; NaN equals NaN."""
    import torch

    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        if one.dtype != other.dtype or one.shape != other.shape:
            return False
        dense = (one.to_dense(), other.to_dense()) if one.is_sparse else (one, other)
        return bool(torch.equal(*(tensor.detach().nan_to_num(nan=0.5) for tensor in dense)))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and (one == other or (one != one and other != other))
