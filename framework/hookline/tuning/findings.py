"""What is notable about a study: how the best compares with the spec's own values, a best value at the edge of the
space, and trials that fail alike.
"""

from collections import Counter
from collections.abc import Iterator
from math import log

from hookline.check.space.variants import trial_document
from hookline.errors.text import counted
from hookline.runs.study import is_comparable
from hookline.spec.space.domains import Range
from hookline.spec.space.record import TrialRecord
from hookline.tuning.study import Study
from hookline.tuning.trainings import trainings_of

EDGE = 0.02
"""The part of a range at either end that counts as its edge."""


def findings(study: Study) -> Iterator[str]:
    """Sentences about the trials that have ended."""
    if (baseline := study.baseline) is not None:
        yield _comparison(study, baseline)
    if len(best := study.best) == 1:
        yield from _edges(study, best[0])
    yield from _failures(study)
    states = Counter(record.state for record in study.records)
    if pruned := states["pruned"]:
        epochs = sum(_saved_epochs(study, record) for record in study.records if record.state == "pruned")
        yield f"{counted(pruned, 'trial')} pruned, which saved at most {counted(epochs, 'epoch')}."


def _saved_epochs(study: Study, record: TrialRecord) -> int:
    """The number of epochs by which a pruned trial is shorter than one that ends after all of its trainings."""
    trial = study.loader.load(trial_document(study.document, study.tuner.space, record.values))
    whole, trainings = trial.run.epochs, len(trainings_of(trial, study.tuner))
    return whole * trainings - record.epochs - whole * (len(record.trainings) - 1)


def _comparison(study: Study, baseline: TrialRecord) -> str:
    """How the best trial compares with the one that has the spec's own values."""
    number, monitors = baseline.number, study.plan.monitors
    if not is_comparable(baseline):
        return f"With the spec's own values, trial {number}, there is no result to compare: it {_end(baseline)}."
    own = baseline.results or ()
    best = study.best
    if len(monitors) > 1:
        numbers = ", ".join(f"{name} {value:.6g}" for name, value in zip(monitors, own, strict=True))
        beaten = "" if baseline in best else ", which others beat in all of them"
        return f"With the spec's own values, trial {number}: {numbers}{beaten}."
    if baseline is best[0]:
        return f"No trial is better than the spec's own values, trial {number}."
    [found] = best[0].results or ()
    change = f", {abs(found - own[0]) / abs(own[0]):.2%} {'higher' if found > own[0] else 'lower'}," if own[0] else ""
    better = f"Trial {best[0].number} is better than the spec's own values, trial {number}"
    return f"{better}: {monitors[0]} {found:.6g}{change} instead of {own[0]:.6g}."


def _end(record: TrialRecord) -> str:
    return {"pruned": "was pruned", "failed": "failed"}.get(record.state, "has no finite result")


def _edges(study: Study, best: TrialRecord) -> Iterator[str]:
    for parameter in study.tuner.space.parameters():
        domain, value = parameter.domain, best.values.get(parameter.name)
        if not isinstance(domain, Range) or value is None:
            continue
        place = _place(domain, value)
        is_low = place <= EDGE
        if (is_low or place >= 1 - EDGE) and _can_be_wider(study, best, parameter.name, domain, is_low=is_low):
            end, bound = ("lower", domain.low) if is_low else ("upper", domain.high)
            yield (
                f"The best {parameter.name}, {value:.4g}, is at the {end} end of its range ({bound}): a wider range "
                "may have a better one."
            )


def _can_be_wider(study: Study, best: TrialRecord, name: str, domain: Range, *, is_low: bool) -> bool:
    """Whether the option takes a value beyond the end of its range."""
    step = domain.step or (1 if domain.is_integer else (domain.high - domain.low) / 10)
    beyond = domain.low - step if is_low else domain.high + step
    if domain.log and not domain.is_integer:
        beyond = domain.low / 2 if is_low else domain.high * 2
    document = trial_document(study.document, study.tuner.space, {**best.values, name: beyond})
    return not study.loader.reader(document).sections(document)[1]


def _place(domain: Range, value: float) -> float:
    """Where a value is in its range: 0 for the lower end, 1 for the upper one."""
    low, high = float(domain.low), float(domain.high)
    if domain.log:
        low, high, value = log(low), log(high), log(value)
    return (value - low) / (high - low)


def _failures(study: Study) -> Iterator[str]:
    """A sentence for each reason for which several trials failed, with a value that they share if there is one."""
    failed = [record for record in study.records if record.state == "failed"]
    alike = Counter(_first_line(record) for record in failed)
    for reason, count in alike.most_common():
        if count < 2:
            continue
        those = [record for record in failed if _first_line(record) == reason]
        shared = [
            f"{name} {value}"
            for name, value in those[0].values.items()
            if all(record.values.get(name) == value for record in those)
            and any(record.values.get(name) != value for record in study.records)
        ]
        which = f", all with {', '.join(shared)}" if shared else ""
        yield f"{counted(count, 'trial')} failed alike{which}: {reason}"


def _first_line(record: TrialRecord) -> str:
    return (record.reason or "").partition("\n")[0]
