"""Refuse runs that a script cannot repeat: stages that plugins answer or wrap, and options that have no lines."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hookline.errors.diagnostic import Diagnostic
from hookline.plugins.dispatch import attribution
from hookline.plugins.manager import callback_name
from hookline.plugins.stages import STAGES, Run
from hookline.script.lines import BatchNames
from hookline.script.written import other_options

if TYPE_CHECKING:
    from hookline.data.data import Data

SECTIONS = {
    *("plugins", "run", "data", "model", "initialize", "initialize_from"),
    *("loss", "losses", "optimizer", "metrics", "callbacks", "deploy"),
}
"""The sections of a spec that a script has, or that say nothing about the training itself."""

OPTIONS = {
    *("name", "seed", "epochs", "device", "dtype", "evaluate_training", "keep_examples", "trace"),
    *("accumulate", "max_steps", "max_time", "validate_every_steps", "validate_every_epochs"),
}
"""The options of `[run]` that a script has, or that do not change what is trained."""

REASONS = {"tune": "A script trains once, but a search trains many times."}
"""Why a section or an option of the run has no lines."""

BEST = "Search first, and eject the spec of the best trial: `hookline eject runs/{name}/1/best.toml`."
"""What to do with a search."""

AFTER_TRAINING = ("deploy", "tune")
"""The stages that are called when the model is trained."""


def problems(run: Run) -> Iterator[Diagnostic]:
    """Yield a problem for each section and option of the run without lines, and for each stage of a plugin."""
    for name in other_options(run.spec, SECTIONS):
        instead = BEST.format(name=run.spec.run.name) if name == "tune" else ""
        yield Diagnostic("not-ejectable", REASONS.get(name, "This section has no lines of torch."), (name,), instead)
    for name in other_options(run.spec.run, OPTIONS):
        yield Diagnostic("not-ejectable", REASONS.get(name, "This option has no lines of torch."), ("run", name))
    yield from _of_stages(run)


def _of_stages(run: Run) -> Iterator[Diagnostic]:
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
