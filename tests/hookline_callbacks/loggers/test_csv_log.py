import csv
from math import inf, isnan, nan

import pytest
from small_training import SPECS, Adding, Ending, small

import hookline


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def numbers(path):
    return [{name: float(cell) for name, cell in row.items()} for row in rows(path)]


def test_the_example_spec_writes_a_table_that_equals_the_log(tmp_path):
    trial = hookline.train(hookline.load(SPECS / "callbacks/CSVLog.toml"), out=tmp_path / "run")
    assert numbers(tmp_path / "run/metrics.csv") == list(trial.history)
    names = [name for name in trial.metrics if name == "training/loss" or name.startswith("validation/")]
    assert list(trial.history[0]) == ["epoch", "step", *names, "lr"]
    assert trial.metrics["validation/R2Score"] > 0.3


def test_non_finite_numbers_can_be_read_back(tmp_path):
    odd = {"nan": nan, "inf": -inf, "none": None, "text": 'a "b", c\nd', "flag": True, "sizes": [1, 2]}
    hookline.train(small({"type": "CSVLog"}, epochs=1), plugins=[Adding(odd)], out=tmp_path / "run")
    (row,) = rows(tmp_path / "run/metrics.csv")
    assert isnan(float(row["nan"]))
    assert float(row["inf"]) == -inf
    assert [row[name] for name in ("none", "text", "flag", "sizes")] == ["", 'a "b", c\nd', "true", "[1, 2]"]


def test_a_new_number_gets_a_column_and_a_missing_one_an_empty_cell(tmp_path):
    adding = Adding({"a": 0.1}, {"a": 0.2, "b": 0.3}, {"c": 0.7})
    trial = hookline.train(small({"type": "CSVLog"}), plugins=[adding], out=tmp_path / "run")
    written = rows(tmp_path / "run/metrics.csv")
    assert [[row[name] for name in "abc"] for row in written] == [["0.1", "", ""], ["0.2", "0.3", ""], ["", "", "0.7"]]
    assert [float(row["training/loss"]) for row in written] == [record["training/loss"] for record in trial.history]
    assert list((tmp_path / "run").glob("*.part")) == []


def test_it_can_write_only_some_epochs_to_a_file_of_another_name(tmp_path):
    made = small({"type": "CSVLog"}, {"type": "CSVLog", "file": "every second.csv", "every": 2}, epochs=5)
    trial = hookline.train(made, out=tmp_path / "run")
    assert numbers(tmp_path / "run/metrics.csv") == list(trial.history)
    assert numbers(tmp_path / "run/every second.csv") == list(trial.history)[1::2]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("No more.")], ids=repr)
def test_the_rows_before_an_interruption_or_an_error_are_kept(error, tmp_path):
    with pytest.raises((hookline.Interrupted, hookline.errors.StageError)):
        hookline.train(small({"type": "CSVLog"}), plugins=[Ending(error, 3)], out=tmp_path / "run")
    assert [row["epoch"] for row in rows(tmp_path / "run/metrics.csv")] == ["1", "2"]


@pytest.mark.parametrize(
    "file", ["metrics.jsonl", "../metrics.csv", "a/b.csv", "/a.csv", "a\\b.csv", ".csv", "", "spec.toml", "a.csv\n"]
)
def test_a_file_elsewhere_or_of_another_type_is_an_error(file):
    with pytest.raises(hookline.errors.SpecError) as raised:
        small({"type": "CSVLog", "file": file})
    assert [problem.path for problem in raised.value.problems] == [("callbacks", 0, "file")]
    assert raised.value.problems[0].text == (
        f'"{file}" is not the plain name of a file that ends in ".csv", without a directory.'
    )


def test_two_that_write_to_the_same_file_are_an_error():
    with pytest.raises(hookline.errors.SpecError) as raised:
        small({"type": "CSVLog"}, {"type": "CSVLog", "every": 2})
    assert "spec: callbacks[1].file: Another CSVLog also writes to" in str(raised.value)
