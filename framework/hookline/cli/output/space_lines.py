"""Show the search of a tuner: its space, its size, and a trial."""

from collections.abc import Iterator
from typing import Any

from hookline.cli.output.screen import paragraph, table
from hookline.cli.output.trials.rows import listed, short_names
from hookline.errors.text import counted
from hookline.runs.side_by_side.cells import seconds_text
from hookline.spec.families.tuner import TunerSpec
from hookline.spec.space.domains import Choices
from hookline.spec.space.record import TrialRecord
from hookline.spec.space.space import Parameter
from hookline.spec.training import TrainingSpec
from hookline.tuning.opening import plan_of
from hookline.tuning.trainings import trainings_of


def space_lines(spec: TrainingSpec, tuner: TunerSpec, epoch: float | None, width: int | None) -> Iterator[str]:
    """The search of a spec as text, in lines of at most `width` characters. An epoch takes `epoch` seconds."""
    size = tuner.space.size()
    number = "infinitely many values" if size is None else f"{size:,} combinations"
    yield f"Search by {type(tuner).__name__}: {counted(tuner.total or 0, 'trial')} of {number}"
    yield from table(((one.name, _values(one)) for one in tuner.space.parameters()), width)
    for goal in goals(spec):
        yield from paragraph(f"  {goal}", width, then="    ")
    if (seconds := _seconds(spec, tuner, epoch)) is not None:
        of_trial, trainings = seconds / (tuner.total or 1), len(trainings_of(spec, tuner))
        several = f" with {trainings} trainings" if trainings > 1 else ""
        text = (
            f"about {seconds_text(seconds)} with one worker, if no trial ends early: {seconds_text(of_trial)} for each"
        )
        yield from paragraph(f"  {text}{several}", width, then="    ")
    chosen, first = _example(spec, tuner)
    if tuner.baseline:
        yield "  trial 1: the spec's own values"
    if first is not None:
        yield from paragraph(f"  trial {chosen}: {listed(short_names(tuner.space), first.values)}", width, then="    ")


def _example(spec: TrainingSpec, tuner: TunerSpec) -> tuple[int, TrialRecord | None]:
    """The first trial that the tuner chooses."""
    number = 2 if tuner.baseline else 1
    return number, tuner.build(spec.run.seed, plan_of(spec).maximized).suggest(number, ())


def _seconds(spec: TrainingSpec, tuner: TunerSpec, epoch: float | None) -> float | None:
    """The time of all trials, if each has all epochs and takes as long as the spec itself."""
    if epoch is None:
        return None
    return epoch * spec.run.epochs * len(trainings_of(spec, tuner)) * (tuner.total or 1)


def goals(spec: TrainingSpec) -> Iterator[str]:
    """What the search is for: "the lowest validation/loss"."""
    plan = plan_of(spec)
    for name, is_highest in zip(plan.monitors, plan.maximized, strict=True):
        yield f"for the {'highest' if is_highest else 'lowest'} {name}"


def space_as_json(spec: TrainingSpec, tuner: TunerSpec, epoch: float | None) -> dict[str, Any]:
    """The search of a spec as JSON values. An epoch takes `epoch` seconds."""
    number, first = _example(spec, tuner)
    return {
        "type": type(tuner).__name__,
        "trials": tuner.total,
        "combinations": tuner.space.size(),
        "parameters": {one.name: _values(one) for one in tuner.space.parameters()},
        "seconds": _seconds(spec, tuner, epoch),
        "baseline": tuner.baseline,
        "example": None if first is None else {"number": number, "values": dict(first.values)},
    }


def _values(parameter: Parameter) -> str:
    """The values of a parameter in words."""
    domain = parameter.domain
    if isinstance(domain, Choices):
        return ", ".join(map(domain.text, domain.labels))
    how = ", logarithmic" if domain.log else "" if domain.step is None else f" in steps of {domain.step}"
    return f"{domain.low} to {domain.high}{how}"
