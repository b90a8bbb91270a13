"""A training begins with the weights of another run, as hand-written PyTorch does."""

import json
import shutil
from hashlib import sha256

import pytest
import torch
from safetensors.torch import load_file
from small_training import SPECS, small
from tuning import tuned

import hookline
from hookline.cli.main import main
from hookline.errors import LockError
from hookline.runs.checkpoints import store
from hookline.runs.trials import chosen_trial

LAYERS = [{"type": "Linear", "out_features": 8}, {"type": "BatchNorm1d"}, {"type": "Linear", "out_features": 3}]
CHECKPOINT = {"type": "Checkpoint", "every_steps": 2, "keep_last": 9, "keep_best": 1}
NAMES = ["0.weight", "0.bias"]
NORM = ["1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"]
HEAD = ["2.weight", "2.bias"]


def spec(*callbacks, layers=LAYERS, epochs=2, **sections):
    sections = {"model": {"type": "Sequential", "layers": layers}, **sections}
    return small(*callbacks, run={"epochs": epochs, "device": "cpu", "name": "small"}, **sections)


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The directory of a run."""
    return hookline.train(spec(CHECKPOINT, epochs=3), out=tmp_path_factory.mktemp("first") / "run").directory


def begun(run, out, **sections):
    """The state of the model before the first step, and the trial."""
    states = []

    def keep(model):
        states.append({name: tensor.clone() for name, tensor in model.state_dict().items()})

    made = spec(initialize_from={"run": str(run), **sections.pop("initialize_from", {})}, **sections)
    trial = hookline.train(made, plugins=[hookline.before("fit", keep)], out=out)
    return states[0], trial


def fresh(**sections):
    """The state of a model that is initialized as usual."""
    states = []
    keep = hookline.before("fit", lambda model: states.append({n: t.clone() for n, t in model.state_dict().items()}))
    return states, keep, spec(**sections)


def initial(tmp_path, **sections):
    states, keep, made = fresh(**sections)
    hookline.train(made, plugins=[keep], out=tmp_path / "fresh")
    return states[0]


def assert_state(state, expected):
    assert state.keys() == expected.keys()
    assert [name for name in state if not torch.equal(state[name], expected[name])] == []


def test_all_parameters_and_buffers_are_those_of_the_run(first, tmp_path):
    state, trial = begun(first, tmp_path / "run")
    assert_state(state, load_file(first / "model.safetensors"))
    assert trial.notes == (f"9 of 9 tensors are from {first} (last step, epoch 3, step 6).",)
    result = json.loads((tmp_path / "run/result.json").read_text())["initialized_from"]
    assert (
        result.pop("fingerprint")
        == json.loads((first / "manifest.json").read_text())["files"]["model.safetensors"]["sha256"]
    )
    assert result == {
        "run": str(first),
        "weights": "last step",
        "epoch": 3,
        "step": 6,
        "loaded": 9,
        "other_shape": 0,
        "missing": 0,
    }


def test_the_rest_of_the_training_is_that_of_plain_pytorch(first, tmp_path):
    _, trial = begun(first, tmp_path / "run", epochs=1)
    model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.BatchNorm1d(8), torch.nn.Linear(8, 3))
    model.load_state_dict(load_file(first / "model.safetensors"))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, fused=True)
    for batch in trial.data.training.epoch(1):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(batch.input), batch.target).backward()
        optimizer.step()
    assert_state(trial.model.state_dict(), model.state_dict())


@pytest.mark.parametrize(
    ("selection", "names"),
    [
        ({"layers": "BatchNorm*"}, NORM),
        ({"layers": ["0", "2"]}, [*NAMES, *HEAD]),
        ({"layers": "Linear", "parameters": "*.bias"}, ["0.bias", "2.bias"]),
        ({"parameters": "1.running_*"}, ["1.running_mean", "1.running_var"]),
    ],
    ids=str,
)
def test_layers_and_parameters_are_selected_by_pattern(selection, names, first, tmp_path):
    state, _ = begun(first, tmp_path / "run", initialize_from=selection)
    expected = initial(tmp_path) | {name: load_file(first / "model.safetensors")[name] for name in names}
    assert_state(state, expected)


def test_tensors_of_another_shape_and_new_ones_are_initialized_as_usual(first, tmp_path):
    layers = [*LAYERS[:2], {"type": "Linear", "out_features": 5}, {"type": "Linear", "out_features": 3}]
    state, trial = begun(first, tmp_path / "run", layers=layers)
    saved = load_file(first / "model.safetensors")
    assert_state(state, initial(tmp_path, layers=layers) | {name: saved[name] for name in [*NAMES, *NORM]})
    assert trial.notes == (
        f"7 of 11 tensors are from {first} (last step, epoch 3, step 6). Initialized as usual: 2.weight (5 × 8 here, "
        "3 × 8 there), 2.bias (5 here, 3 there), 3.weight (not in that run), 3.bias (not in that run).",
    )
    plan = hookline.plan(spec(layers=layers, initialize_from={"run": str(first)}))
    assert plan.initialized_from["loaded"] == [*NAMES, *NORM]
    assert plan.initialized_from["other_shape"] == {"2.weight": [[3, 8], [5, 8]], "2.bias": [[3], [5]]}
    assert plan.initialized_from["missing"] == ["3.weight", "3.bias"]


def test_a_checkpoint_is_named_by_its_step_or_as_the_best(first, tmp_path):
    losses = [json.loads(line)["validation/loss"] for line in (first / "metrics.jsonl").read_text().splitlines()]
    best = 2 * (1 + losses.index(min(losses)))
    for place, step in (("2", 2), ("best", best)):
        trial = hookline.train(spec(epochs=1), from_run=f"{first}:{place}", out=tmp_path / place)
        [checkpoint] = [one for one in store.all_of(first) if one.step == step]
        made = json.loads((tmp_path / place / "result.json").read_text())["initialized_from"]
        assert (made["weights"], made["step"], made["fingerprint"]) == ("checkpoint", step, checkpoint.fingerprint)
        assert trial.spec.initialize_from.checkpoint == (step if place == "2" else "best")
    state, _ = begun(first, tmp_path / "run", initialize_from={"checkpoint": 2})
    [checkpoint] = [one for one in store.all_of(first) if one.step == 2]
    assert_state(state, checkpoint.load()["model"])


def test_a_run_that_has_not_ended_is_used_as_far_as_its_newest_checkpoint(first, tmp_path):
    run = tmp_path / "killed"
    shutil.copytree(first, run)
    for name in ("manifest.json", "result.json"):
        (run / name).unlink()
    state, _ = begun(run, tmp_path / "run")
    assert_state(state, store.all_of(first)[-1].load()["model"])


def test_parameters_of_the_loss_are_loaded_too(tmp_path):
    path = SPECS / "losses/LinearCrossEntropyLoss.toml"
    first = hookline.train(hookline.load(path, ["run.epochs=1"]), out=tmp_path / "first")
    trained = {name: tensor.clone() for name, tensor in first.criterion.named_parameters()}
    made = hookline.load(path, ["run.epochs=1", "optimizer.lr=0.0"])
    trial = hookline.train(made, from_run=tmp_path / "first", out=tmp_path / "run")
    assert trained
    assert all(torch.equal(trial.criterion.state_dict()[name], tensor) for name, tensor in trained.items())
    loaded = hookline.plan(trial.spec).initialized_from["loaded"]
    assert {f"criterion.{name}" for name in trained} <= set(loaded)


def test_it_is_repeated_from_the_lock_and_refused_if_the_weights_differ(first, tmp_path, capsys):
    other = tmp_path / "other"
    shutil.copytree(first, other)
    hookline.train(spec(epochs=1, initialize_from={"run": str(other)}), out=tmp_path / "run")
    again = hookline.load(tmp_path / "run/spec.toml")
    hookline.train(again, locked=tmp_path / "run", out=tmp_path / "again")
    model = (tmp_path / "run/model.safetensors").read_bytes()
    assert (tmp_path / "again/model.safetensors").read_bytes() == model
    shutil.rmtree(other)
    hookline.train(spec(epochs=1), out=other)
    with pytest.raises(LockError, match="The weights that `initialize_from` loads have changed"):
        hookline.train(again, locked=tmp_path / "run", out=tmp_path / "third")


def test_it_is_resumed_without_the_other_run(first, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(first, other)
    made = spec({"type": "Checkpoint", "every_steps": 1}, initialize_from={"run": str(other), "layers": "0"})
    hookline.train(made, out=tmp_path / "whole")
    hookline.train(made, out=tmp_path / "run")
    before = json.loads((tmp_path / "run/result.json").read_text())
    shutil.rmtree(store.all_of(tmp_path / "run")[-1].directory)
    shutil.rmtree(other)
    trial = hookline.resume(tmp_path / "run")
    for name in ("model.safetensors", "metrics.jsonl", "run.lock.toml"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    after = json.loads((tmp_path / "run/result.json").read_text())
    assert after["initialized_from"] == before["initialized_from"]
    assert trial.notes == tuple(before["notes"])


@pytest.mark.parametrize(
    ("section", "path", "message"),
    [
        ({"run": "{home}/none"}, ("initialize_from", "run"), "{home}/none: There is no such directory."),
        (
            {"run": "{run}:bes"},
            ("initialize_from", "run"),
            '{run}:bes: After the colon, there must be "best" or a number of steps, not "bes".',
        ),
        ({"run": "{home}"}, ("initialize_from", "run"), "{home}: This is a directory of runs. The last one is {run}."),
        (
            {"run": "{run}", "checkpoint": 5},
            ("initialize_from", "checkpoint"),
            "{run}: There is no checkpoint of step 5. The run has those of the steps 2, 4, 6.",
        ),
        (
            {"run": "{run}", "layers": ["0", "Conv*"]},
            ("initialize_from", "layers", 1),
            'This selects nothing: no layer "Conv*" has parameters. Available: "BatchNorm1d" and "Linear".',
        ),
        (
            {"run": "{run}", "parameters": "2.wieght"},
            ("initialize_from", "parameters"),
            'This selects nothing: there is no parameter "2.wieght". Did you mean "2.weight"?',
        ),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_what_does_not_exist_is_an_error_at_its_place(section, path, message, first):
    def filled(value):
        return value.format(home=first.parent, run=first) if isinstance(value, str) else value

    made = spec(initialize_from={name: filled(value) for name, value in section.items()})
    with pytest.raises(hookline.errors.MismatchError) as raised:
        hookline.plan(made)
    assert raised.value.path == path
    assert raised.value.message == message.format(home=first.parent, run=first) or len(path) == 3


def test_weights_that_cannot_be_read_are_an_error_at_their_place(first, tmp_path):
    run = shutil.copytree(first, tmp_path / "run")
    [tensors] = [one.directory / "tensors.safetensors" for one in store.all_of(run) if one.step == 2]
    tensors.unlink()
    with pytest.raises(hookline.errors.MismatchError) as raised:
        hookline.plan(spec(initialize_from={"run": str(run), "checkpoint": 2}))
    assert raised.value.path == ("initialize_from", "checkpoint")


def test_a_run_of_another_model_is_refused(first):
    layers = [{"type": "Linear", "out_features": 7}, {"type": "Linear", "out_features": 4}]
    with pytest.raises(hookline.errors.MismatchError, match=r"No tensor of .* fits the model: 0\.weight \(7 × 4 here"):
        hookline.plan(spec(layers=layers, initialize_from={"run": str(first)}))


def test_the_command_line_points_at_a_run_that_does_not_exist(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.toml").write_text('[initialize_from]\nrun = "runs/none"\n')
    assert main(["check", "a.toml"]) == 1
    assert "a.toml:2:7: initialize_from.run: " in capsys.readouterr().out


def test_the_best_trial_of_a_study_is_used(tmp_path):
    study = tmp_path / "study"
    hookline.tune(tuned(trials=2, epochs=1), out=study)
    weights = (chosen_trial(study).directory / "model.safetensors").read_bytes()
    made = hookline.plan(small(initialize_from={"run": str(study)})).initialized_from
    assert (made["loaded"], made["fingerprint"]) == (["weight", "bias"], sha256(weights).hexdigest())
    with pytest.raises(hookline.HooklineError, match=r"This is a study\. Continue it with `hookline tune --resume"):
        hookline.resume(study)


def test_errors_about_the_option_name_it_and_a_run_that_may_be_meant(first, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.toml").write_text(hookline.dumps(spec(), tmp_path))
    (tmp_path / "runs").symlink_to(first.parent)
    for given, message in (
        ("runs", "--from runs: initialize_from.run: runs: This is a directory of runs. The last one is runs/run."),
        ("a.toml", "--from a.toml: initialize_from.run: a.toml: This is a file, not the directory of a run."),
        ("runs/run:3", "--from runs/run:3: initialize_from.checkpoint: runs/run: There is no checkpoint of step 3."),
    ):
        assert main(["plan", "a.toml", "--from", given]) == 2
        assert capsys.readouterr().err.startswith(message)
