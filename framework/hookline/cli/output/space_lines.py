"""Show the search of a tuner: its space, its size, and a trial."""

from collections.abc import Iterator
from typing import Any

from hookline.cli.output.screen import paragraph, table
from hookline.cli.output.trials.rows import listed, short_names
from hookline.errors.text import counted
from hookline.spec.families.tuner import TunerSpec
from hookline.spec.space.domains import Choices
from hookline.spec.space.space import Parameter
from hookline.spec.training import TrainingSpec
from hookline.tuning.opening import plan_of


def space_lines(spec: TrainingSpec, tuner: TunerSpec, width: int | None) -> Iterator[str]:
    """The search of a spec as text, in lines of at most `width` characters."""
    size = tuner.space.size()
    number = "infinitely many values" if size is None else f"{size:,} combinations"
    yield f"Search by {type(tuner).__name__}: {counted(tuner.total or 0, 'trial')} of {number}"
    yield from table(((one.name, _values(one)) for one in tuner.space.parameters()), width)
    for goal in goals(spec):
        yield from paragraph(f"  {goal}", width, then="    ")
    first = tuner.build(spec.run.seed, plan_of(spec).maximized).suggest(1, ())
    if first is not None:
        yield from paragraph(f"  the first trial: {listed(short_names(tuner.space), first.values)}", width, then="    ")


def goals(spec: TrainingSpec) -> Iterator[str]:
    """What the search is for: "the lowest validation/loss"."""
    plan = plan_of(spec)
    for name, is_highest in zip(plan.monitors, plan.maximized, strict=True):
        yield f"for the {'highest' if is_highest else 'lowest'} {name}"


def space_as_json(spec: TrainingSpec, tuner: TunerSpec) -> dict[str, Any]:
    """The search of a spec as JSON values."""
    first = tuner.build(spec.run.seed, plan_of(spec).maximized).suggest(1, ())
    return {
        "type": type(tuner).__name__,
        "trials": tuner.total,
        "combinations": tuner.space.size(),
        "parameters": {one.name: _values(one) for one in tuner.space.parameters()},
        "first_trial": None if first is None else dict(first.values),
    }


def _values(parameter: Parameter) -> str:
    """The values of a parameter in words."""
    domain = parameter.domain
    if isinstance(domain, Choices):
        return ", ".join(map(domain.text, domain.labels))
    how = ", logarithmic" if domain.log else "" if domain.step is None else f" in steps of {domain.step}"
    return f"{domain.low} to {domain.high}{how}"
