"""Judgements about several runs together."""

import math
from collections.abc import Iterator, Mapping, Sequence

from hookline.errors.text import counted
from hookline.report.evidence import ClassPredictions, Evidence
from hookline.report.judgement import LOSS, Judgement, short
from hookline.runs.side_by_side.directions import Directions
from hookline.runs.side_by_side.summary import RunSummary

MOST_EXACT = 2000
"""The number of rows from which McNemar's test is approximated."""


def comparison_judgements(
    runs: Sequence[Evidence], settings: Mapping[str, Sequence[object]], directions: Directions
) -> Iterator[Judgement]:
    """The judgements about several runs: differences that may be chance, and a best setting at the edge.

    `settings` has the values of each setting that differs, in the order of the runs.
    """
    if not are_comparable([one.run for one in runs]):
        return
    names = [name for name in runs[0].run.metrics if all(name in one.run.metrics for one in runs)]
    yield from _close(runs)
    main = next((name for name in (LOSS, *names) if name in names), None)
    higher = None if main is None else directions.higher_is_better(runs[0].run, main)
    if main is None or higher is None:
        return
    finite = [one for one in runs if math.isfinite(one.run.metrics[main])]
    if not finite:
        return
    best = (max if higher else min)(finite, key=lambda one: one.run.metrics[main])
    for path, values in settings.items():
        tried = sorted({float(v) for v in values if isinstance(v, (int, float)) and not isinstance(v, bool)})
        value = values[list(runs).index(best)]
        if len(tried) < 3 or not isinstance(value, (int, float)) or value not in (tried[0], tried[-1]):
            continue
        edge, more = ("smallest", "smaller") if value == tried[0] else ("largest", "larger")
        text = (
            f"The run with the best {main} ({short(best.run.metrics[main])}) has {path} = {value}, the {edge} of "
            f"{len(tried)} values tried. A {more} one may be better."
        )
        yield Judgement("best value at an edge", text, "note")


def are_comparable(runs: Sequence[RunSummary]) -> bool:
    """Whether the losses and metrics of runs can be compared: they have the same rows and the same losses."""
    data = {run.lock.get("data") for run in runs}
    losses = {repr((run.spec.get("loss"), run.spec.get("losses"))) for run in runs}
    return len(data) == len(losses) == 1 and None not in data


def _close(runs: Sequence[Evidence]) -> Iterator[Judgement]:
    """The difference between the two best runs in correct rows, if it may be chance."""
    predicted = [(one, found) for one in runs for found in one.predictions if isinstance(found, ClassPredictions)]
    ordered = sorted(predicted, key=lambda pair: -pair[1].right)
    if len(runs) < 2 or len(predicted) != len(runs) or any(len(one.predictions) != 1 for one in runs):
        return
    (first, best), (second, other) = ordered[:2]
    if best.split != other.split or best.rows != other.rows or bool((best.truth != other.truth).any()):
        return
    is_right, is_other_right = best.predicted == best.truth, other.predicted == other.truth
    gained, lost = int((is_right & ~is_other_right).sum()), int((~is_right & is_other_right).sum())
    probability = mcnemar(gained, lost)
    if gained != lost and probability > 0.05:
        text = (
            f"Of {counted(best.rows, 'row')} of the {best.split} split, the best two runs predict {best.right:,} "
            f"({first.label}) and {other.right:,} ({second.label}) correctly. One is right and the other wrong in "
            f"{gained} and {lost} rows: this may be chance (McNemar's exact test: p = {probability:.2g})."
        )
        yield Judgement("small split", text)


def mcnemar(gained: int, lost: int) -> float:
    """The probability of at least this difference if each of these rows fell to either model by chance.

    This is McNemar's exact test, a two-sided binomial test; from 2,000 rows on, the normal approximation of it.

    >>> mcnemar(5, 0), mcnemar(3, 3)
    (0.0625, 1.0)
    """
    rows = gained + lost
    if rows >= MOST_EXACT:
        return math.erfc(max(0, abs(gained - lost) - 1) / math.sqrt(2 * rows))
    tail = sum(math.comb(rows, number) for number in range(min(gained, lost) + 1))
    return min(1.0, 2 * tail / 2**rows)
