import json
import math

import pytest
from run_directories import write_run

from hookline import HooklineError
from hookline.runs.side_by_side.find_runs import runs_below
from hookline.runs.side_by_side.summary import RunSummary


def test_a_run_is_summarized_from_its_directory(tmp_path):
    run = RunSummary(write_run(tmp_path / "a" / "1", state="stopped", lr=0.5))
    assert (run.state, run.epochs, run.planned_epochs, run.seconds) == ("stopped", 3, 3, 1.5)
    assert run.metrics == {"validation/loss": 0.3}
    assert run.settings["optimizer.lr"] == 0.5
    assert run.settings["model.layers"] == ["Linear"]
    assert run.settings["model.layers[0].out_features"] == 3
    assert run.curve("validation/loss") == ([1, 2, 3], [0.9, 0.5, 0.3])
    assert run.weights_place() == 3
    assert run.problems == []


def test_relative_paths_are_equal_if_they_mean_the_same_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one, other = RunSummary(write_run(tmp_path / "1")), RunSummary(write_run(tmp_path / "deep" / "2"))
    assert one.settings["data.path"] == "table.csv"
    assert other.settings["data.path"] == "deep/table.csv"


def test_a_run_without_results_has_the_numbers_of_its_last_epoch(tmp_path):
    run = RunSummary(write_run(tmp_path / "1", state=None))
    with (run.directory / "metrics.jsonl").open("a") as file:
        file.write('{"epoch": 4, "validation/lo')  # It is being written.
    assert (run.state, run.epochs, run.metrics["validation/loss"]) == ("unfinished", 3, 0.3)
    assert run.problems == []


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("result.json", "{", "result.json is not JSON"),
        ("result.json", "[]", "result.json contains no state of a run"),
        ("result.json", "[" * 100_000, "result.json is not JSON"),
        ("result.json", b"\xff", "result.json is not UTF-8 text"),
        ("spec.toml", "a = [", "spec.toml is not TOML"),
        ("spec.toml", None, "spec.toml cannot be read"),
        ("metrics.jsonl", '{"epoch": 1}\n7\n', "metrics.jsonl is damaged: line 2"),
        ("run.lock.toml", "a = [", "run.lock.toml has been changed"),
    ],
)
def test_a_damaged_file_is_a_problem_and_no_error(name, content, problem, tmp_path):
    path = write_run(tmp_path / "1") / name
    path.unlink() if content is None else path.write_bytes(content if isinstance(content, bytes) else content.encode())
    run = RunSummary(path.parent).read()
    assert run.history is not None
    assert run.lock is not None
    assert [problem in found for found in run.problems] == [True]
    assert (run.state == "damaged") == (name == "result.json")


def test_numbers_of_json_that_are_null_are_nan(tmp_path):
    path = write_run(tmp_path / "1") / "result.json"
    path.write_text(json.dumps({"state": "failed", "metrics": {"test": {"loss": None, "text": "x", "n": 10**400}}}))
    metrics = RunSummary(path.parent).metrics
    assert list(metrics) == ["test/loss", "test/n"]
    assert all(map(math.isnan, metrics.values()))


def test_runs_are_found_in_natural_order_with_their_trials(tmp_path):
    for name in ("iris/10", "iris/9", "iris/9/trial-2", "other", "iris/9/checkpoints/old", ".hidden/1"):
        write_run(tmp_path / name)
    (tmp_path / "iris/11").mkdir()
    found = [str(path.relative_to(tmp_path)) for path in runs_below(tmp_path)]
    assert found == ["iris/9", "iris/9/trial-2", "iris/10", "other"]
    with pytest.raises(HooklineError, match="does not exist"):
        runs_below(tmp_path / "none")
