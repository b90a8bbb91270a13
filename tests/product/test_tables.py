"""Public tables from `hookline new spec` to predictions, and drafts that equal a quick pipeline of scikit-learn."""

import csv
import re
from pathlib import Path

import numpy
import pytest
from exhaustive import sampled
from public_tables import TABLES, TARGETS, copied, frame
from quick_pipeline import quick_scores
from sklearn.metrics import accuracy_score, r2_score

import hookline
from hookline.cli.main import main

SAMPLE = (
    "airline_passengers.csv",
    "elements.csv",
    "hitters.csv",
    "linnerud.arrow",
    "mode_choice.csv",
    "phishing.csv.gz",
    "student_survey.csv",
    "titanic.csv",
)

COMPARED = (
    "concrete.csv",
    "diabetes_export.csv",
    "fuel_economy.csv",
    "hitters.csv",
    "mode_choice.csv",
    "phishing.csv.gz",
    "seattle_weather.csv",
    "student_survey.csv",
)

SPLITS = range(3)
"""The seeds of the splits over which the comparison is averaged: a test split has only 46 rows or more."""


@pytest.fixture
def drafted(tmp_path, monkeypatch, capsys):
    """Write a spec for a table; return the path of the table, the spec and what the command prints."""
    monkeypatch.chdir(tmp_path)

    def draft(name):
        path = copied(name, tmp_path)
        assert main(["new", "spec", name, "--target", TARGETS[name], "--out", "spec.toml"]) == 0
        printed = capsys.readouterr()
        assert printed.err == ""
        return path, printed.out

    return draft


@pytest.mark.parametrize("name", sampled(TARGETS, SAMPLE))
def test_a_draft_leaves_nothing_out_silently_and_predicts_every_row(name, drafted, capsys):
    path, told = drafted(name)
    table, target = frame(path), TARGETS[name]
    spec = hookline.load("spec.toml", ["run.epochs=2"])

    named = {column.removeprefix("Unnamed: 0") for column in table.columns}  # pandas names the columns without a name.
    inputs = named - {target} if "*" in spec.data.inputs else set(spec.data.inputs)
    assert inputs <= named - {target}
    for column in named - inputs - {target}:
        assert f'"{column}"' in told

    trial = hookline.train(spec, out="run")  # Any warning is an error here.
    used = sum(map(len, trial.data.row_numbers.values()))
    known = table[target].notna()
    assert used == known.sum()
    assert used == len(table) or f"{len(table) - used} row" in told

    assert main(["predict", "run", name, "-o", "predictions.csv"]) == 0
    assert capsys.readouterr().err == ""
    with Path("predictions.csv").open(newline="") as file:
        predicted = [row["prediction"] for row in csv.DictReader(file)]
    assert len(predicted) == len(table)
    if trial.data.target.classes is None:
        numbers = numpy.array(predicted, dtype=float)
        assert table[target].min() <= numbers.mean() <= table[target].max()  # They are in the unit of the target.
    else:
        assert set(predicted) <= set(table[target][known].astype(str))


@pytest.mark.parametrize("name", sampled(COMPARED, ("diabetes_export.csv", "student_survey.csv")))
def test_a_draft_is_as_good_as_a_quick_pipeline_of_scikit_learn(name, drafted):
    path, _ = drafted(name)
    table, target = frame(path), TARGETS[name]
    differences = []
    for split in SPLITS:
        trial = hookline.train(hookline.load("spec.toml", [f"data.split_seed={split}"]), out=f"run{split}")
        is_of_classes = trial.data.target.classes is not None
        known = table[target].astype(str) if is_of_classes else table[target]
        columns = table.columns.drop(target) if "*" in trial.spec.data.inputs else list(trial.spec.data.inputs)
        training, test = (trial.data.row_numbers[part] for part in ("training", "test"))
        quick = quick_scores(table[columns], known, training, test, is_of_classes=is_of_classes)

        predicted = hookline.open_run(trial.directory).predict(path)["prediction"].to_pandas().iloc[test]
        score = accuracy_score if is_of_classes else r2_score
        own = score(known.iloc[test], predicted.astype(str) if is_of_classes else predicted)
        differences.append(own - max(quick))
    assert numpy.mean(differences) >= -0.01


def test_the_source_of_every_table_is_listed():
    listed = re.findall(
        r"^\| `([^`]+)` \| ([\d,]+) × (\d+) \| `([^`]+)`", (TABLES / "README.md").read_text(), re.MULTILINE
    )
    assert {name: target for name, _, _, target in listed} == TARGETS
    assert {path.name for path in TABLES.iterdir()} - {"README.md"} <= set(TARGETS)
