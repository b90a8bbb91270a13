"""Judgements about a model from its predictions for a split."""

import math
from collections.abc import Iterator

from hookline.errors.text import counted
from hookline.report.evidence import (
    AnyPredictions,
    ClassPredictions,
    DistancePredictions,
    Evidence,
    NumberPredictions,
    SequencePredictions,
)
from hookline.report.judgement import Judgement

LARGE_SHARE = 0.8
"""The share of the largest class from which the accuracy alone says little."""

WIDE = 0.1
"""The width of a 95% confidence interval of the accuracy from which a split is called small."""

MANY_EMPTY = 0.5
"""The share of sequences for which nothing is predicted that is judged."""

MOST_NAMED = 5
"""The maximum number of classes that a sentence names."""


def of_constants(evidence: Evidence) -> Iterator[Judgement]:
    """Metrics that a constant prediction would reach as well; and predictions of other data."""
    if evidence.note:
        yield Judgement("changed data", evidence.note)
    for one in evidence.predictions:
        if isinstance(one, ClassPredictions):
            yield from _of_majority(one)
        elif isinstance(one, NumberPredictions):
            yield from _of_mean(one)
        elif isinstance(one, SequencePredictions):
            yield from _of_empty_sequences(one)
        else:
            yield from _of_triplets(one)


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


def _of_empty_sequences(one: SequencePredictions) -> Iterator[Judgement]:
    empty, rows = one.details.empty, one.details.rows
    if rows and empty / rows > MANY_EMPTY:
        text = (
            f"Nothing is predicted for {empty:,} of {counted(rows, 'row')} of the {one.split} split{_of(one)}, only "
            f"blanks. This is usual at the beginning of a training: train for more epochs."
        )
        yield Judgement("constant prediction", text)


def _of_triplets(one: DistancePredictions) -> Iterator[Judgement]:
    details = one.details
    if details.kind != "triplets" or not details.triplets or details.right is None:
        return
    low, _ = wilson(details.right, details.triplets)
    if low <= 0.5:
        text = (
            f"{details.right:,} of {counted(details.triplets, 'triplet')} of the {one.split} split{_of(one)} are in "
            f"the right order ({details.share:.3f}); chance would reach 0.5. The model is no better than that."
        )
        yield Judgement("constant prediction", text)


def _of(one: AnyPredictions) -> str:
    return "" if one.target in ("", "target") else f" ({one.target})"


def of_missing_classes(one: ClassPredictions) -> Iterator[Judgement]:
    """Classes that are never predicted, or that do not occur."""
    true, predicted = one.true_counts, one.predicted_counts
    never = [index for index in range(len(one.names)) if true[index] and not predicted[index]]
    if never:
        never.sort(key=lambda index: -int(true[index]))
        named = ", ".join(f'"{one.names[index]}" ({counted(int(true[index]), "row")})' for index in never[:MOST_NAMED])
        more = f" and {len(never) - MOST_NAMED:,} more" if len(never) > MOST_NAMED else ""
        count = "A class is" if len(never) == 1 else f"{len(never):,} of {len(one.names):,} classes are"
        yield Judgement(
            "never predicted", f"{count} never predicted on the {one.split} split{_of(one)}: {named}{more}."
        )
    absent = [index for index in range(len(one.names)) if not true[index]]
    if absent and one.is_whole:
        verb = "does" if len(absent) == 1 else "do"
        text = f"{len(absent):,} of {len(one.names):,} classes {verb} not occur in the {one.split} split{_of(one)}."
        yield Judgement("absent classes", text, "note")


def of_size(evidence: Evidence) -> Iterator[Judgement]:
    """A split that is too small to know its accuracy well."""
    for one in evidence.predictions:
        if isinstance(one, ClassPredictions) and one.is_whole and one.rows:
            low, high = wilson(one.right, one.rows)
            if high - low > WIDE:
                text = (
                    f"The {one.split} split has {counted(one.rows, 'row')}, and each changes the accuracy by "
                    f"{1 / one.rows:.3f}: the 95% confidence interval of {one.right / one.rows:.3f} is {low:.3f} to "
                    f"{high:.3f}. Smaller differences between runs can be chance."
                )
                yield Judgement("small split", text, "note")


def wilson(right: int, rows: int) -> tuple[float, float]:
    """The 95% confidence interval of a proportion (Wilson's score interval).

    >>> [round(bound, 4) for bound in wilson(29, 30)]
    [0.8333, 0.9941]
    """
    z, p = 1.959964, right / rows
    center, half = p + z * z / (2 * rows), z * math.sqrt(p * (1 - p) / rows + z * z / (4 * rows * rows))
    return (center - half) / (1 + z * z / rows), (center + half) / (1 + z * z / rows)
