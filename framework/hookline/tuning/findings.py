"""What is notable about a study: a best value at the edge of the space, and trials that fail alike."""

from collections import Counter
from collections.abc import Iterator
from math import log

from hookline.check.space.variants import trial_document
from hookline.errors.text import counted
from hookline.spec.space.domains import Range
from hookline.spec.space.record import TrialRecord
from hookline.tuning.study import Study

EDGE = 0.02
"""The part of a range at either end that counts as its edge."""


def findings(study: Study) -> Iterator[str]:
    """Sentences about the trials that have ended."""
    if len(best := study.best) == 1:
        yield from _edges(study, best[0])
    yield from _failures(study)
    states = Counter(record.state for record in study.records)
    if pruned := states["pruned"]:
        epochs = sum(study.spec.run.epochs - record.epochs for record in study.records if record.state == "pruned")
        yield f"{counted(pruned, 'trial')} pruned, which saved {counted(epochs, 'epoch')}."


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
    alike = Counter((record.reason or "").splitlines()[0] for record in failed)
    for reason, count in alike.most_common():
        if count < 2:
            continue
        those = [record for record in failed if (record.reason or "").startswith(reason)]
        shared = [
            f"{name} {value}"
            for name, value in those[0].values.items()
            if all(record.values.get(name) == value for record in those)
            and any(record.values.get(name) != value for record in study.records)
        ]
        which = f", all with {', '.join(shared)}" if shared else ""
        yield f"{counted(count, 'trial')} failed alike{which}: {reason}"
