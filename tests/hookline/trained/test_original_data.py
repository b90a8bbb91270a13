"""The original data of a finished run is read again as in training, or the difference is reported."""

import re
import shutil

import pyarrow
import pytest
import torch
from pyarrow import csv
from small_training import SPECS, small

import hookline
from hookline.errors import HooklineWarning, LockError, RunError

SPEC = """\
[run]
epochs = 1

[data]
type = "CSV"
path = "data/iris.csv"
targets = "species"
split_column = "split"
standardize = true

[model]
type = "Linear"
out_features = 3

[loss]
type = "CrossEntropyLoss"

[optimizer]
type = "Adam"
"""

SPLITS = ("training", "training", "training", "validation", "test")


@pytest.fixture
def home(tmp_path):
    """A directory with a data file, in which every fifth row is a test row, and a finished run of it."""
    header, *rows = (SPECS / "data/iris.csv").read_text().splitlines()
    lines = [f"{row},{SPLITS[index % 5]}" for index, row in enumerate(rows)]
    (tmp_path / "data").mkdir()
    (tmp_path / "data/iris.csv").write_text("\n".join([f"{header},split", *lines]) + "\n")
    (tmp_path / "split.toml").write_text(SPEC)
    hookline.train(hookline.load(tmp_path / "split.toml"), out=tmp_path / "runs/1")
    return tmp_path


def prepared(directory, *overrides):
    finished = hookline.open_run(directory, overrides=overrides)
    with finished.opened() as run:
        return finished.prepared_data(run)


def replace_line(path, number, old, new):
    lines = path.read_text().splitlines()
    lines[number] = lines[number].replace(old, new, 1)
    path.write_text("\n".join(lines) + "\n")


def test_the_splits_have_the_rows_of_the_training(home):
    trained = hookline.train(hookline.load(home / "split.toml"), out=home / "again").data
    splits = prepared(home / "runs/1").splits()
    assert list(splits) == ["training", "validation", "test"]
    for split, batches in splits.items():
        assert batches.all.input.equal(trained.splits()[split].all.input)
        assert batches.all.target.equal(trained.splits()[split].all.target)


def test_reading_the_data_does_not_change_the_random_numbers_of_the_caller(home):
    torch.manual_seed(1)
    first = torch.rand(1)
    torch.manual_seed(1)
    prepared(home / "runs/1")
    assert torch.rand(1) == first


def test_data_that_is_gone_is_reported_with_the_way_to_pass_its_new_path(home):
    shutil.move(home / "runs/1", home / "moved")
    message = f'"{re.escape(str(home.parent / "data/iris.csv"))}" does not exist.*--set data.path=/new/place/iris.csv'
    with pytest.raises(RunError, match=message):
        prepared(home / "moved")
    assert len(prepared(home / "moved", f"data.path={home / 'data/iris.csv'}").splits()) == 3


def test_a_changed_test_row_causes_a_warning(home):
    replace_line(home / "data/iris.csv", 5, ",", "1,")
    with pytest.warns(HooklineWarning, match="The data has changed since training, so numbers may differ") as warned:
        prepared(home / "runs/1")
    assert warned[0].message.diagnostic.id == "changed-data"


def test_a_removed_test_row_causes_a_warning_with_the_numbers_of_rows(home):
    path = home / "data/iris.csv"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.warns(HooklineWarning, match=r"Rows then: 90 training, 30 validation, 30 test; now: .*29 test"):
        prepared(home / "runs/1")


@pytest.mark.parametrize(
    ("number", "old", "new", "what"),
    [
        (1, ",", "1,", "columns, categories or statistics"),
        (0, "petal_width", "width", "columns, categories or statistics"),
        (1, "setosa", "rosa", "targets or classes"),
    ],
)
def test_data_that_would_be_prepared_differently_is_refused(number, old, new, what, home):
    replace_line(home / "data/iris.csv", number, old, new)
    with pytest.raises(RunError, match=f"the data source now finds other .*{what}"):
        prepared(home / "runs/1")


def test_a_new_path_is_relative_to_the_current_directory(home, monkeypatch):
    reported = hookline.open_run(home / "runs/1").evaluate()
    (home / "elsewhere").mkdir()
    (home / "data/iris.csv").rename(home / "elsewhere/moved.csv")
    monkeypatch.chdir(home / "elsewhere")
    for path in ("moved.csv", "../elsewhere/moved.csv"):
        assert hookline.open_run("../runs/1", overrides=[f"data.path={path}"]).evaluate() == reported
    with pytest.raises(
        RunError, match=f'"{re.escape(str(home / "elsewhere/no.csv"))}" does not exist.*and those that you pass'
    ):
        hookline.open_run("../runs/1", overrides=["data.path=no.csv"]).evaluate()


def test_only_the_data_of_a_finished_run_can_be_changed(home):
    with pytest.raises(RunError, match="Only the data of a finished run can be changed"):
        hookline.open_run(home / "runs/1", overrides=["model.out_features=4"])


@pytest.fixture
def flowers():
    return csv.read_csv(SPECS / "data/iris.csv")


@pytest.fixture
def given(tmp_path, flowers):
    """A finished run whose rows were passed in Python."""
    data = {"type": "DataFrame", "targets": "species", "validation": 0.2}
    return hookline.train(small(epochs=1, data=data), data=flowers, out=tmp_path / "run")


def test_rows_that_were_passed_in_python_must_be_passed_again(given, flowers):
    run = hookline.open_run(given.directory)
    with pytest.raises(
        RunError, match=r"were passed to `hookline\.train` in Python, .* `hookline\.open_run\(\.\.\., data="
    ):
        run.evaluate("validation")
    assert run.evaluate(data=flowers)["loss"] > 0
    again = hookline.open_run(given.directory, data=flowers)
    assert again.evaluate("validation")["loss"] == given.metrics["validation/loss"]
    with pytest.warns(HooklineWarning, match="The data has changed since training"):
        hookline.open_run(given.directory, data=pyarrow.concat_tables([flowers, flowers])).evaluate("validation")


def test_a_file_may_have_the_rows_that_were_passed_in_python(tmp_path, flowers):
    given = hookline.train(small(epochs=1), data=flowers, out=tmp_path / "run")
    assert hookline.open_run(given.directory).evaluate("validation")["loss"] == given.metrics["validation/loss"]
    other = hookline.train(small(epochs=1), data=flowers.slice(5), out=tmp_path / "other")
    with pytest.raises(RunError, match=r"were passed to `hookline\.train` in Python"):
        hookline.open_run(other.directory).evaluate("validation")


def test_a_locked_training_compares_rows_from_python(tmp_path, given, flowers):
    spec = given.spec
    again = hookline.train(spec, data=flowers, locked=given.directory, out=tmp_path / "again")
    assert again.metrics == given.metrics
    with pytest.raises(LockError, match=r"The data has changed\."):
        hookline.train(spec, data=flowers.slice(1), locked=given.directory, out=tmp_path / "other")
