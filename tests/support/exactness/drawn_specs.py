"""Random specs, trained by the layers and by traces, with each runner, with and without a comparison in the run."""

import os

import pytest
import tracing
from drawn.outcomes import differences, outcome
from drawn.specs import drawn_spec

import hookline
from exactness.result import Result
from exactness.runs import without_plots
from hookline.training.means import mean_loss
from hookline.training.tracing.graphs.running.sources import OTHER_VALUES

LONGER = 20
"""The factor of the epochs of a training that is traced as usual, where that earns back its cost."""

WAYS = {
    "torchscript": ("torchscript", 0),
    "python": ("python", 0),
    "torchscript, compared": ("torchscript", 3),
}
"""The runners, and how many steps are computed both ways before the trace alone is used."""

MUST_NOT_OCCUR = ("other bits", "the trace failed", "cannot be made", "cannot be recorded", "cannot be compared")
"""Parts of the reasons of a trace that is not equal to the layers: the run itself notices it."""

MAY_OCCUR = (OTHER_VALUES, "index out of range")
"""Parts of errors that a trace may have: the layers look at values, or they fail with the same error."""


def compared(seed, result):
    """Train a spec in all ways, and compare everything that the trainings leave."""
    drawn = drawn_spec(seed)
    try:
        hookline.load(drawn.table)
    except hookline.errors.SpecError:
        return
    if seed % 10 == 9:
        _compared_as_usual(seed, drawn, result)
    reading = 1024 if seed % 3 else 1 + seed % 7
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mean_loss, "READ_EVERY", reading)
        tracing.trace_nothing(patch)
        plain = outcome(drawn.table, drawn.columns, drawn.plugins())
    if "step" not in plain.seen:
        return  # It does not begin.
    for name, (runner, checks) in WAYS.items():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(mean_loss, "READ_EVERY", reading)
            tracing.trace_everything(patch, runner, checks=checks)
            other = outcome(drawn.table, drawn.columns, drawn.plugins())
        problems = [*differences(plain, other)]
        fails = "error" in plain.seen
        problems += [reason for reason in other.reasons if _is_fault(reason) and not fails]
        counts = {"traced steps": other.traced, "traced evaluations": other.evaluated, "with an error": fails}
        result.add(f"{seed}, {name}", ", ".join(problems), **counts)


def _compared_as_usual(seed, drawn, result):
    """Train longer, with and without tracing, as a user does."""
    run = {**drawn.table["run"], "epochs": LONGER * drawn.table["run"]["epochs"]}
    plain, other = (
        outcome({**drawn.table, "run": {**run, "trace": trace}}, drawn.columns, drawn.plugins())
        for trace in ("off", "auto")
    )
    faults = [] if "error" in plain.seen else list(filter(_is_fault, other.reasons))
    counts = {"traced steps": other.traced, "traced evaluations": other.evaluated}
    result.add(f"{seed}, as usual", ", ".join([*differences(plain, other), *faults]), **counts)


def _is_fault(reason):
    return any(part in reason for part in MUST_NOT_OCCUR) and not any(part in reason for part in MAY_OCCUR)


def prove(count=1000, seed=None):
    """Try this many random specs, some of which are refused."""
    first = int(os.environ.get("SEED", "0")) if seed is None else seed
    result = Result("drawn")
    with without_plots():
        for number in range(first, first + count):
            compared(number, result)
    return result
