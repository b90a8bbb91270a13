"""Judgements about a run, in sentences with their figures."""

import math
from collections.abc import Iterator
from statistics import fmean

from hookline.errors.text import counted
from hookline.report.evidence import ClassPredictions, Evidence
from hookline.report.judgement import LOSS, TRAINING_LOSS, Judgement, short
from hookline.report.predicted.prediction_judgements import of_constants, of_missing_classes, of_size
from hookline.runs.side_by_side.directions import Directions, best_of
from hookline.runs.side_by_side.summary import RunSummary

FEWEST_EPOCHS = 5
"""The number of epochs from which curves are judged."""

FACTOR = 2
"""How many times larger than the training loss a validation loss is that shows overfitting."""


def judgements(evidence: Evidence, directions: Directions) -> Iterator[Judgement]:
    """The judgements about a run, the most important first."""
    run = evidence.run
    yield from of_its_end(run)
    yield from of_numbers(run)
    yield from of_constants(evidence)
    for one in evidence.predictions:
        if isinstance(one, ClassPredictions):
            yield from of_missing_classes(one)
    curves = list(of_curves(run))
    yield from curves
    if not any(one.kind == "overfitting" for one in curves):
        yield from of_gap(run)
    yield from of_best_metrics(run, directions, has_loss=not any(one.kind == "overfitting" for one in curves))
    yield from of_size(evidence)


def checked(evidence: Evidence) -> Iterator[str]:
    """What the judgements about a run have checked: without predictions or with few epochs, there is less."""
    yield from ("how the run ended", "numbers that are not finite")
    if evidence.predictions:
        yield "constant predictions"
    if any(isinstance(one, ClassPredictions) for one in evidence.predictions):
        yield from ("classes that are never predicted", "the size of the split")
    if len(evidence.run.history) >= FEWEST_EPOCHS:
        yield from ("overfitting", "training that ended too early", "the epoch of the saved weights")


def of_its_end(run: RunSummary) -> Iterator[Judgement]:
    """A run that did not end as planned, and damaged files."""
    error = (run.result or {}).get("error")
    if run.state == "failed":
        yield Judgement("failed", f"The run failed: {error or 'the reason is not known'}")
    elif run.state not in ("finished", "stopped"):
        planned = f" of {run.planned_epochs}" if run.planned_epochs else ""
        yield Judgement(run.state, f"The run is {run.state} after {run.epochs}{planned} epochs.")
    for problem in run.problems:
        yield Judgement("unreadable file", problem)


def of_numbers(run: RunSummary) -> Iterator[Judgement]:
    """Numbers that are not finite, and skipped batches."""
    weights = (run.result or {}).get("weights")
    if isinstance(weights, dict) and weights.get("finite") is False:
        yield Judgement("not finite", "The saved weights are infinite or NaN.")
    found: dict[str, list[int]] = {}
    for record in run.history:
        for name, value in record.items():
            if value is None or (isinstance(value, float) and not math.isfinite(value)):
                found.setdefault(name, []).append(record[run.unit])
    for name, epochs in found.items():
        text = f"{name} is not a finite number in {counted(len(epochs), _word(run))}, first in {run.unit} {epochs[0]}."
        yield Judgement("not finite", text)
    notes = (run.result or {}).get("notes")
    for note in notes if isinstance(notes, list) else ():
        if "skipped" in str(note):
            yield Judgement("skipped batches", str(note))


def of_curves(run: RunSummary) -> Iterator[Judgement]:
    """Overfitting, training that ended while it was improving, and a best value in the first epoch."""
    name = LOSS if run.curve(LOSS)[0] else TRAINING_LOSS
    epochs, values = run.curve(name)
    best = best_of(epochs, values, higher_is_better=False)
    if best is None or len(epochs) < 2 or not all(map(math.isfinite, values)):
        return
    place = epochs.index(best)
    if len(epochs) < FEWEST_EPOCHS:
        if place == len(epochs) - 1:
            yield _best_in_last(run, name, best, values[place])
        return
    window = max(1, len(epochs) // 10)
    least, last = values[place], fmean(values[-window:])
    fall = values[0] - least
    if name == LOSS:
        yield from _overfitting(run, best, least, last, fall, window)
    before = fmean(values[-2 * window : -window])
    if place == 0:
        text = f"{name} was best after the first {_word(run)} ({short(least)}) and {short(values[-1])} after the last."
        yield Judgement("best value at an edge", f"{text} The learning rate may be too high.")
    elif place >= len(epochs) - window and before - last > 0.01 * fall:
        means = "" if window == 1 else f" (means of {window} each)"
        text = (
            f"Training ended while {name} was still improving: from {short(before)} to {short(last)} in "
            f"the last {counted(2 * window, _word(run))}{means}. Train for more epochs."
        )
        yield Judgement("still improving", text)
    elif place == len(epochs) - 1:
        yield _best_in_last(run, name, best, least)


def of_gap(run: RunSummary) -> Iterator[Judgement]:
    """Saved weights whose loss is far smaller on the training rows than on the validation rows."""
    training, validation = (run.metrics.get(name, math.nan) for name in (TRAINING_LOSS, LOSS))
    # Without a result, the training loss is a mean during an epoch.
    if run.result and 0 <= training < validation / FACTOR:
        text = f"The saved weights fit the training rows much better than the validation rows: {_numbers_of_both(run)}."
        yield Judgement("overfitting", text, "note")


def _numbers_of_both(run: RunSummary) -> str:
    """The numbers of the saved weights that both splits have."""
    names = (name.partition("/")[2] for name in run.metrics if name.startswith("training/"))
    both = [(f"training/{name}", f"validation/{name}") for name in names if f"validation/{name}" in run.metrics]
    return "; ".join(f"{one} {short(run.metrics[one])}, {other} {short(run.metrics[other])}" for one, other in both)


def _word(run: RunSummary) -> str:
    """What a record of the run is about."""
    return "epoch" if run.unit == "epoch" else "validation"


def _best_in_last(run: RunSummary, name: str, epoch: int, value: float) -> Judgement:
    text = f"{name} was best in the last {_word(run)} ({epoch}): {short(value)}. More epochs may improve it."
    return Judgement("best value at an edge", text, "note")


def _overfitting(
    run: RunSummary, best: int, least: float, last: float, fall: float, window: int
) -> Iterator[Judgement]:
    rise = last - least
    epochs, training = run.curve(TRAINING_LOSS)
    if best not in epochs or rise <= 0.1 * max(fall, 0.0) or rise <= 0.05 * abs(least):
        return
    place = epochs.index(best)
    then, now = fmean(training[max(0, place - window) : place + window + 1]), fmean(training[-window:])
    if not now < then:
        return
    mean = f", the mean of the last {window} {_word(run)}s" if window > 1 else ""
    kept = run.weights_place()
    weights = f" The saved weights are those of {run.unit} {kept}." if kept is not None else ""
    if run.result and {LOSS, TRAINING_LOSS} <= run.metrics.keys():
        weights += f" Their numbers: {_numbers_of_both(run)}."
    advice = "" if kept == best else f" EarlyStopping keeps those of the best {_word(run)}."
    text = (
        f"{LOSS} was best in {run.unit} {best} ({short(least)}) and rose to {short(last)}{mean}, while {TRAINING_LOSS} "
        f"fell from {short(then)} to {short(now)}.{weights}{advice}"
    )
    yield Judgement("overfitting", text, "note" if kept == best else "warning")


def of_best_metrics(run: RunSummary, directions: Directions, *, has_loss: bool) -> Iterator[Judgement]:
    """Metrics, and if `has_loss` the loss, that were clearly better in another epoch than that of the saved weights."""
    kept = run.weights_place()
    if kept is None or len(run.history) < FEWEST_EPOCHS:
        return
    names = dict.fromkeys(name for record in run.history for name in record if name.startswith("validation/"))
    found = []
    for name in names:
        best, final = directions.best_place(run, name), run.metrics.get(name)
        if (name == LOSS and not has_loss) or best is None or best == kept or final is None or not math.isfinite(final):
            continue
        epochs, values = run.curve(name)
        value = values[epochs.index(best)]
        if abs(value - final) > 0.05 * max(abs(value), abs(final)):
            then = f"{name} was {short(value)} in {run.unit} {best}"
            found.append(f"{then}; with the saved weights it is {short(final)}.")
    if found:
        yield Judgement("better epoch", " ".join(found), "note")
