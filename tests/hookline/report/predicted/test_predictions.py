import csv

import numpy
import pytest
import torch
from run_directories import trained_run

from hookline import HooklineError
from hookline.report.evidence import ClassPredictions, NumberPredictions
from hookline.report.predicted.predictions import gathered
from hookline.trained.open_run import open_run


def by_hand(run):
    """The outputs of the model for the validation split, and its targets."""
    with run.opened() as opened:
        rows = opened.stages.prepare_data(run=opened).validation.all
    with torch.no_grad():
        return run.model(rows.input), rows


def test_classes_are_those_of_the_model_and_the_worst_rows_come_first(tmp_path):
    run = open_run(trained_run(tmp_path))
    [found], _ = gathered(run)
    outputs, rows = by_hand(run)
    assert isinstance(found, ClassPredictions)
    assert found.names == ("setosa", "versicolor", "virginica")
    assert numpy.array_equal(found.predicted, outputs.argmax(dim=1))
    assert numpy.array_equal(found.truth, rows.target)
    probability = outputs.softmax(dim=1)[range(30), rows.target]
    wrong = [row for row in probability.argsort().tolist() if found.truth[row] != found.predicted[row]]
    assert [example.row - 1 for example in found.worst] == wrong[:12]
    assert [example.error for example in found.worst] == pytest.approx(probability[wrong][:12].tolist())
    assert run.metrics["validation/Accuracy"] == pytest.approx(found.right / found.rows)


def test_inputs_of_the_worst_rows_are_as_they_stand_in_the_file(tmp_path):
    from small_training import SPECS

    [found], _ = gathered(open_run(trained_run(tmp_path)))
    lines = {
        tuple(map(float, line.split(",")[:4])): line.split(",")[4]
        for line in (SPECS / "data/iris.csv").read_text().splitlines()[1:]
    }
    assert found.worst
    for example in found.worst:
        assert list(example.inputs) == ["sepal_length", "sepal_width", "petal_length", "petal_width"]
        assert lines[tuple(map(float, example.inputs.values()))] == example.truth


def test_inputs_of_columns_with_kinds_are_as_they_stand_in_the_file(tmp_path):
    from small_training import SPECS

    path = SPECS / "data/penguins.csv"
    inputs = ["Island", "Sex", "Body Mass (g)", "Date Egg"]
    columns = {
        "Island": {"type": "OneHotEncoder"},
        "Sex": {"type": "OneHotEncoder", "missing": "category"},
        "Body*": {"type": "StandardScaler", "missing": "median", "indicator": True},
        "Date Egg": {"type": "Date", "parts": ["year"]},
    }
    data = {"type": "CSV", "path": str(path), "inputs": inputs, "targets": "Species", "columns": columns}
    [found], _ = gathered(open_run(trained_run(tmp_path, data=data | {"validation": 0.5})))
    with path.open(newline="") as file:
        known = [
            (
                row["Species"],
                {
                    "Island": row["Island"],
                    "Sex": row["Sex"] if row["Sex"] in ("MALE", "FEMALE") else "missing",
                    "Body Mass (g)": "missing" if row["Body Mass (g)"] == "NA" else row["Body Mass (g)"],
                    "Date Egg year": row["Date Egg"][:4],
                },
            )
            for row in csv.DictReader(file)
        ]
    assert len(found.worst) == 12
    assert all((example.truth, dict(example.inputs)) in known for example in found.worst)


def test_numbers_are_those_of_the_model(tmp_path):
    from small_training import SPECS

    data = {"type": "CSV", "path": str(SPECS / "data/diabetes.csv"), "targets": "progression", "validation": 0.2}
    sections = {
        "data": data,
        "loss": {"type": "MSELoss"},
        "metrics": [],
        "model": {"type": "Linear", "out_features": 1},
    }
    run = open_run(trained_run(tmp_path, **sections))
    [found], _ = gathered(run)
    outputs, rows = by_hand(run)
    assert isinstance(found, NumberPredictions)
    assert numpy.array_equal(found.predicted, outputs.double())
    assert numpy.array_equal(found.truth, rows.target.reshape(-1, 1).double())
    assert found.columns == ("progression",)
    worst = (outputs - rows.target.reshape(-1, 1)).abs()[:, 0].argsort(descending=True, stable=True)[:12]
    assert [example.row - 1 for example in found.worst] == worst.tolist()


def test_a_single_label_is_two_classes(tmp_path):
    from small_training import SPECS

    data = {"type": "CSV", "path": str(SPECS / "data/breast_cancer.csv"), "targets": "diagnosis", "validation": 0.2}
    sections = {"data": data | {"standardize": True}, "loss": {"type": "BCEWithLogitsLoss"}}
    run = open_run(trained_run(tmp_path, **sections, model={"type": "Linear", "out_features": 1}))
    [found], _ = gathered(run)
    outputs, _ = by_hand(run)
    assert set(found.names) == {"malignant", "benign"}
    assert numpy.array_equal(found.predicted, (outputs.sigmoid() >= 0.5).long()[:, 0])
    assert run.metrics["validation/Accuracy"] == pytest.approx(found.right / found.rows)


def test_data_that_has_changed_since_the_training_is_noted(tmp_path):
    from small_training import SPECS

    text = (SPECS / "data/iris.csv").read_text()
    (tmp_path / "iris.csv").write_text(text)
    data = {"type": "CSV", "path": str(tmp_path / "iris.csv"), "targets": "species", "validation": 0.2}
    run = open_run(trained_run(tmp_path, data=data))
    assert gathered(run)[1] == ""
    (tmp_path / "iris.csv").write_text(text.replace("5.1", "6.1"))
    assert gathered(run)[1].startswith("The data has changed since the training")


def test_data_with_other_classes_is_refused(tmp_path):
    from small_training import SPECS

    text = (SPECS / "data/iris.csv").read_text()
    (tmp_path / "iris.csv").write_text(text)
    data = {"type": "CSV", "path": str(tmp_path / "iris.csv"), "targets": "species", "validation": 0.2}
    run = open_run(trained_run(tmp_path, data=data))
    (tmp_path / "iris.csv").write_text(text.replace("setosa", "wild"))  # It is sorted to the end.
    with pytest.raises(HooklineError, match="finds other targets or classes"):
        gathered(run)


def test_labels_are_predicted_from_the_threshold_of_the_metrics(tmp_path):
    from small_training import SPECS

    data = {"type": "CSV", "path": str(SPECS / "data/breast_cancer.csv"), "targets": "diagnosis", "validation": 0.2}
    sections = {
        "data": data | {"standardize": True},
        "loss": {"type": "BCEWithLogitsLoss"},
        "metrics": [{"type": "Accuracy", "threshold": 0.9}],
    }
    run = open_run(trained_run(tmp_path, **sections, model={"type": "Linear", "out_features": 1}))
    [found], _ = gathered(run)
    outputs, _ = by_hand(run)
    assert numpy.array_equal(found.predicted, (outputs.sigmoid() >= 0.9).long()[:, 0])
    assert run.metrics["validation/Accuracy"] == pytest.approx(found.right / found.rows)


def test_without_validation_and_test_rows_there_are_no_predictions(tmp_path):
    data = {"type": "Random", "features": 4, "targets": [0.0, 1.0]}
    run = open_run(
        trained_run(
            tmp_path, data=data, loss={"type": "MSELoss"}, metrics=[], model={"type": "Linear", "out_features": 1}
        )
    )
    with pytest.raises(HooklineError, match="neither a validation nor a test split"):
        gathered(run)


def test_ids_of_the_worst_rows_are_those_of_the_file(tmp_path):
    from small_training import SPECS

    header, *lines = (SPECS / "data/iris.csv").read_text().splitlines()
    path = tmp_path / "flowers.csv"
    path.write_text("\n".join([f"id,{header}", *(f"f{number},{line}" for number, line in enumerate(lines))]))
    data = {"type": "CSV", "path": str(path), "targets": "species", "id_columns": "id", "validation": 0.2}
    [found], _ = gathered(open_run(trained_run(tmp_path, data=data)))
    assert found.worst
    for example in found.worst:
        *numbers, species = lines[int(example.kept["id"].removeprefix("f"))].split(",")
        assert list(map(float, numbers)) == list(map(float, example.inputs.values()))
        assert species == example.truth
