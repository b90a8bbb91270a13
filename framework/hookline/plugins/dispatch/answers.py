"""Check the answers of stages. A wrong answer is reported with its stage and, if possible, its plugin."""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hookline.data.batches import length_of
from hookline.data.data import Data
from hookline.data.numerics import is_number
from hookline.errors.exceptions import StageError
from hookline.errors.text import PathElement, enumerate_names
from hookline.plugins.dispatch.attribution import implementations, is_built_in, is_wrapper
from hookline.plugins.stages import Run
from hookline.spec.objective.prediction import Prediction
from hookline.spec.training import TrainingSpec

LARGE = 2**63
"""Integers below it are not too large for a float."""


def wanted(stage: str, answer: Any) -> str | None:
    """Describe the required answer if this is not one; otherwise `None`. Stages of the inner loop are not checked."""
    if stage == "prepare_data":
        return None if isinstance(answer, Data) else "a hookline.data.Data"
    if stage in ("build_model", "select_loss", "fit"):
        from torch import nn

        return None if isinstance(answer, nn.Module) else "an nn.Module"
    if stage == "select_optimizer":
        return None if hasattr(answer, "param_groups") and hasattr(answer, "step") else "an optimizer"
    if stage == "predict":
        is_right = isinstance(answer, Mapping) and all(isinstance(one, Prediction) for one in answer.values())
        return None if is_right else "a mapping with a hookline.spec.Prediction of each loss"
    if stage == "evaluate":
        return None if isinstance(answer, Mapping) and "loss" in answer else 'a mapping with the "loss"'
    if stage == "log":
        return None if isinstance(answer, Mapping) and "training/loss" in answer else 'a mapping with "training/loss"'
    if stage == "tune":
        return None if answer is None or isinstance(answer, TrainingSpec) else "a TrainingSpec, or None"
    if stage == "deploy":
        is_paths = (
            isinstance(answer, Sequence)
            and not isinstance(answer, str)
            and all(isinstance(path, (str, Path)) for path in answer)
        )
        return None if is_paths else "a sequence of paths"
    return None


def unfit(stage: str, answer: Any) -> str | None:
    """Describe the required answer if a part of this one is wrong; otherwise `None`.

    The values that `evaluate` returns must be numbers; those of `log` must be JSON, with the integers "epoch" and
    "step"; each split of `prepare_data` must have batches. The sentence continues "must be answered with".
    """
    if stage == "prepare_data" and isinstance(answer, Data):
        empty = next((split for split, batches in answer.splits().items() if length_of(batches) == 0), None)
        remedy = "" if empty == "training" else ": omit the split, or give it rows"
        return None if empty is None else f"at least one batch in each split, but the {empty} split has none{remedy}"
    if stage not in ("evaluate", "log") or not isinstance(answer, Mapping):
        return None
    is_good, values = (is_number, "numbers") if stage == "evaluate" else (_is_json, "JSON values")
    for name, value in answer.items():
        if not isinstance(name, str):
            return f"{values} by name, but the key {name!r} is not a string: it is {shown(name)}"
        if not is_good(value):
            convertible = hasattr(value, "shape") and hasattr(value, "item")
            remedy = ". Write float(…) around it" if convertible and math.prod(value.shape) == 1 else ""
            return f'{values}, but "{name}" is {shown(value)}{remedy}'
        if isinstance(value, int) and abs(value) > sys.float_info.max:
            return f'{values}, but "{name}" is an integer that is too large for a float'
    for name in ("epoch", "step") if stage == "log" else ():
        if not isinstance(answer.get(name), int) or isinstance(answer[name], bool):
            found = shown(answer[name]) if name in answer else "missing"
            return f'the record that it received, with additions, but "{name}" is {found}'
    return None


def is_plain(stage: str, answer: Any) -> bool:
    """Whether an answer is what most answers of the stages that are called in each epoch are: ordinary numbers."""
    if type(answer) is not dict or set(map(type, answer)) != {str}:
        return False
    for value in answer.values():
        if type(value) is not float and (type(value) is not int or abs(value) >= LARGE):
            return False
    if stage == "log":
        return "training/loss" in answer and type(answer.get("epoch")) is type(answer.get("step")) is int
    return stage == "evaluate" and "loss" in answer


def missing_predictions(stage: str, answer: Any, run: Run) -> str | None:
    """Describe the required answer if the prediction of a loss is missing; otherwise `None`."""
    missing = [key for key in run.objective.prediction_keys() if key not in answer] if stage == "predict" else []
    return f"a prediction of each loss, but {_are_missing(missing)}" if missing else None


def missing_losses(stage: str, answer: Any, run: Run) -> str | None:
    """Describe the required answer if the criterion of a loss in `[losses]` is missing; otherwise `None`.

    Only the built-in answer of the stage `loss` needs these criteria.
    """
    if stage != "select_loss" or not run.objective.names:
        return None
    computing = [one for one in implementations(run.stages.manager, "loss") if not is_wrapper(one)]
    criteria: Any = getattr(answer, "losses", None)
    found = criteria.keys() if hasattr(criteria, "keys") else ()
    missing = [name for name in run.objective.names if name not in found]
    if not missing or not all(map(is_built_in, computing)):
        return None
    return (
        "an nn.Module whose attribute `losses`, an nn.ModuleDict, contains the criterion of each loss, as "
        f"`run.objective.build(data)` returns it, but {_are_missing(missing)}"
    )


def _are_missing(names: Sequence[str]) -> str:
    return f"{enumerate_names(names)} {'is' if len(names) == 1 else 'are'} missing"


def is_scalar(answer: object) -> bool:
    """Whether an answer is a loss: a tensor without dimensions."""
    import torch

    return isinstance(answer, torch.Tensor) and answer.dim() == 0


def _is_json(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(name, str) and _is_json(element) for name, element in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(_is_json, value))
    return value is None or isinstance(value, (bool, int, float, str))


def shown(answer: object) -> str:
    """Describe an answer in a message: its type and, for a tensor, its shape."""
    shape = getattr(answer, "shape", None)
    return f"of type {type(answer).__name__}" + (f" and shape {tuple(shape)}" if shape is not None else "")


def wrong_answer(
    run: Run,
    stage: str,
    wanted: str,
    answer: object,
    is_right: Callable[[Any], bool],
    given: Mapping[str, Any],
    *,
    hint: str = "",
    path: Sequence[PathElement] = (),
) -> StageError:
    """The error for a wrong answer of a stage; it names the plugin that answered.

    The stage is called again with its arguments, `given`, each time without one more plugin, until the answer is right:
    use this only for stages that may be called again. If the built-in answer is wrong, `hint` is added to the message,
    and the error has this `path` (default: that of the section of the stage).
    """
    for implementation in implementations(run.stages.manager, stage):
        if is_built_in(implementation):
            break
        if is_right(run.stages.inside(implementation.plugin, stage)(run=run, **given)):
            plugin = implementation.plugin_name
            who = (
                f"The wrapper of {plugin} around"
                if is_wrapper(implementation)
                else f"The implementation by {plugin} of"
            )
            message = f'{who} the stage "{stage}" must return {wanted}, but its return value is {shown(answer)}.'
            return StageError(message, run.stages.manager.place_of(plugin, stage))
    message = f'The stage "{stage}" must be answered with {wanted}, but the answer is {shown(answer)}.{hint}'
    return StageError(message, path or run.stages.manager.place_of("", stage))


def refuse_wrong_loss(run: Run, answer: object, **given: Any) -> None:
    """Raise a `StageError` if the stage `loss`, with these arguments, answered with anything but a scalar tensor."""
    if not is_scalar(answer):
        terms = run.objective.terms(given["criterion"])
        wrong = next((term.name for term in terms if term.value.dim()), None)
        loss = run.objective.losses.get(wrong) or next(iter(run.objective.losses.values()))
        path = loss.path if wrong in run.objective.losses else ()
        hint = f" {type(loss.loss).__name__} must return the sum or the mean over its rows."
        raise wrong_answer(run, "loss", "a scalar tensor", answer, is_scalar, given, hint=hint, path=path)
