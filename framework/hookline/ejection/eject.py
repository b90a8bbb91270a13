"""Write a training as a script: the sections in the order of the pipeline, with the lines of the components."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from textwrap import fill
from typing import Any

from attrs import evolve

from hookline.ejection import refusals
from hookline.ejection.limit_lines import add_limits
from hookline.ejection.loop_lines import add_training
from hookline.ejection.model_lines import add_model
from hookline.ejection.objective_lines import ObjectiveLines
from hookline.ejection.verify import refuse_other_batches
from hookline.errors.exceptions import MismatchError, SpecError
from hookline.errors.text import PathElement
from hookline.plugins.manager import Plugins
from hookline.plugins.stages import Run
from hookline.script.python import WIDTH
from hookline.script.script import Script
from hookline.script.written import refuse_inherited_lines
from hookline.spec.parameters import named_parameters
from hookline.spec.training import TrainingSpec
from hookline.training.preparation import Prepared, prepared, refuse_other_specs
from hookline.training.run_setup import new_run


class EjectionError(SpecError):
    """Raised when a spec cannot be written as a script. Contains every part that has no lines of torch."""

    id = "not-ejectable"


def eject(spec: TrainingSpec, *, plugins: Iterable[object] = (), title: str = "") -> str:
    """Write a spec as a Python script that trains the same model, bit for bit, with torch and without Hookline.

    The data is read and the model is built, as by `hookline.plan`; nothing is trained or written.

    Args:
        spec: what to train, from `hookline.load`.
        plugins: modules or objects with hook implementations, as for `hookline.train`.
        title: the first line of the script, such as what it trains. Default: the name of the run.

    Returns:
        The script. Paths in it are relative to the current directory, if they are below it.

    Raises:
        SpecError: if a part of the spec has no lines of torch. It names each of them.
        HooklineError: if the data or the model does not fit, or if a plugin fails.

    >>> import hookline
    >>> script = hookline.eject(hookline.load("specs/iris.toml"))
    >>> "optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=True)" in script
    True

    """
    refuse_other_specs(spec)
    with new_run(spec, Plugins(spec.plugins, plugins)) as run:
        return ejected(run, title)


def ejected(run: Run, title: str = "") -> str:
    """Return the script of a run that has been opened.

    Raises:
        EjectionError: if a part of the spec has no lines.

    """
    made = prepared(run)
    spec = run.spec
    script = Script(seed=spec.run.seed, epochs=spec.run.epochs, dtype=spec.run.dtype, device=run.device.type)
    script.modules = ("model", "criterion") if made.criterion.state_dict() else ("model",)
    script.model = made.model
    script.trained = named_parameters(made.model, made.criterion)
    script.problems += refusals.problems(run)
    _add_beginning(script, run)
    with _collecting(script, "data"):
        refuse_inherited_lines(spec.data)
        script.batch = spec.data.eject(script, run, made.data, run.objective)
        refuse_other_batches(script, run, made.data)
        if not _needs_lengths(run, made):  # They are in the batches, but no line uses them.
            unused = {name: f"_{variable}" for name, variable in script.batch.lengths.items()}
            script.batch = evolve(script.batch, lengths=unused)
    add_limits(script, run, has_validation="validation" in made.data.splits())
    objective = _add_components(script, run, made)
    if script.problems:
        raise EjectionError(script.problems, "spec")
    add_training(script, run, made, objective)
    return script.text(_docstring(script, title or spec.run.name))


def _needs_lengths(run: Run, made: Prepared) -> bool:
    """Whether the model or a loss uses the lengths of padded sequences."""
    encodings = run.objective.encodings(made.data.targets).values()
    return getattr(made.model, "takes_lengths", False) or any(one.kind == "sequences" for one in encodings)


def _add_components(script: Script, run: Run, made: Prepared) -> ObjectiveLines:
    """Add the lines of all components but the data source; problems are collected."""
    spec = run.spec
    sized: Any = spec.model.sized(run.objective.output_sizes(made.data.targets))
    if not script.batch.inputs:  # The data source cannot be written: find the other problems, too.
        script.batch = refusals.any_names(made.data)
    objective = ObjectiveLines(run, script, made)
    for named in run.objective.losses.values():
        with _collecting(script, *named.path):
            refuse_inherited_lines(named.loss)
            objective.of(named)
    if not script.problems:
        with _collecting(script):
            objective.statements()
    for index, metric in enumerate(spec.metrics):
        with _collecting(script, "metrics", index):
            refuse_inherited_lines(metric)
            objective.metric(metric)
    add_model(script, run, made, sized, _collecting, objective)
    for index, callback in enumerate(spec.callbacks):
        if callback.only_observes:
            script.left_out.append(f"{type(callback).__name__} (callbacks.{index})")
            continue
        with _collecting(script, "callbacks", index):
            refuse_inherited_lines(callback)
            callback.eject(script, run)
    for index, target in enumerate(spec.deploy):
        script.left_out.append(f"{type(target).__name__} (deploy.{index})")
    return objective


@contextmanager
def _collecting(script: Script, *path: PathElement) -> Iterator[None]:
    """Note in the script that a component cannot be written, if the block says so."""
    try:
        yield
    except MismatchError as error:
        if error.diagnostic.id != "not-ejectable":
            raise error.within(*path) from error.__cause__
        script.refuse(error, *path)


def _add_beginning(script: Script, run: Run) -> None:
    script.use("import torch")
    script.constants |= {"SEED": run.spec.run.seed, "EPOCHS": run.spec.run.epochs}
    if run.spec.run.dtype != "float32":
        script.beginning.append(f"torch.set_default_dtype(torch.{run.spec.run.dtype})")
    if run.device.type != "cpu":
        script.use("import os")
        script.beginning += [
            f'device = torch.device("{run.device}")',
            'os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")',
            "torch.use_deterministic_algorithms(True, warn_only=True)",
        ]


def _docstring(script: Script, title: str) -> str:
    """Return the docstring of the script: what it does, what it needs, and what it leaves out."""
    summary, _, rest = title.partition(". ")
    summary = f"{summary}." if rest else summary
    paragraphs = [f'"""{summary}', rest] if rest else [f'"""{summary}']
    paragraphs.append("Written by `hookline eject`. It trains to the same bits as `hookline train`, without Hookline.")
    if script.left_out:
        names = ", ".join(script.left_out)
        paragraphs.append(f"Left out, because the training is the same without it: {names}.")
    return "\n\n".join(fill(one, WIDTH, break_on_hyphens=False) for one in paragraphs) + '\n"""'
