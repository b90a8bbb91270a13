"""Checks of components in a small training: it works, it repeats, and what it has learnt is kept."""

import io
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.errors.exceptions import HooklineError, StageError
from hookline.errors.failures import reason
from hookline.plugins.manager import callback_name
from hookline.plugins.run import Run
from hookline.plugins.stages import hookimpl
from hookline.spec.families.components import InitializationSpec, ModelSpec
from hookline.spec.families.loss import LossSpec
from hookline.spec.families.optimizer import OptimizerSpec
from hookline.testing.outcomes import refuse
from hookline.testing.subjects import Component

if TYPE_CHECKING:
    from torch import nn


def trains(component: Component) -> None:
    """Whether a small training with it works, and trains something."""
    spec = component.training
    try:
        trained = component.trained
    except HooklineError as error:
        refuse(f"A small training with {component.name} fails. {error}")
    except Exception as error:  # noqa: BLE001 - Whatever the component raises is told.
        refuse(f"A small training with {component.name} fails. {reason(error)}")
    losses = [record["training/loss"] for record in trained.trial.history]
    if not losses or not all(math.isfinite(loss) for loss in losses):
        refuse(f"The loss of a small training with {component.name} is not finite: {losses}.")
    if isinstance(component.example, (LossSpec, ModelSpec, OptimizerSpec)):
        _, before = component.prepare(spec)
        if same(state_of(before.model, before.criterion), state_of(trained.trial.model, trained.trial.criterion)):
            refuse(
                f"A training with {component.name} changes no parameter of the model: gradients must reach it (no "
                f"`detach` or `item` on the way), and a step must change what it is given."
            )
    if isinstance(component.example, InitializationSpec):
        _, with_it = component.prepare(spec)
        _, without = component.prepare(_without_initialization(spec))
        if same(with_it.model.state_dict(), without.model.state_dict()):
            refuse(f"{component.name} changes no parameter: `initialize` must write over the tensor it is given.")


def _without_initialization(spec: Any) -> Any:
    return evolve(spec, initialize=())


def repeats(component: Component) -> None:
    """Whether the same seed gives the same bits."""
    component.needs()
    first = component.trained
    second = component.train(component.training)
    states = [state_of(trained.trial.model, trained.trial.criterion) for trained in (first, second)]
    losses = [[record["training/loss"] for record in trained.trial.history] for trained in (first, second)]
    if not same(*states) or losses[0] != losses[1]:
        refuse(
            f"Two trainings with {component.name} and one seed differ: random numbers must come from torch's generator "
            f"or from `run.spec.run.seed`, and nothing may be left over from the training before in a class or module."
        )


def is_saved_and_loaded(component: Component) -> None:
    """Whether what it has learnt is saved by `state_dict`, and loaded into a new one before its training begins."""
    spec = component.needs()
    trained = component.trained
    index = next((index for index, callback in enumerate(spec.callbacks) if callback is component.example), None)
    name = None if index is None else callback_name(index, component.example)
    old: dict[str, Any] = {
        "model": trained.trial.model,
        "criterion": trained.trial.criterion,
        "optimizer": trained.optimizer,
    }
    callback = None if name is None else trained.run.stages.plugin(name)
    if callback is not None and hasattr(callback, "state_dict"):
        if not hasattr(callback, "load_state_dict"):
            refuse(f"{component.name} has a `state_dict`, and no `load_state_dict` to read it.")
        old["callback"] = callback
    states = {what: through_a_file(component, what, owner.state_dict()) for what, owner in old.items()}

    wrong: list[str] = []

    class Loading:
        """Answers `fit` without a training: in the place of one that is gone on with."""

        @hookimpl
        def fit(self, run: Run, model: Any, criterion: Any, optimizer: Any) -> Any:
            """Load what was saved into what is new."""
            new = {"model": model, "criterion": criterion, "optimizer": optimizer}
            new["callback"] = None if name is None else run.stages.plugin(name)
            for what, state in states.items():
                try:
                    new[what].load_state_dict(state)
                except Exception as error:  # noqa: BLE001 - Whatever the component raises is told.
                    wrong.append(
                        f"With {component.name} the `state_dict` of the {what} is not loaded into a new one. "
                        f"{reason(error)}"
                    )
                    return model
                if not same(new[what].state_dict(), old[what].state_dict()):
                    wrong.append(f"With {component.name} the {what} has another `state_dict` after it has loaded one.")
            return model

    with suppress(StageError):  # Nothing has been trained, and whoever looks for what was is not to blame.
        component.train(spec, Loading())
    if wrong:
        refuse(wrong[0])


def through_a_file(component: Component, what: str, state: Any) -> Any:
    """The state as it comes back from a file that can do no harm to whoever opens it."""
    import torch

    file = io.BytesIO()
    try:
        torch.save(state, file)
        file.seek(0)
        return torch.load(file, weights_only=True)
    except Exception as error:  # noqa: BLE001 - Whatever the state is made of is told.
        refuse(
            f"With {component.name} the `state_dict` of the {what} cannot be saved: it may have tensors, numbers, "
            f"text, lists and dictionaries, and nothing else. {reason(error)}"
        )


def state_of(model: "nn.Module", criterion: "nn.Module") -> dict[str, Any]:
    """All that is trained."""
    return {"model": model.state_dict(), "criterion": criterion.state_dict()}


def same(one: Any, other: Any) -> bool:
    """Whether two states are equal to the bit, NaN included."""
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
