"""What a stack cannot contain, with the reason."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hookline.plugins.dispatch.attribution import implementations, is_built_in, is_wrapper
from hookline.plugins.manager import BUILT_IN
from hookline.plugins.stages import Run
from hookline.training.preparation import Parts
from hookline.tuning.stacked.computing.layers.noise import dropouts

if TYPE_CHECKING:
    from torch import nn

REPLACED = ("forward", "loss", "backward")
"""The stages that are not called for each member in a step."""


class NotStackable(Exception):  # noqa: N818 - It is a reason: the trial can be trained alone.
    """Raised with the reason why a trial cannot be trained together with others."""


class StackFailure(NotStackable):
    """Raised with the error of steps or batches of several trials. Alone, some of the trials may not have it."""

    def __init__(self, error: str):
        super().__init__(f"A step of all of them has failed: {error.removesuffix('.')}.")


def refuse_unstackable(run: Run, parts: Parts, own: object) -> None:
    """Raise a `NotStackable` for a run whose steps cannot be computed together with those of others.

    `own` is the plugin of the stack.
    """
    for reason in _reasons(run, parts, own):
        raise NotStackable(reason)


def _reasons(run: Run, parts: Parts, own: object) -> Iterator[str]:
    manager = run.stages.manager
    for stage in REPLACED:
        for one in implementations(manager, stage):
            if not is_built_in(one) and one.plugin is not own:
                does = "wraps" if is_wrapper(one) else "answers"
                yield f'{_name(one.plugin_name)} {does} the stage "{stage}", which is not called for each trial.'
    for stage in ("step", "fit"):
        for one in implementations(manager, stage):
            if one.hookwrapper:
                yield f'{_name(one.plugin_name)} wraps the stage "{stage}" in the old way of pluggy.'
            elif not is_wrapper(one) and one.plugin_name not in BUILT_IN:
                yield f'{_name(one.plugin_name)} answers the stage "{stage}".'
    if parts.data.example.lengths:
        yield "The data has padded sequences."
    if len(run.objective.inputs) > 1 and set(run.objective.inputs) == set(parts.data.example.inputs):
        yield "The model is applied to each group of inputs separately."
    for option in ("max_time", "validate_every_steps"):
        if getattr(run.spec.run, option) is not None:
            yield f"The run has the option `{option}`."
    if run.spec.run.accumulate > 1 and (layer := _of_parts(parts.model)):
        yield f"With `accumulate`, {layer} computes each part of a batch for itself."
    if run.spec.optimizer.needs_closure:
        yield f"{type(run.spec.optimizer).__name__} evaluates the loss several times in a step."


def _of_parts(model: "nn.Module") -> str | None:
    """The type of a layer that computes something else for parts of a batch than for the whole batch.

    Without such layers, the gradients are those of the whole batch up to rounding.
    """
    from torch.nn.modules.batchnorm import _BatchNorm

    dropping = dropouts(model).values()
    found = (one for one in model.modules() if isinstance(one, _BatchNorm) or one in dropping)
    return next((type(one).__name__ for one in found), None)


def _name(plugin: str) -> str:
    """The type of a callback, whose plugin is called "callbacks[0] Type", or the name of another plugin."""
    return plugin.rpartition(" ")[2]
