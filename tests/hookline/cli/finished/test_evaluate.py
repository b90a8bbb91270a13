import json
import re
import shutil

import pytest
from small_training import SPECS, small

import hookline
from hookline.cli.main import main

IRIS = SPECS / "data/iris.csv"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    data = {"type": "CSV", "path": str(IRIS), "targets": "species", "test": 0.2, "validation": 0.2}
    return hookline.train(small(data=data), out=tmp_path_factory.mktemp("evaluate") / "iris")


@pytest.fixture
def evaluate(trained, capsys):
    """Call the command; returns its exit code, output and errors."""

    def call(*arguments):
        code = main(["evaluate", str(trained.directory), *map(str, arguments)])
        return code, *capsys.readouterr()

    return call


def test_the_table_has_metrics_and_classes_and_the_confusions(evaluate, trained):
    code, output, errors = evaluate()
    assert (code, errors) == (0, "")
    first, loss, accuracy, blank, head, *rows = output.splitlines()
    assert first == "small, test (30 rows), weights of epoch 3"
    assert loss.split() == ["loss", f"{trained.metrics['test/loss']:#.5g}"]
    assert accuracy.split()[0] == "Accuracy"
    assert head.split() == ["species", "rows", "predicted", "precision", "recall", "F1"]
    assert [row.split()[0] for row in rows[:3]] == ["setosa", "versicolor", "virginica"]
    assert any(re.search(r"\d+ of 30 rows correct", row) for row in rows)
    assert not blank


def test_json_has_every_digit(evaluate, trained):
    found = json.loads(evaluate("--format", "json", "--split", "validation", "--metric", "F1Score average=macro")[1])
    assert found["metrics"]["loss"] == trained.metrics["validation/loss"]
    assert list(found["metrics"]) == ["loss", "Accuracy", "F1Score"]
    assert found["targets"]["target"]["classes"].keys() == {"setosa", "versicolor", "virginica"}
    assert (found["split"], found["data"], found["rows"]) == ("validation", None, 30)


def test_a_file_is_evaluated_instead_of_a_split(evaluate):
    code, output, _ = evaluate("--data", IRIS)
    assert code == 0
    assert output.startswith("small, iris.csv (150 rows)")
    code, _, errors = evaluate("--data", IRIS, "--split", "test")
    assert (code, errors) == (2, "Pass either `--split` or `--data`: new rows are not divided into splits.\n")


def test_without_a_test_split_the_default_is_the_validation_split(tmp_path, capsys):
    trained = hookline.train(small(), out=tmp_path / "iris")
    assert main(["evaluate", str(trained.directory)]) == 0
    assert "validation (30 rows)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--metric", "F1Score averag=macro"],
            "--metric F1Score averag=macro: metrics[1].averag: F1Score has no option",
        ),
        (["--metric", "F1Scor"], '--metric F1Scor: metrics[1].type: There is no metric called "F1Scor"'),
        (["--data", "no.csv"], "no.csv: There is no such file."),
        (["--batch-size", "0"], "--batch-size: This must be at least 1, not 0."),
        (["--device", "quantum"], "quantum"),
        (["--set", "data.path=no.csv"], "no.csv"),
        (["--set", "model.out_features=2"], "Only the data of a finished run can be changed"),
    ],
)
def test_wrong_input_is_an_error_with_exit_code_2(arguments, message, evaluate):
    code, output, errors = evaluate(*arguments)
    assert (code, output) == (2, "")
    assert message in errors


def test_plots_never_overwrite_files_without_force(evaluate, trained):
    code, output, _ = evaluate("--plots")
    directory = trained.directory / "evaluation-test"
    assert code == 0
    assert output.endswith(f"8 files written to {directory}\n")
    picture = directory / "curves.png"
    assert picture.is_file()
    picture.write_bytes(b"mine")
    code, output, errors = evaluate("--plots")
    assert (code, output) == (2, "")
    assert errors == f"{directory} is not empty: choose another directory, or pass `--force` to overwrite its files.\n"
    assert picture.read_bytes() == b"mine"
    assert evaluate("--plots", "--force")[0] == 0
    assert picture.read_bytes() != b"mine"


def test_plots_are_written_to_any_directory(evaluate, tmp_path):
    assert evaluate("--data", IRIS, "--plots", tmp_path / "plots")[0] == 0
    assert (tmp_path / "plots/confusion.csv").is_file()
    (tmp_path / "file").write_text("")
    assert evaluate("--plots", tmp_path / "file")[0] == 2


def test_data_that_has_moved_is_named_with_set(tmp_path, capsys):
    shutil.copy(IRIS, tmp_path / "iris.csv")
    data = {"type": "CSV", "path": str(tmp_path / "iris.csv"), "targets": "species", "test": 0.2}
    hookline.train(small(data=data), out=tmp_path / "run")
    (tmp_path / "iris.csv").rename(tmp_path / "moved.csv")
    assert main(["evaluate", str(tmp_path / "run")]) == 2
    assert "--set data.path=" in capsys.readouterr().err
    assert main(["evaluate", str(tmp_path / "run"), "--set", f"data.path={tmp_path / 'moved.csv'}"]) == 0
