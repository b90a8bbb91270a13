"""The plan of a run, made in Python."""

import json

import pytest
from pyarrow import csv
from small_training import SPECS, small

import hookline
from hookline.cli.main import main
from hookline.errors import HooklineError, MismatchError


def test_a_plan_is_that_of_the_command_and_nothing_is_written(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    plan = hookline.plan(hookline.load(SPECS / "iris.toml"))
    assert list(tmp_path.iterdir()) == []
    assert main(["plan", str(SPECS / "iris.toml"), "--format", "json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (plan.data, plan.parameters, plan.rows) == (printed["data"], printed["parameters"], printed["rows"])
    assert plan.memory.total == printed["memory"]["total"]


def test_the_fingerprint_of_rows_from_python_is_that_of_their_content():
    rows = csv.read_csv(SPECS / "data/iris.csv")
    file, given = hookline.plan(small()), hookline.plan(small(), data=rows)
    assert given.data == file.data
    assert hookline.plan(small(), data=rows.slice(1)).data != file.data


def test_rows_that_a_plugin_does_not_use_are_refused():
    class Preparing:
        @hookline.hookimpl
        def prepare_data(self, run):
            return run.spec.data.prepare(run, run.objective)

    assert hookline.plan(small(), plugins=[Preparing()]).rows["training"] == 120
    with pytest.raises(MismatchError, match=r"data: A plugin prepares the data without the rows .* read `run\.source`"):
        hookline.plan(small(), data={"a": [1]}, plugins=[Preparing()])


def test_a_source_that_takes_no_rows_says_so():
    spec = small(data={"type": "Random", "features": 2, "targets": [0, 1, 2]}, metrics=[])
    with pytest.raises(MismatchError, match=r"data\.type: Random takes no rows from Python: omit `data`"):
        hookline.plan(spec, data={"a": [1]})


def test_other_objects_are_no_spec():
    with pytest.raises(HooklineError, match="`spec` must be a TrainingSpec, not str"):
        hookline.plan("iris.toml")
