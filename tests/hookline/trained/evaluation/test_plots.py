import csv

import numpy
import pytest
from PIL import Image
from sklearn.calibration import calibration_curve
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support, roc_auc_score, roc_curve

from hookline.data import Target
from hookline.trained.evaluation.evaluation import Evaluation, TargetDetails
from hookline.trained.evaluation.plots import write_plots

RNG = numpy.random.default_rng(2)


def classes(count, rows, name=""):
    """The details of a target with classes."""
    truth, scores = RNG.integers(0, count, rows), RNG.standard_normal((rows, count)).astype(numpy.float32)
    scores[numpy.arange(rows), truth] += 2
    probabilities = numpy.exp(scores) / numpy.exp(scores).sum(axis=1, keepdims=True)
    names = tuple(f"c{index}" for index in range(count))
    return TargetDetails(
        name=name,
        kind="classes",
        known=Target(columns=("kind",), classes=names),
        classes=names,
        columns=("",),
        has_probabilities=True,
        truth=truth,
        predicted=probabilities.argmax(axis=1),
        probability=probabilities.max(axis=1),
        row=numpy.arange(1, rows + 1),
        scores=scores,
    )


def labels(count, rows):
    """The details of a target with labels."""
    truth = RNG.random((rows, count)) > 0.6
    probabilities = (RNG.random((rows, count)) + truth) / 2
    columns = tuple(f"l{index}" for index in range(count)) if count > 1 else ("",)
    return TargetDetails(
        name="",
        kind="labels",
        known=Target(columns=columns),
        classes=("no", "yes"),
        columns=columns,
        has_probabilities=True,
        truth=truth,
        predicted=probabilities >= 0.5,
        probability=probabilities,
        row=numpy.arange(1, rows + 1),
        scores=probabilities,
    )


def numbers(columns, rows, name=""):
    """The details of a target with numbers."""
    truth = RNG.standard_normal((rows, len(columns)))
    predicted = (truth + RNG.standard_normal(truth.shape) / 9).astype(numpy.float32)
    return TargetDetails(
        name=name,
        kind="numbers",
        known=Target(columns=("y",)),
        classes=(),
        columns=columns,
        has_probabilities=False,
        truth=truth,
        predicted=predicted,
        probability=None,
        row=numpy.arange(1, rows + 1),
        scores=None,
    )


def written(directory, *several):
    """The names of the files that are written for these targets, all of whose pictures can be read."""
    targets = {details.name or "target": details for details in several}
    evaluation = Evaluation(split="test", rows=len(several[0].truth), metrics={}, targets=targets)
    paths = write_plots(evaluation, directory, "a run, test")
    for path in paths:
        if path.suffix == ".png":
            with Image.open(path) as picture:
                picture.load()
    assert sorted(paths) == sorted(directory.iterdir())
    return sorted(path.name for path in paths)


def table(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def column(rows, name):
    return [float(row[name] or "nan") for row in rows]


OF_CLASSES = [
    *("areas.csv", "calibration.csv", "calibration.png", "classes.csv", "confusion.csv", "confusion.png"),
    *("curves.csv", "curves.png"),
]


@pytest.mark.parametrize("count", [2, 3, 120])
def test_the_tables_of_classes_have_the_numbers_of_scikit_learn(count, tmp_path):
    details = classes(count, 500)
    assert written(tmp_path / "plots", details) == OF_CLASSES
    truth, predicted = details.truth, details.predicted
    by_class = table(tmp_path / "plots/classes.csv")
    wanted = precision_recall_fscore_support(truth, predicted, labels=range(count), zero_division=numpy.nan)
    for name, correct in zip(("precision", "recall", "f1", "rows"), wanted, strict=True):
        numpy.testing.assert_allclose(column(by_class, name), correct, rtol=1e-14)
    cells = table(tmp_path / "plots/confusion.csv")
    matrix = confusion_matrix(truth, predicted, labels=range(count))
    if count <= 100:
        assert [[int(row[name]) for name in details.classes] for row in cells] == matrix.tolist()
    else:
        pairs = {(row["truth"], row["predicted"]): int(row["rows"]) for row in cells}
        names = details.classes
        assert pairs == {
            (names[true], names[said]): matrix[true, said] for true, said in zip(*matrix.nonzero(), strict=True)
        }
    areas = {row["class"]: row for row in table(tmp_path / "plots/areas.csv")}
    wanted = roc_auc_score(truth == 1, details.scores[:, 1]) if (truth == 1).any() else numpy.nan
    assert float(areas["c1"]["roc_auc"] or "nan") == pytest.approx(wanted, rel=1e-12, nan_ok=True)
    calibrated = [row for row in table(tmp_path / "plots/calibration.csv") if int(row["rows"])]
    frequency, probability = calibration_curve(truth == predicted, details.probability, n_bins=10)
    assert column(calibrated, "frequency") == frequency.tolist()
    numpy.testing.assert_allclose(column(calibrated, "probability"), probability, rtol=1e-6)


def test_the_curve_of_two_classes_is_that_of_the_second(tmp_path):
    details = classes(2, 300)
    written(tmp_path / "plots", details)
    curve = table(tmp_path / "plots/curves.csv")
    rates, recalls, thresholds = roc_curve(details.truth, details.scores[:, 1], drop_intermediate=False)
    assert {row["class"] for row in curve} == {"c1"}
    assert column(curve, "false_positive_rate") == rates.tolist()
    assert column(curve, "recall") == recalls.tolist()
    numpy.testing.assert_allclose(column(curve, "threshold"), thresholds, rtol=1e-6)


def test_of_many_classes_only_the_worst_and_averages_have_curves(tmp_path):
    written(tmp_path / "plots", classes(40, 400))
    areas = {row["class"]: float(row["roc_auc"]) for row in table(tmp_path / "plots/areas.csv")}
    drawn = {row["class"] for row in table(tmp_path / "plots/curves.csv")}
    averages = {"micro average", "macro average"}
    assert drawn - averages == set(sorted(areas.keys() - averages, key=areas.get)[:5])
    assert drawn > averages


def test_labels_have_tables_of_each_label(tmp_path):
    details = labels(3, 200)
    assert written(tmp_path / "plots", details) == sorted({*OF_CLASSES, "labels.csv"} - {"classes.csv"})
    cells = [[int(row["no"]), int(row["yes"])] for row in table(tmp_path / "plots/confusion.csv")]
    for index in range(3):
        matrix = confusion_matrix(details.truth[:, index], details.predicted[:, index])
        assert cells[2 * index : 2 * index + 2] == matrix.tolist()
    assert written(tmp_path / "one", labels(1, 100)) == OF_CLASSES


@pytest.mark.parametrize("rows", [1, 100, 4000])
def test_numbers_have_the_residual_of_each_row(rows, tmp_path):
    details = numbers(("",), rows)
    assert written(tmp_path / "plots", details) == ["residual_histogram.csv", "residuals.csv", "residuals.png"]
    residuals = table(tmp_path / "plots/residuals.csv")
    assert column(residuals, "residual") == (details.truth - details.predicted)[:, 0].tolist()
    assert [int(row["row"]) for row in residuals] == list(range(1, rows + 1))
    assert sum(column(table(tmp_path / "plots/residual_histogram.csv"), "rows")) == rows


def test_files_of_several_targets_begin_with_their_names(tmp_path):
    names = written(tmp_path / "plots", classes(3, 50, "kind of/thing"), numbers(("x", "y"), 50, "size"))
    assert {name.partition("-")[0] for name in names} == {"kind_of_thing", "size"}


def test_targets_with_similar_names_have_files_of_their_own(tmp_path):
    names = written(tmp_path / "plots", numbers(("x",), 9, "a b"), numbers(("x",), 9, "a_b"))
    assert {"a_b-residuals.csv", "a_b-_residuals.csv"} <= set(names)


def test_predictions_that_are_not_numbers_are_left_out_of_pictures(tmp_path):
    details = classes(3, 50)
    details.scores[4] = details.probability[4] = numpy.nan
    assert written(tmp_path / "classes", details) == OF_CLASSES
    lost = numbers(("",), 20)
    lost.predicted[3] = numpy.inf
    lost.predicted[5] = numpy.nan
    written(tmp_path / "numbers", lost)
    assert table(tmp_path / "numbers/residuals.csv")[5]["residual"] == ""


def test_a_class_name_is_never_a_formula_in_a_spreadsheet(tmp_path):
    details = classes(3, 50)
    names = ("=1+1", "b", "c")
    changed = TargetDetails(
        **{name: getattr(details, name) for name in TargetDetails.__annotations__} | {"classes": names}
    )
    written(tmp_path / "plots", changed)
    assert table(tmp_path / "plots/classes.csv")[0]["class"] == "'=1+1"
