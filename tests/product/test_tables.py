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
    "auto_mpg.csv",
    "concrete.csv",
    "hitters.csv",
    "mode_choice.csv",
    "penguins.csv",
    "phishing.csv.gz",
    "seattle_weather.csv",
    "titanic.csv",
)


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


@pytest.mark.parametrize("name", sampled(COMPARED, ("auto_mpg.csv", "phishing.csv.gz")))
def test_a_draft_is_as_good_as_a_quick_pipeline_of_scikit_learn(name, drafted):
    path, _ = drafted(name)
    trial = hookline.train(hookline.load("spec.toml"), out="run")
    table, target, inputs = frame(path), TARGETS[name], trial.spec.data.inputs
    training, test = (trial.data.row_numbers[split] for split in ("training", "test"))
    is_of_classes = trial.data.target.classes is not None
    known = table[target].astype(str) if is_of_classes else table[target]
    columns = table.columns.drop(target) if "*" in inputs else list(inputs)
    quick = quick_scores(table[columns], known, training, test, is_of_classes=is_of_classes)

    predicted = hookline.open_run("run").predict(path)["prediction"].to_pandas()
    assert len(predicted) == len(table)
    if is_of_classes:
        score = accuracy_score(known.iloc[test], predicted.astype(str).iloc[test])
    else:
        score = r2_score(known.iloc[test], predicted.iloc[test])
    assert score >= max(quick) - 0.01


def test_the_source_of_every_table_is_listed():
    listed = re.findall(
        r"^\| `([^`]+)` \| ([\d,]+) × (\d+) \| `([^`]+)`", (TABLES / "README.md").read_text(), re.MULTILINE
    )
    assert {name: target for name, _, _, target in listed} == TARGETS
    assert {path.name for path in TABLES.iterdir()} - {"README.md"} <= set(TARGETS)
