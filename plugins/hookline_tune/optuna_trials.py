"""The records of trials as trials of Optuna, which is imported when the first one is made."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hookline.spec import Choices, Parameter, Space, TrialRecord
from hookline_tune.pruners import PrunerSpec

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

OF_STUDY = "study"
"""The attribute of a trial with what the sampler has noted of the study when it chose the values."""


def reported(record: TrialRecord, pruner: PrunerSpec | None) -> dict[int, float]:
    """What a trial has reported to a pruner, by step: its curve by epoch, or the results of its trainings."""
    if pruner is not None and pruner.judges_trainings:
        return {step: training.results[0] for step, training in enumerate(record.trainings)}
    return {epoch - 1: number for epoch, number in record.curve.items()}


def as_frozen(record: TrialRecord, space: Space, *, directions: int, pruner: PrunerSpec | None = None) -> "FrozenTrial":
    """The trial as Optuna has it, in a study of so many monitored numbers."""
    from optuna.trial import TrialState, create_trial

    from hookline_tune.ended_trials import ended_trial

    steps = reported(record, pruner)
    state, values = TrialState.FAIL, None
    if record.state == "pruned":
        last = steps[max(steps)]
        state, values = TrialState.PRUNED, [last] if math.isfinite(last) else None
    elif record.state != "failed" and record.results is not None:
        state, values = TrialState.COMPLETE, list(record.results)
    params = {one.name: record.values[one.name] for one in space.parameters() if one.name in record.values}
    distributions = {one.name: distribution(one) for one in space.parameters() if one.name in params}
    if record.state == "running":
        return create_trial(state=TrialState.RUNNING, params=params, distributions=distributions)
    return ended_trial(
        state,
        values=values,
        params=params,
        distributions=distributions,
        system_attrs={name: value for name, value in record.attributes.items() if name != OF_STUDY},
        intermediate_values=steps if directions == 1 else {},
    )


def noted_of_study(trials: Sequence[TrialRecord]) -> dict[str, Any]:
    """What the sampler has noted of the study: of several notes, the first one."""
    noted: dict[str, Any] = {}
    for record in trials:
        noted = {**record.attributes.get(OF_STUDY, {}), **noted}
    return noted


def distribution(parameter: Parameter) -> "BaseDistribution":
    """The distribution of a parameter."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    domain = parameter.domain
    if isinstance(domain, Choices):
        return CategoricalDistribution(domain.labels)
    if domain.is_integer:
        return IntDistribution(int(domain.low), int(domain.high), log=domain.log, step=int(domain.step or 1))
    return FloatDistribution(float(domain.low), float(domain.high), log=domain.log, step=domain.step)
