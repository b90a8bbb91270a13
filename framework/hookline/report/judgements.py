"""What the numbers of a run say about it, in sentences with their figures."""

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Literal

from attrs import frozen

from hookline.errors.text import counted
from hookline.report.evidence import ClassPredictions, Evidence, NumberPredictions
from hookline.runs.directions import Directions, best_of
from hookline.runs.summary import RunSummary

LOSS, TRAINING_LOSS = "validation/loss", "training/loss"

FEWEST_EPOCHS = 5
"""The number of epochs from which curves are judged."""

LARGE_SHARE = 0.8
"""The share of the largest class from which the accuracy alone says little."""

WIDE = 0.1
"""The width of a 95 % confidence interval of the accuracy from which a split is called small."""

MOST_NAMED = 5
"""The maximum number of classes that a sentence names."""


@frozen
class Judgement:
    """A sentence about a run."""

    kind: str
    """What it is about, such as "overfitting"."""
    text: str
    """One or more sentences, with figures."""
    severity: Literal["warning", "note"] = "warning"


def judgements(evidence: Evidence, directions: Directions) -> Iterator[Judgement]:
    """The judgements about a run, the most important first."""
    run = evidence.run
    yield from of_its_end(run)
    yield from of_numbers(run)
    yield from of_constants(evidence, run)
    for one in evidence.predictions:
        if isinstance(one, ClassPredictions):
            yield from of_missing_classes(one)
    yield from of_curves(run)
    yield from of_best_metrics(run, directions)
    yield from of_size(evidence)


def of_its_end(run: RunSummary) -> Iterator[Judgement]:
    """A run that did not end as planned, and damaged files."""
    error = (run.result or {}).get("error")
    if run.state == "failed":
        yield Judgement("failed", f"The run failed: {error or 'the reason is not known'}")
    elif run.state not in ("finished", "stopped"):
        planned = f" of {run.planned_epochs}" if run.planned_epochs else ""
        yield Judgement(run.state, f"The run is {run.state} after {run.epochs}{planned} epochs.")
    for problem in run.problems:
        yield Judgement("damaged file", problem)


def of_numbers(run: RunSummary) -> Iterator[Judgement]:
    """Numbers that are not finite, and skipped batches."""
    weights = (run.result or {}).get("weights")
    if isinstance(weights, dict) and weights.get("finite") is False:
        yield Judgement("not finite", "The saved weights are infinite or NaN.")
    found: dict[str, list[int]] = {}
    for record in run.history:
        for name, value in record.items():
            if value is None or (isinstance(value, float) and not math.isfinite(value)):
                found.setdefault(name, []).append(record["epoch"])
    for name, epochs in found.items():
        text = f"{name} is not a finite number in {counted(len(epochs), 'epoch')}, first in epoch {epochs[0]}."
        yield Judgement("not finite", text)
    notes = (run.result or {}).get("notes")
    for note in notes if isinstance(notes, list) else ():
        if "skipped" in str(note):
            yield Judgement("skipped batches", str(note))


def of_constants(evidence: Evidence, run: RunSummary) -> Iterator[Judgement]:
    """Metrics that a constant prediction would reach as well."""
    for one in evidence.predictions:
        if isinstance(one, ClassPredictions):
            yield from _of_majority(one)
        else:
            yield from _of_mean(one)
    if not evidence.predictions:
        for name, value in run.metrics.items():
            if name.startswith("validation/") and name.endswith("R2Score") and value <= 0:
                text = f"{name} is {value:.3g}: a constant, the mean of the true values, would reach 0."
                yield Judgement("constant prediction", text)


def _of_majority(one: ClassPredictions) -> Iterator[Judgement]:
    if not one.rows:
        return
    counts = one.true_counts
    largest = int(counts.argmax())
    share, accuracy = int(counts[largest]) / one.rows, one.right / one.rows
    constant = f'always predicting "{one.names[largest]}" would reach {share:.3f}'
    where = f"Of {counted(one.rows, 'row')} of the {one.split} split{_of(one)}, {accuracy:.3f} are predicted correctly"
    if accuracy <= share:
        yield Judgement("constant prediction", f"{where}; {constant}. The model is no better than that.")
    elif accuracy - share < 1.96 * math.sqrt(share * (1 - share) / one.rows):
        yield Judgement("constant prediction", f"{where}; {constant}. With so few rows, this may be chance.")
    elif share >= LARGE_SHARE:
        text = f"{where}; {constant}, so the accuracy alone says little."
        yield Judgement("constant prediction", text, "note")


def _of_mean(one: NumberPredictions) -> Iterator[Judgement]:
    for index, column in enumerate(one.columns):
        truth, predicted = one.truth[:, index], one.predicted[:, index]
        if len(truth) < 2 or not float(truth.var()):
            continue
        error, spread = float(((truth - predicted) ** 2).mean()), float(truth.var())
        if not error < spread:
            text = (
                f"The mean squared error of {column} on the {one.split} split is {error:.4g}; a constant, the mean of "
                f"the true values, would reach {spread:.4g}. The model is no better than that."
            )
            yield Judgement("constant prediction", text)


def _of(one: ClassPredictions | NumberPredictions) -> str:
    return "" if one.target in ("", "target") else f" ({one.target})"


def of_missing_classes(one: ClassPredictions) -> Iterator[Judgement]:
    """Classes that are never predicted, or that do not occur."""
    true, predicted = one.true_counts, one.predicted_counts
    never = [index for index in range(len(one.names)) if true[index] and not predicted[index]]
    if never:
        never.sort(key=lambda index: -int(true[index]))
        named = ", ".join(f'"{one.names[index]}" ({counted(int(true[index]), "row")})' for index in never[:MOST_NAMED])
        more = f" and {len(never) - MOST_NAMED} more" if len(never) > MOST_NAMED else ""
        count = "A class is" if len(never) == 1 else f"{len(never)} of {len(one.names)} classes are"
        yield Judgement(
            "never predicted", f"{count} never predicted on the {one.split} split{_of(one)}: {named}{more}."
        )
    absent = [index for index in range(len(one.names)) if not true[index]]
    if absent and one.is_whole:
        verb = "does" if len(absent) == 1 else "do"
        text = f"{len(absent)} of {len(one.names)} classes {verb} not occur in the {one.split} split{_of(one)}."
        yield Judgement("absent classes", text, "note")


def of_curves(run: RunSummary) -> Iterator[Judgement]:
    """Overfitting, training that ended while it was improving, and a best value in the first epoch."""
    name = LOSS if run.curve(LOSS)[0] else TRAINING_LOSS
    epochs, values = run.curve(name)
    best = best_of(epochs, values, higher_is_better=False)
    if best is None or len(epochs) < FEWEST_EPOCHS or not all(map(math.isfinite, values)):
        return
    place = epochs.index(best)
    window = max(1, len(epochs) // 10)
    least, last = values[place], fmean(values[-window:])
    fall = values[0] - least
    if name == LOSS:
        yield from _overfitting(run, best, least, last, fall, window)
    before = fmean(values[-2 * window : -window])
    if place == 0:
        text = f"{name} was best after the first epoch ({_number(least)}) and {_number(values[-1])} after the last."
        yield Judgement("best value at an edge", f"{text} The learning rate may be too high.")
    elif place >= len(epochs) - window and before - last > 0.01 * fall:
        text = (
            f"Training ended while {name} was still improving: from {_number(before)} to {_number(last)} in "
            f"the last {counted(2 * window, 'epoch')} (means of {window} each). Train for more epochs."
        )
        yield Judgement("still improving", text)
    elif place == len(epochs) - 1:
        text = f"{name} was best in the last epoch ({best}): {_number(least)}. More epochs may improve it."
        yield Judgement("best value at an edge", text, "note")


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
    mean = f", the mean of the last {window} epochs" if window > 1 else ""
    kept = run.weights_epoch
    weights = f" The saved weights are those of epoch {kept}." if kept is not None else ""
    advice = "" if kept == best else " EarlyStopping keeps those of the best epoch."
    text = (
        f"{LOSS} was best in epoch {best} ({_number(least)}) and rose to {_number(last)}{mean}, while {TRAINING_LOSS} "
        f"fell from {_number(then)} to {_number(now)}.{weights}{advice}"
    )
    yield Judgement("overfitting", text, "note" if kept == best else "warning")


def of_best_metrics(run: RunSummary, directions: Directions) -> Iterator[Judgement]:
    """Metrics other than the loss that were clearly better in another epoch than that of the saved weights."""
    kept = run.weights_epoch
    if kept is None or len(run.history) < FEWEST_EPOCHS:
        return
    names = dict.fromkeys(name for record in run.history for name in record if name.startswith("validation/"))
    found = []
    for name in names:
        best, final = directions.best_epoch(run, name), run.metrics.get(name)
        if name == LOSS or best is None or best == kept or final is None or not math.isfinite(final):
            continue
        epochs, values = run.curve(name)
        value = values[epochs.index(best)]
        if abs(value - final) > 0.05 * max(abs(value), abs(final)):
            found.append(f"{name} was {_number(value)} in epoch {best}; with the saved weights it is {_number(final)}.")
    if found:
        yield Judgement("better epoch", " ".join(found), "note")


def of_size(evidence: Evidence) -> Iterator[Judgement]:
    """A split that is too small to know its accuracy well."""
    for one in evidence.predictions:
        if isinstance(one, ClassPredictions) and one.is_whole and one.rows:
            low, high = wilson(one.right, one.rows)
            if high - low > WIDE:
                text = (
                    f"The {one.split} split has {counted(one.rows, 'row')}, and each changes the accuracy by "
                    f"{1 / one.rows:.3f}: the 95 % confidence interval of {one.right / one.rows:.3f} is {low:.3f} to "
                    f"{high:.3f}. Smaller differences between runs say nothing."
                )
                yield Judgement("small split", text, "note")


def wilson(right: int, rows: int) -> tuple[float, float]:
    """The 95 % confidence interval of a proportion (Wilson's score interval).

    >>> [round(bound, 4) for bound in wilson(29, 30)]
    [0.8333, 0.9941]
    """
    z, p = 1.959964, right / rows
    center, half = p + z * z / (2 * rows), z * math.sqrt(p * (1 - p) / rows + z * z / (4 * rows * rows))
    return (center - half) / (1 + z * z / rows), (center + half) / (1 + z * z / rows)


def _number(value: float) -> str:
    return f"{value:.4g}"


def comparison_judgements(
    runs: Sequence[Evidence], settings: Mapping[str, Sequence[object]], directions: Directions
) -> Iterator[Judgement]:
    """The judgements about several runs: differences that may be chance, and a best setting at the edge.

    `settings` has the values of each setting that differs, in the order of the runs.
    """
    names = [name for name in runs[0].run.metrics if all(name in one.run.metrics for one in runs)]
    for name in names:
        if name.startswith("validation/"):
            yield from _close(runs, name, directions)
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
            f"The run with the best {main} ({_number(best.run.metrics[main])}) has {path} = {value}, the {edge} of "
            f"{len(tried)} values tried. A {more} one may be better."
        )
        yield Judgement("best value at an edge", text, "note")


def _close(runs: Sequence[Evidence], name: str, directions: Directions) -> Iterator[Judgement]:
    """The difference between the two best runs in an accuracy, if it may be chance."""
    label = name.partition("/")[2]
    rows = [_rows(one.run) for one in runs]
    if not _is_accuracy(runs[0].run, label) or len(set(rows)) != 1 or not rows[0]:
        return
    ordered = sorted(runs, key=lambda one: -one.run.metrics[name])
    first, second = (one.run.metrics[name] for one in ordered[:2])
    if not (0 <= second <= first <= 1):
        return
    error = math.sqrt((first * (1 - first) + second * (1 - second)) / rows[0])
    if first - second < 1.96 * error or first == second:
        text = (
            f"{name} of the best two runs is {first:.4g} ({ordered[0].label}) and {second:.4g} ({ordered[1].label}). "
            f"With {counted(rows[0], 'row')}, this difference of {first - second:.3g} may be chance (standard error "
            f"{error:.3g})."
        )
        yield Judgement("small split", text)


def _rows(run: RunSummary) -> int:
    rows = run.lock.get("rows")
    number = rows.get("validation") if isinstance(rows, dict) else None
    return number if isinstance(number, int) else 0


def _is_accuracy(run: RunSummary, label: str) -> bool:
    metrics = run.spec.get("metrics")
    return any(
        isinstance(metric, Mapping)
        and metric.get("name", metric.get("type")) == label
        and "Accuracy" in str(metric.get("type"))
        for metric in (metrics if isinstance(metrics, list) else ())
    )
