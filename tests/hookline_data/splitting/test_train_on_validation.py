import ejected
import numpy
import pytest
from small_training import SPECS

import hookline
from hookline.errors import SpecError

IRIS = {"type": "CSV", "path": str(SPECS / "data/iris.csv"), "targets": "species"}
SECTIONS = {
    "model": {"type": "Linear", "out_features": 3},
    "loss": {"type": "CrossEntropyLoss"},
    "optimizer": {"type": "SGD"},
}


def rows(tmp_path, **data):
    spec = hookline.load({**SECTIONS, "run": {"epochs": 1}, "data": {**IRIS, **data}})
    return hookline.train(spec, out=tmp_path / str(len(list(tmp_path.iterdir())))).data


@pytest.mark.parametrize(
    "options",
    [
        {"validation": 0.2, "test": 0.1},
        {"validation": 0.2, "test": 0.1, "stratify": True},
        {"folds": 4, "fold": 2, "test": 0.2},
        {"time_column": "sepal_length", "validation": 0.2, "test": 0.2, "gap": 3},
        {"group_column": "petal_width", "validation": 0.2, "test": 0.2},
        {"validation": 0.2, "test": 0.1, "stream": True},
    ],
    ids=str,
)
def test_the_training_rows_are_those_of_both_splits_and_the_test_rows_are_the_same(options, tmp_path):
    apart, joined = rows(tmp_path, **options), rows(tmp_path, **options, train_on_validation=True)
    assert joined.validation is None
    if "stream" in options:
        assert joined.training.rows == apart.training.rows + apart.validation.rows
        assert joined.test.rows == apart.test.rows
        return
    both = numpy.union1d(apart.row_numbers["training"], apart.row_numbers["validation"])
    assert joined.row_numbers["training"].tolist() == both.tolist()
    assert joined.row_numbers["test"].tolist() == apart.row_numbers["test"].tolist()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "data.train_on_validation: There are no validation rows to add to the training rows."),
        (
            {"validation": IRIS["path"]},
            "data.train_on_validation: The validation rows are in another file: list it in `path`, and remove "
            "`validation`.",
        ),
    ],
)
def test_it_is_refused_without_validation_rows(options, message):
    with pytest.raises(SpecError) as error:
        hookline.load({**SECTIONS, "data": {**IRIS, **options, "train_on_validation": True}})
    assert [str(problem) for problem in error.value.problems] == [message]


def test_the_rows_of_a_validation_file_are_read_with_those_of_the_training_file():
    source = hookline.load({**SECTIONS, "data": {**IRIS, "validation": IRIS["path"]}}).data
    changed = source.without_validation()
    assert [str(path) for path in changed["path"]] == [IRIS["path"]] * 2
    assert changed["validation"] == 0.0


def test_a_script_trains_on_the_validation_rows_too(monkeypatch):
    monkeypatch.chdir(SPECS.parent)
    _, found = ejected.compare("specs/splits/folds.toml", ["data.train_on_validation=true", "run.epochs=1"])
    assert found == []
