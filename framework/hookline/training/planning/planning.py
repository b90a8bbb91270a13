"""The plan of a run, made without training."""

from collections.abc import Iterable
from typing import Any

from attrs import evolve

from hookline.plugins.manager import Plugins
from hookline.plugins.stages import Run
from hookline.runs.plan.plan import Plan
from hookline.runs.plan.split_counts import split_counts
from hookline.spec.training import TrainingSpec
from hookline.training.gradients import gradients_by_layers
from hookline.training.planning.memory import memory
from hookline.training.preparation import Prepared, prepared, refuse_other_specs
from hookline.training.run_setup import new_run
from hookline.training.tracing.passes.planned import planned_evaluation
from hookline.training.tracing.planned import planned_tracing


def plan(spec: TrainingSpec, *, data: Any = None, plugins: Iterable[object] = ()) -> Plan:
    """Read the data, build the model, try a training with two rows, and return what would run. Nothing is written.

    Args:
        spec: what would be trained, from `hookline.load`.
        data: the rows, as for `hookline.train`.
        plugins: modules or objects with hook implementations, as for `hookline.train`.

    Raises:
        HooklineError: if the data or the model does not fit, or if a plugin fails.

    >>> import hookline
    >>> plan = hookline.plan(hookline.load("specs/iris.toml"))
    >>> plan.rows, plan.parameters
    ({'training': 90, 'validation': 30, 'test': 30}, 131)

    """
    refuse_other_specs(spec)
    with new_run(spec, Plugins(spec.plugins, plugins), given=data) as run:
        return planned(run)


def planned(run: Run) -> Plan:
    """The plan of a run, with an estimate of its memory. Nothing is written."""
    return with_estimates(run, prepared(run))


def with_estimates(run: Run, made: Prepared) -> Plan:
    """The plan with an estimate of its memory, and the counts of the rows."""
    estimated = memory(run, made.data, made.model, made.criterion, made.optimizer, made.plan.layers)
    tracing = planned_tracing(
        run,
        made.data.example,
        (made.model, made.criterion),
        made.optimizer,
        gradients_by_layers(run, made.model, made.criterion, made.optimizer),
    )
    return evolve(
        made.plan,
        memory=estimated,
        split_counts=split_counts(made.data),
        tracing=tracing,
        traced_evaluation=planned_evaluation(run, made.data.example, made.model, made.criterion),
    )
