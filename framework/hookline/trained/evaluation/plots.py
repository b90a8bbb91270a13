"""Write the plots of an evaluation and the numbers in them: PNG and CSV files by task."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy
from numpy.typing import NDArray

from hookline.files.tables import write_table
from hookline.plots.confused_pairs import draw_pairs, pairs_of
from hookline.plots.confusion_matrix import draw_matrices
from hookline.trained.evaluation.calibration_plot import calibrations, draw_calibration
from hookline.trained.evaluation.class_curves import ClassCurves, class_curves
from hookline.trained.evaluation.distance_plots import write_distances
from hookline.trained.evaluation.evaluation import Evaluation, TargetDetails
from hookline.trained.evaluation.rate_plots import draw_rates
from hookline.trained.evaluation.residual_plots import draw_residuals
from hookline.trained.evaluation.sequence_plots import write_sequences
from hookline.trained.numbers.calibration import Calibration
from hookline.trained.numbers.residuals import residual_histogram

MOST_CLASSES = 100
"""The number of classes up to which the whole confusion matrix is written and drawn; of more, the pairs that occur."""


def write_plots(evaluation: Evaluation, directory: Path, title: str) -> list[Path]:
    """Write the plots and tables for each target, and return their paths.

    For classes and labels: the confusion matrix, the numbers of each class, ROC and precision-recall curves, and the
    calibration. For numbers: the residuals. For sequences: the confusion of their symbols, and how many errors they
    have. For pairs, triplets and embeddings: distances. With several targets, the names of the files begin with that of
    the target.

    Args:
        evaluation: the evaluation, with scores if curves are wanted.
        directory: where to write; it is created. Files in it are replaced.
        title: the beginning of the titles.

    """
    targets, sequences, distances = evaluation.targets, evaluation.sequences, evaluation.distances
    names = {key: one.name for group in (targets, sequences, distances) for key, one in group.items()}
    several = len(names) > 1
    if names:
        directory.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    prefixes: list[str] = []
    for key, name in names.items():
        prefix = re.sub(r"[^\w.-]", "_", f"{name}-") if several else ""
        while prefix in prefixes:  # The names of two targets may differ only in characters that a file cannot have.
            prefix += "_"
        prefixes.append(prefix)
        heading = f"{title}, {name}" if several else title

        def place(file: str, prefix: str = prefix) -> Path:
            written.append(directory / f"{prefix}{file}")
            return written[-1]

        if key in targets:
            _write_target(targets[key], place, heading)
        if key in sequences:
            write_sequences(sequences[key], place, heading)
        if key in distances:
            write_distances(distances[key], place, heading)
    return written


def _write_target(details: TargetDetails, place: Any, title: str) -> None:
    if details.kind == "numbers":
        _write_residuals(details, place("residuals.csv"), place("residual_histogram.csv"))
        draw_residuals(place("residuals.png"), details, title)
        return
    if not len(details.truth):
        return
    _write_by_class(details, place("classes.csv" if details.confusion() is not None else "labels.csv"))
    _write_confusion(details, place, title)
    curves = class_curves(details)
    if curves is not None:
        _write_areas(curves, place("areas.csv"))
        _write_curves(curves, place("curves.csv"))
        draw_rates(place("curves.png"), curves, title)
    if found := calibrations(details):
        _write_calibration(found, place("calibration.csv"))
        draw_calibration(place("calibration.png"), found, title)


def _write_by_class(details: TargetDetails, path: Path) -> None:
    counts = details.by_class()
    assert counts is not None
    is_of_classes = details.confusion() is not None
    names = details.classes if is_of_classes else details.columns
    columns = [counts.rows, counts.predicted, counts.right, counts.precision, counts.recall, counts.f1]
    head = ("class" if is_of_classes else "label", "rows", "predicted", "right", "precision", "recall", "f1")
    write_table(path, head, ([name, *row] for name, row in zip(names, _texts(columns), strict=True)))


def _write_confusion(details: TargetDetails, place: Any, title: str) -> None:
    confusion, names = details.confusion(), details.classes
    table, picture = place("confusion.csv"), place("confusion.png")
    if confusion is None:
        matrices = _of_labels(details)
        lines = [
            [label, name, *map(str, row)]
            for label, matrix in zip(details.columns, matrices.tolist(), strict=True)
            for name, row in zip(names, matrix, strict=True)
        ]
        write_table(table, ("label", "truth", *names), lines)
        draw_matrices(picture, matrices, names, details.columns, f"{title}: {len(details.truth):,} rows")
    elif confusion.classes <= MOST_CLASSES:
        matrix = confusion.matrix()
        rows = ([name, *map(str, row)] for name, row in zip(names, matrix.tolist(), strict=True))
        write_table(table, ("truth", *names), rows)
        draw_matrices(picture, matrix[None], names, ("",), f"{title}: {confusion.total:,} rows")
    else:
        cells = confusion.truth * confusion.classes + confusion.predicted
        pairs = pairs_of(cells, confusion.rows, confusion.classes)
        rows = ([names[pair.truth], names[pair.predicted], str(pair.rows)] for pair in pairs)
        write_table(table, ("truth", "predicted", "rows"), rows)
        draw_pairs(picture, pairs, names, f"{title}: {confusion.total:,} rows")


def _of_labels(details: TargetDetails) -> Any:
    """Return the confusion matrix of each label, `(labels, 2, 2)`."""
    counts = details.by_class()
    assert counts is not None
    missed, wrong = counts.rows - counts.right, counts.predicted - counts.right
    rest = len(details.truth) - counts.rows - wrong
    return numpy.stack([rest, wrong, missed, counts.right], axis=1).reshape(-1, 2, 2)


def _write_areas(curves: ClassCurves, path: Path) -> None:
    lines = [*curves.areas, *([curves.pooled] if curves.pooled is not None else [])]
    rows = [[one.name, str(one.rows), _text(one.area), _text(one.average_precision)] for one in lines]
    if curves.mean is not None:
        rows.append(["macro average", "", _text(curves.mean.area), _text(curves.mean.average_precision)])
    write_table(path, ("class", "rows", "roc_auc", "average_precision"), rows)


def _write_curves(curves: ClassCurves, path: Path) -> None:
    drawn = [*curves.curves]
    if curves.pooled_curve is not None:
        drawn.append(("micro average", curves.pooled_curve))
    rows: list[Sequence[str]] = []
    for name, curve in drawn:
        columns = [curve.thresholds, curve.false_positive_rate, curve.recall, curve.precision]
        rows += [[name, *row] for row in _texts(columns)]
    if (mean := curves.mean) is not None:
        # The two curves of the mean have no thresholds in common: each row is a point of one of them.
        rows += [["macro average", "", *row, ""] for row in _texts([mean.false_positive_rate, mean.true_positive_rate])]
        rows += [["macro average", "", "", *row] for row in _texts([mean.recall, mean.precision])]
    write_table(path, ("class", "threshold", "false_positive_rate", "recall", "precision"), rows)


def _write_calibration(found: Mapping[str, Calibration], path: Path) -> None:
    rows = [
        [name, *row]
        for name, one in found.items()
        for row in _texts([one.edges[:-1], one.edges[1:], one.rows, one.probability, one.frequency])
    ]
    write_table(path, ("of", "from", "to", "rows", "probability", "frequency"), rows)


def _write_residuals(details: TargetDetails, path: Path, histogram: Path) -> None:
    rows: list[Sequence[str]] = []
    bins: list[Sequence[str]] = []
    for index, name in enumerate(details.columns):
        called = name or details.title
        true, predicted = details.truth[:, index], details.predicted[:, index]
        residuals = true.astype(numpy.float64) - predicted.astype(numpy.float64)
        rows += [[called, *row] for row in _texts([details.row, true, predicted, residuals])]
        found = residual_histogram(true, predicted)
        bins += [[called, *row] for row in _texts([found.edges[:-1], found.edges[1:], found.rows])]
    write_table(path, ("column", "row", "truth", "prediction", "residual"), rows)
    write_table(histogram, ("column", "from", "to", "rows"), bins)


def _texts(columns: Iterable[Any]) -> list[tuple[str, ...]]:
    """Return the cells of the rows of some columns: every digit that distinguishes them, and nothing for NaN."""
    return list(zip(*(_cells(column) for column in columns), strict=True))


def _cells(column: NDArray[Any]) -> list[str]:
    return ["" if cell == "nan" else cell for cell in column.astype(str).tolist()]


def _text(value: float) -> str:
    return "" if value != value else repr(value)
