import json
import re

import pytest
from tuning import tuned

import hookline
from hookline.cli.main import main


@pytest.fixture
def spec(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = tuned({"optimizer.lr": [0.001, 0.1]}, type="GridSearch", trials=2)
    (tmp_path / "mine.toml").write_text(hookline.dumps(made, tmp_path))
    return "mine.toml"


def test_the_trials_and_the_best_one_are_printed(spec, capsys):
    assert main(["tune", spec, "--out", "runs/one"]) == 0
    printed = re.sub(r"0\.\d{4,}|\d+\.\d s", "…", capsys.readouterr().out).splitlines()
    assert printed == [
        "tuned: 2 trials by GridSearch for the lowest validation/loss",
        "Study in runs/one",
        "",
        "                   validation/",
        "  trial  state            loss  epochs     time  lr",
        *printed[5:7],
        "",
        "Best: trial 2, validation/loss …; lr 0.1",
        "2 of 2 trials ended. The best spec is runs/one/best.toml",
        "Open runs/one/tune.html in a browser to see the trials.",
    ]
    assert [line.split()[:3] for line in printed[5:7]] == [["*", "1", "finished"], ["*", "2", "finished"]]
    assert printed[6].endswith("  0.1")
    assert main(["check", "runs/one/best.toml"]) == 0


def test_train_tunes_a_spec_with_a_tuner_and_a_study_becomes_longer(spec, capsys):
    assert main(["train", spec, "--out", "runs/one", "-q"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["tune", spec, "--resume", "runs/one"]) == 0
    assert "Study in runs/one, in which 2 trials ended before" in capsys.readouterr().out


def test_the_plan_has_the_search(spec, capsys):
    assert main(["plan", spec]) == 0
    shown = capsys.readouterr().out.split("\n\n")[-1].splitlines()
    time = shown.pop(3)
    assert re.fullmatch(r"  about [0-9.]+ s with one worker, if no trial ends early: [0-9.]+ s for each", time)
    assert shown == [
        "Search by GridSearch: 2 trials of 2 combinations",
        "  optimizer.lr  0.001, 0.1",
        "  for the lowest validation/loss",
        "  trial 1: lr 0.001",
    ]


def test_the_estimated_time_is_that_of_all_epochs_of_all_trainings(spec, capsys, monkeypatch):
    monkeypatch.setattr("hookline.training.planning.pace._of_step", lambda *_: 4.0)
    monkeypatch.setattr("hookline.training.planning.pace._of_evaluation", lambda *_: 1.0)
    assert main(["plan", spec, "--set", "tune.seeds=3", "--format", "json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    batches = [-(-plan["rows"][split] // 64) for split in ("training", "validation")]
    assert plan["search"]["seconds"] == 2 * 3 * plan["epochs"] * (4.0 * batches[0] + 1.0 * batches[1])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tune"], "Pass a spec with a section [tune], or a study to resume"),
        (["tune", "mine.toml", "--study", "x"], "--study: This names a study in a storage: pass its URL, too."),
        (["tune", "--resume", "none"], "none: This is not the directory of a study"),
        (
            ["tune", "mine.toml", "--resume", "x", "--out", "y"],
            "--out: A study continues in its own directory: remove this.",
        ),
        (["tune", "mine.toml", "--trials", "0"], "`0` is not a positive integer"),
    ],
)
def test_wrong_arguments_are_refused(spec, capsys, words, message):
    try:
        code = main(words)
    except SystemExit as ended:
        code = ended.code
    assert code == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("command", ["tune", "train"])
def test_each_command_that_searches_uses_the_storage_of_the_environment(spec, capsys, monkeypatch, command):
    monkeypatch.setenv("HOOKLINE_STORAGE", "nowhere://host")
    assert main([command, spec]) == 2
    assert capsys.readouterr().err.startswith("No plugin has a storage for URLs that begin with `nowhere://`.")
