"""What remains of a run, and its next learning rates, which are those that it then has."""

import json
from pathlib import Path

import pytest
from small_training import small

import hookline
from hookline.cli.main import main
from hookline.runs.checkpoints import store

STEPS, EPOCHS = 3, 9
STEPWISE = {"type": "Checkpoint", "every_steps": 1, "keep_last": 99}
SCHEDULES = {
    "none": [],
    "epochs": [{"type": "StepLR", "step_size": 2, "gamma": 0.5}],
    "steps": [{"type": "OneCycleLR", "max_lr": 0.1}],
    "both": [
        {"type": "ExponentialLR", "gamma": 0.9},
        {"type": "CosineAnnealingLR", "interval": "step", "T_max": 27},
    ],
}


class Rates:
    """Notes the learning rate of each step."""

    def __init__(self):
        self.rates = {}

    @hookline.hookimpl(wrapper=True)
    def step(self, run, optimizer):
        self.rates[run.step + 1] = optimizer.param_groups[0]["lr"]
        return (yield)


def spec(*callbacks, **run):
    data = {"type": "CSV", "path": str(small().data.path), "targets": "species", "validation": 0.2, "batch_size": 40}
    return small(*callbacks, run={"epochs": EPOCHS, "device": "cpu", "name": "small", **run}, data=data)


def remove_after(run, step):
    for one in store.all_of(run):
        if one.step > step:
            one.directory.rename(run / f"moved-{one.step}")


def shown(capsys, *arguments, code=0):
    capsys.readouterr()
    assert main(["plan", "--resume", *arguments]) == code
    return capsys.readouterr()


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_next_learning_rates_are_those_of_the_training(name, tmp_path, capsys):
    noted = Rates()
    run = tmp_path / "run"
    hookline.train(spec(STEPWISE, *SCHEDULES[name]), plugins=[noted], out=run)
    # In an epoch, at its end before its record, and near the end of the run.
    for step in (25, 10, 6):
        remove_after(run, step)
        before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
        found = json.loads(shown(capsys, str(run), "--format", "json", "--allow", "plugins").out)["resume"]
        assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
        assert found["step"] == step
        rates = {one["step"]: one["rates"] for one in found["rates"]}
        ends = [end for end in range(0, STEPS * EPOCHS, STEPS) if end > step][:4]
        assert list(rates) == [step + 1, *(end + 1 for end in ends)] or step % STEPS == 0
        assert rates == {place: [noted.rates[place]] for place in rates}
        assert [one["epoch"] for one in found["rates"]] == [-(-place // STEPS) for place in rates]


def test_what_was_done_and_what_remains(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    plateau = {"type": "ReduceLROnPlateau", "patience": 1}
    hookline.train(spec(STEPWISE, plateau, max_steps=20), out="run")
    remove_after(Path("run"), 10)
    lines = shown(capsys, "run").out.splitlines()
    record, later = map(json.loads, Path("run/metrics.jsonl").read_text().splitlines()[2:4])
    assert lines[0] == "run continues after step 10"
    assert lines[1].startswith("  done     3 epochs, and 1 of 3 steps of epoch 4, in ")
    assert lines[2].startswith(
        f"  logged   epoch 3, step 9: training/loss {record['training/loss']:.5g}, validation/loss "
    )
    assert lines[3:7] == ["  remains  10 steps, until epoch 7", "", "Next learning rates", "  epoch  step     lr"]
    rate = f"{later['lr']:g}"
    assert rate == "0.001"  # It has been reduced.
    rows = [line.split() for line in lines[7:11]]
    assert rows == [["4", "11", rate], ["5", "13", rate], ["6", "16", rate], ["7", "19", rate]]
    assert lines[11] == "  ReduceLROnPlateau may change them, according to what will be logged."
    longer = shown(capsys, "run", "--set", "run.max_steps=24").out.splitlines()
    assert longer[3] == "  remains  14 steps, until epoch 8"
    refused = shown(capsys, "run", "--set", "optimizer.lr=0.5", code=2).err
    assert "optimizer.lr was 0.01; now it is 0.5: allow this with `--allow optimizer.lr`." in refused
    assert "run  step" not in refused


def test_a_run_that_was_stopped_has_nothing_left(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    stopping = {"type": "EarlyStopping", "patience": 1, "min_delta": 9.0}
    hookline.train(spec({"type": "Checkpoint"}, stopping), out="run")
    lines = shown(capsys, "run").out.splitlines()
    assert lines[1].startswith("  done     2 epochs, in ")
    assert (
        lines[3]
        == "  remains  nothing: validation/loss has not improved for 1 epoch; it was best in epoch 1, whose weights are kept."
    )
    assert lines[4:6] == ["", "small: 9 epochs of 3 steps on cpu, seed 0"]


def test_a_spec_and_a_run_are_not_mixed(tmp_path, capsys):
    for arguments in ([], ["a.toml", "--resume", "run"]):
        assert main(["plan", *arguments]) == 2
        assert "Pass either a spec, or a run to resume" in capsys.readouterr().err
    assert main(["plan", "a.toml", "--allow", "data"]) == 2
    assert "`--allow` is for a run to resume" in capsys.readouterr().err
    assert main(["plan", "--resume", "run", "--from", "other"]) == 2
    assert "remove `--with` and `--from`" in capsys.readouterr().err


def test_runs_are_listed_with_their_newest_checkpoints(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    hookline.train(spec(STEPWISE, epochs=1), out="runs/a")
    hookline.train(spec(epochs=1), out="runs/b")
    assert main(["runs", "--columns", "checkpoint"]) == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["run", "state", "checkpoint"],
        ["runs/a", "finished", "step", "3"],
        ["runs/b", "finished"],
    ]
    assert main(["runs", "--format", "json"]) == 0
    assert [one["checkpoint"] for one in json.loads(capsys.readouterr().out)] == [3, None]
    assert main(["runs", "--filter", "checkpoint>=3", "--columns", "state"]) == 0
    assert "runs/a" in capsys.readouterr().out


def test_the_command_says_from_where_a_run_continues(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    hookline.train(spec(STEPWISE), out="run")
    remove_after(Path("run"), 25)
    assert main(["resume", "run"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert shown[:3] == [
        "run: The newest checkpoint is that of step 25.",
        "",
        "small: 9 epochs of 3 steps on cpu, seed 0",
    ]
    assert [line.split()[:2] for line in shown if line[:7].strip().isdigit()] == [["9", "27"]]
    assert main(["resume", "run", "--quiet"]) == 0
    assert capsys.readouterr().out == ""


def test_a_run_that_has_ended_stays_as_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    hookline.train(spec(STEPWISE, epochs=2), out="run")
    before = {path: path.stat().st_mtime_ns for path in Path("run").rglob("*")}
    assert main(["resume", "run"]) == 0
    assert capsys.readouterr().out == (
        "run: The run has ended after step 6, so nothing remains. A longer run: "
        "`hookline resume run --set run.epochs=4`.\n"
    )
    assert {path: path.stat().st_mtime_ns for path in Path("run").rglob("*")} == before
    Path("run/manifest.json").unlink()  # The process was killed while it wrote the results.
    assert main(["resume", "run"]) == 0
    assert Path("run/manifest.json").exists()


def test_a_damaged_checkpoint_is_a_warning_of_the_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    hookline.train(spec(STEPWISE), out="run")
    path = sorted(Path("run/checkpoints").iterdir())[-1] / "tensors.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    expected = f"run/spec.toml: warning: {path}: The file is damaged: it is not what the run wrote (manifest.json). "
    for arguments in (["plan", "--resume", "run"], ["resume", "run", "--quiet"]):
        assert main(arguments) == 0
        assert capsys.readouterr().err.startswith(expected)
