"""What a script cannot repeat: stages that plugins answer or wrap, limits inside an epoch, weights of another run."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hookline.errors.diagnostic import Diagnostic
from hookline.plugins.dispatch import attribution
from hookline.plugins.manager import callback_name
from hookline.plugins.stages import STAGES, Run
from hookline.script.lines import BatchNames

if TYPE_CHECKING:
    from hookline.data.batches import Data

AFTER_TRAINING = ("deploy", "tune")
"""The stages that are called when the model is trained."""


def problems(run: Run) -> Iterator[Diagnostic]:
    """Yield a problem for each part of the spec that has no component, or whose plugin has no lines."""
    yield from _problems_of_stages(run)
    for option in ("max_steps", "max_time", "validate_every_steps", "validate_every_epochs"):
        if getattr(run.spec.run, option) is not None:
            message = "The script trains and validates whole epochs: remove this option."
            yield Diagnostic("not-ejectable", message, ("run", option))
    if run.spec.initialize_from is not None:
        message = "The script has no weights of another run: remove this section, and load them yourself."
        yield Diagnostic("not-ejectable", message, ("initialize_from",))


def _problems_of_stages(run: Run) -> Iterator[Diagnostic]:
    """Yield a problem for each stage that a plugin answers or wraps, apart from those of Hookline and callbacks."""
    built_in = {origin.name for origin, _ in run.plugins if origin.is_built_in}
    callbacks = {callback_name(index, callback) for index, callback in enumerate(run.spec.callbacks)}
    listed = {name.replace("-", "_"): index for index, name in enumerate(run.spec.plugins)}
    for stage in STAGES:
        if stage in AFTER_TRAINING:
            continue
        for implementation in attribution.implementations(run.stages.manager, stage):
            name = implementation.plugin_name
            if name in built_in or name in callbacks:
                continue
            verb = "wraps" if attribution.is_wrapper(implementation) else "answers"
            index = listed.get(name.replace("-", "_"))
            yield Diagnostic(
                "not-ejectable",
                f'The plugin "{name}" {verb} the stage `{stage}`, which has no lines of torch.',
                () if index is None else ("plugins", index),
            )


def any_names(data: "Data") -> BatchNames:
    """Return names for the tensors of a batch, to look for problems in a script that is not written."""
    return BatchNames(
        inputs={name: f"x{index}" for index, name in enumerate(data.example.inputs)},
        targets={name: f"y{index}" for index, name in enumerate(data.example.targets)},
    )
