"""However a training ends, the weights are saved with the metrics that belong to them."""

import itertools
import json
import math
import os
import re
import resource
import shutil
import signal
import time

import pytest
import torch
from run_directories import with_examples
from safetensors.torch import load_file
from small_training import Adding, small
from torch import nn

import hookline
from hookline import HooklineError
from hookline.cli.main import main
from hookline.errors import StageError, TrainingError
from hookline.runs import directory

SMALL = small()
EARLY = {"type": "EarlyStopping", "patience": 9}
RISING = [{"validation/loss": float(number)} for number in (3, 1, 2, 2)]


def raising(error, stage):
    """A plugin that raises an error after a stage in the last epoch."""

    def fail(run):
        if run.epoch == 3:
            raise error

    return hookline.after(stage, fail)


def result_in(directory):
    return json.loads((directory / "result.json").read_text())


def same(state, other):
    return state.keys() == other.keys() and all(torch.equal(state[name], other[name]) for name in state)


def loss_by_hand(state, batches):
    """The mean over all rows, of a linear model with these weights."""
    total, rows = 0.0, 0
    for batch in batches.epoch(1):
        outputs = nn.functional.linear(batch.input, state["weight"], state["bias"])
        total += float(nn.functional.cross_entropy(outputs, batch.target, reduction="sum").double())
        rows += batch.rows
    return total / rows


# Which weights are saved, and their metrics.


def test_the_metrics_name_the_weights_that_they_belong_to(tmp_path):
    trial = hookline.train(SMALL, out=tmp_path / "run")
    result = result_in(tmp_path / "run")
    assert result["state"] == trial.state == "finished"
    assert result["weights"] == {"source": "last step", "epoch": 3, "step": 6, "is_mean": False, "finite": True}
    assert trial.measured == {"training": "saved weights", "validation": "saved weights"}
    last, evaluated = trial.history[-1], result["metrics"]
    assert evaluated["validation"] == {name: last[f"validation/{name}"] for name in ("loss", "Accuracy")}
    saved = load_file(tmp_path / "run/model.safetensors")
    assert evaluated["training"]["loss"] == pytest.approx(loss_by_hand(saved, trial.data.training), rel=1e-6)
    assert evaluated["training"].keys() == {"loss", "Accuracy"}
    assert result["logged"] == {}
    assert trial.metrics["training/loss"] == evaluated["training"]["loss"] != last["training/loss"]


def test_the_training_split_is_not_evaluated_if_the_spec_says_so(tmp_path):
    without = small(EARLY, run={"epochs": 3, "device": "cpu", "evaluate_training": False})
    trial = hookline.train(without, out=tmp_path / "run")
    result, last = result_in(tmp_path / "run"), trial.history[-1]
    assert list(result["metrics"]) == ["validation"]
    assert result["logged"] == {"training": {"measured": "during epoch 3", "metrics": {"loss": last["training/loss"]}}}
    assert same(trial.model.state_dict(), hookline.train(small(EARLY), out=tmp_path / "with").model.state_dict())


def test_the_training_split_is_evaluated_in_order_and_whole(tmp_path):
    seen = []

    class Listening:
        @hookline.hookimpl(wrapper=True)
        def forward(self, run, batch):
            if run.is_trained:
                seen.append(batch.input.clone())
            return (yield)

    data = {**hookline.spec.plain(SMALL, tmp_path)["data"], "path": str(SMALL.data.path), "drop_last": True}
    trial = hookline.train(
        small({"type": "Mixup"}, data={**data, "batch_size": 50}), plugins=[Listening()], out=tmp_path / "run"
    )
    assert torch.equal(torch.cat(seen), trial.data.training.all.input)
    assert hookline.open_run(tmp_path / "run", plugins=[Listening()]).evaluate("training") == {
        name: trial.metrics[f"training/{name}"] for name in ("loss", "Accuracy")
    }


def test_too_little_memory_for_the_training_split_is_a_note(tmp_path):
    class Greedy:
        @hookline.hookimpl(wrapper=True)
        def evaluate(self, split):
            if split == "training":
                raise MemoryError("That is a lot.")
            return (yield)

    trial = hookline.train(SMALL, plugins=[Greedy()], out=tmp_path / "run")
    result = result_in(tmp_path / "run")
    assert (trial.state, list(result["metrics"]), list(result["logged"])) == ("finished", ["validation"], ["training"])
    assert [note.partition(":")[0] for note in trial.notes] == [
        "There is not enough memory to evaluate the training split"
    ]


def test_all_metrics_belong_to_the_best_weights(tmp_path):
    trial = hookline.train(small(EARLY, epochs=4), plugins=[Adding(*RISING)], out=tmp_path / "run")
    saved, result = load_file(tmp_path / "run/model.safetensors"), result_in(tmp_path / "run")
    assert same(saved, hookline.train(small(epochs=2), out=tmp_path / "two").model.state_dict())
    assert result["weights"] == {"source": "EarlyStopping", "epoch": 2, "step": 4, "is_mean": False, "finite": True}
    assert (list(result["metrics"]), result["logged"]) == (["training", "validation"], {})
    for split, batches in trial.data.splits().items():
        assert result["metrics"][split]["loss"] == pytest.approx(loss_by_hand(saved, batches), rel=1e-6)
    assert result["metrics"]["training"].keys() == {"loss", "Accuracy"}


class Interrupting:
    """Interrupts the training after a number of steps."""

    def __init__(self, step):
        self.step_number = step

    @hookline.hookimpl(wrapper=True)
    def step(self, run):
        if run.step == self.step_number:
            run.interrupt()
        return (yield)


@pytest.fixture
def _no_grace(monkeypatch):
    """Nothing is computed after an interruption."""
    monkeypatch.setattr("hookline.training.interrupted.GRACE", 0)


@pytest.fixture
def _long_grace(monkeypatch):
    """There is time to evaluate everything after an interruption."""
    monkeypatch.setattr("hookline.training.interrupted.GRACE", 600)


@pytest.mark.usefixtures("_no_grace")
def test_after_an_interruption_the_best_weights_are_saved_with_the_metrics_of_their_epoch(tmp_path):
    with pytest.raises(hookline.Interrupted) as raised:
        hookline.train(small(EARLY, epochs=4), plugins=[Adding(*RISING), Interrupting(6)], out=tmp_path / "run")
    trial, result = raised.value.trial, result_in(tmp_path / "run")
    assert same(trial.model.state_dict(), hookline.train(small(epochs=2), out=tmp_path / "two").model.state_dict())
    best = {name: value for name, value in trial.history[1].items() if "/" in name}
    assert trial.metrics == best
    assert trial.history[-1]["epoch"] == 3
    assert result["weights"] == {
        "source": "EarlyStopping",
        "epoch": 2,
        "step": 4,
        "is_mean": False,
        "finite": True,
    }
    assert result["metrics"] == {"validation": {name: best[f"validation/{name}"] for name in ("loss", "Accuracy")}}
    assert result["logged"]["training"] == {
        "measured": "during epoch 2",
        "metrics": {"loss": best["training/loss"]},
    }


@pytest.mark.usefixtures("_no_grace")
def test_weights_in_the_middle_of_an_epoch_have_no_metrics_of_their_own(tmp_path):
    with pytest.raises(hookline.Interrupted) as raised:
        hookline.train(SMALL, plugins=[Interrupting(2)], out=tmp_path / "run")
    result, [record] = result_in(tmp_path / "run"), raised.value.trial.history
    assert result["weights"] == {"source": "last step", "epoch": 2, "step": 3, "is_mean": False, "finite": True}
    assert result["metrics"] == {}
    assert result["logged"] == {
        "training": {"measured": "during epoch 1", "metrics": {"loss": record["training/loss"]}},
        "validation": {
            "measured": "after epoch 1",
            "metrics": {name: record[f"validation/{name}"] for name in ("loss", "Accuracy")},
        },
    }
    assert raised.value.trial.metrics["validation/loss"] == record["validation/loss"]


@pytest.mark.usefixtures("_long_grace")
@pytest.mark.parametrize("callbacks", [[], [EARLY]], ids=["last", "best"])
def test_after_an_interruption_the_saved_weights_are_evaluated_if_this_is_quick(callbacks, tmp_path):
    data = {"type": "CSV", "path": str(SMALL.data.path), "targets": "species", "validation": 0.2, "test": 0.2}
    spec = small(*callbacks, data={**data, "standardize": True, "batch_size": 64}, epochs=4)
    with pytest.raises(hookline.Interrupted) as raised:
        hookline.train(spec, plugins=[Adding(*RISING), Interrupting(6)], out=tmp_path / "run")
    trial, result = raised.value.trial, result_in(tmp_path / "run")
    saved = load_file(tmp_path / "run/model.safetensors")
    assert same(saved, trial.model.state_dict())
    assert (result["state"], trial.model.training) == ("interrupted", False)
    known = {split: numbers["loss"] for split, numbers in result["metrics"].items()}
    assert set(known) == {"validation", "test", "training"}
    for split, loss in known.items():
        assert trial.measured[split] == "saved weights"
        if split != "validation" or not callbacks:  # The plugin has changed the number in the record.
            assert loss == pytest.approx(loss_by_hand(saved, trial.data.splits()[split]), rel=1e-6)
    assert hookline.open_run(tmp_path / "run").metrics == {
        name: value for name, value in trial.metrics.items() if name.partition("/")[0] in known
    }


def test_an_evaluation_after_an_interruption_ends_after_the_grace_period(tmp_path, monkeypatch):
    monkeypatch.setattr("hookline.training.interrupted.GRACE", 0.01)

    class Slow:
        @hookline.hookimpl(wrapper=True)
        def forward(self, run):
            while run.is_trained and not run.interrupted:
                time.sleep(0.01)
            return (yield)

    data = {**hookline.spec.plain(SMALL, tmp_path)["data"], "path": str(SMALL.data.path), "batch_size": 16}
    with pytest.raises(hookline.Interrupted):
        hookline.train(small(data=data), plugins=[Interrupting(9), Slow()], out=tmp_path / "run")
    result = result_in(tmp_path / "run")
    assert (result["metrics"], list(result["logged"])) == ({}, ["training", "validation"])


@pytest.mark.usefixtures("_long_grace")
def test_an_error_in_an_evaluation_after_an_interruption_is_a_note(tmp_path):
    class Failing:
        @hookline.hookimpl(wrapper=True)
        def evaluate(self, run):
            if run.is_trained:
                raise ZeroDivisionError("too late")
            return (yield)

    with pytest.raises(hookline.Interrupted):
        hookline.train(SMALL, plugins=[Interrupting(2), Failing()], out=tmp_path / "run")
    result = result_in(tmp_path / "run")
    assert result["state"] == "interrupted"
    assert result["notes"] == hookline.open_run(tmp_path / "run", plugins=[Failing()]).result["notes"]
    assert "ZeroDivisionError: too late" in result["notes"][0]


@pytest.mark.parametrize(
    "averaging", [{"type": "ExponentialMovingAverage", "decay": 0.5}, {"type": "StochasticWeightAveraging", "start": 2}]
)
def test_the_training_loss_belongs_to_the_averaged_weights(averaging, tmp_path):
    trial = hookline.train(small(averaging), out=tmp_path / "run")
    saved, result = load_file(tmp_path / "run/model.safetensors"), result_in(tmp_path / "run")
    assert result["weights"] == {"source": averaging["type"], "epoch": 3, "step": 6, "is_mean": True, "finite": True}
    assert (list(result["metrics"]), result["logged"]) == (["training", "validation"], {})
    for split, batches in trial.data.splits().items():
        assert trial.metrics[f"{split}/loss"] == pytest.approx(loss_by_hand(saved, batches), rel=1e-6)


def test_an_average_without_steps_is_not_reported_as_one(tmp_path):
    stop = hookline.before("log", lambda run: run.stop("Enough."))
    averaging = {"type": "StochasticWeightAveraging", "start": 3}
    trial = hookline.train(small(averaging), plugins=[stop], out=tmp_path / "run")
    assert (trial.weights.source, trial.state, trial.stopped) == ("last step", "stopped", "Enough.")


def test_the_training_loss_of_a_step_with_many_evaluations_is_that_after_it(tmp_path):
    optimizer = {"type": "LBFGS", "max_iter": 100, "line_search_fn": "strong_wolfe"}
    data = {**hookline.spec.plain(SMALL, tmp_path)["data"], "path": str(SMALL.data.path), "batch_size": 512}
    trial = hookline.train(small(epochs=1, optimizer=optimizer, data=data), out=tmp_path / "run")
    saved = load_file(tmp_path / "run/model.safetensors")
    assert trial.measured["training"] == "saved weights"
    assert trial.metrics["training/loss"] == pytest.approx(loss_by_hand(saved, trial.data.training), rel=1e-6)
    assert trial.history[0]["training/loss"] > 10 * trial.metrics["training/loss"]


# Errors.


@pytest.mark.parametrize("kind", [RuntimeError, MemoryError, SystemExit])
@pytest.mark.parametrize(("stage", "epochs"), [("log", 2), ("fit", 3)])
def test_after_an_error_in_the_last_epoch_the_weights_are_saved(kind, stage, epochs, tmp_path):
    whole = hookline.train(SMALL, out=tmp_path / "whole")
    with pytest.raises((StageError, SystemExit)) as raised:
        hookline.train(SMALL, plugins=[raising(kind("No more."), stage)], out=tmp_path / "run")
    assert same(load_file(tmp_path / "run/model.safetensors"), whole.model.state_dict())
    result = result_in(tmp_path / "run")
    assert (result["state"], result["epochs"], result["steps"]) == ("failed", epochs, 6)
    assert result["error"] == str(raised.value)
    lines = (tmp_path / "run/metrics.jsonl").read_text()
    assert lines == "".join((tmp_path / "whole/metrics.jsonl").read_text().splitlines(keepends=True)[:epochs])
    assert raised.value.__notes__ == [f"The weights of epoch 3, step 6, and the log are in {tmp_path / 'run'}."]


def test_a_metric_that_fails_on_the_test_split_does_not_lose_the_model(tmp_path, capsys):
    data = {"type": "CSV", "path": str(SMALL.data.path.parent / "diabetes.csv"), "targets": "progression"}
    changes = {
        "data": {**data, "standardize": True, "test": 0.002, "batch_size": 512},
        "model": {"type": "Linear", "out_features": 1},
        "loss": {"type": "MSELoss"},
        "deploy": [{"type": "Safetensors"}],
    }
    whole = hookline.train(small(metrics=[], **changes), out=tmp_path / "whole")
    made = small(metrics=[{"type": "R2Score"}], **changes)
    (tmp_path / "spec.toml").write_text(hookline.dumps(made, tmp_path))
    assert main(["train", str(tmp_path / "spec.toml"), "-q", "--out", str(tmp_path / "run")]) == 0
    assert same(load_file(tmp_path / "run/model.safetensors"), whole.model.state_dict())
    assert "R2Score needs at least 2 rows, but the test split has 1 row: it will be NaN." in capsys.readouterr().err
    result = result_in(tmp_path / "run")
    assert (result["state"], result["epochs"], result["metrics"]["test"]["R2Score"]) == ("finished", 3, None)
    assert same(load_file(tmp_path / "run/safetensors/model.safetensors"), whole.model.state_dict())


def test_an_error_while_the_test_split_is_evaluated_does_not_lose_the_model(tmp_path):
    class Failing:
        @hookline.hookimpl(wrapper=True)
        def evaluate(self, split):
            if split == "test":
                raise ZeroDivisionError("no test")
            return (yield)

    data = {"type": "CSV", "path": str(SMALL.data.path), "targets": "species", "validation": 0.2, "test": 0.2}
    changes = {"data": data, "deploy": [{"type": "Safetensors"}]}
    whole = hookline.train(small(**changes), out=tmp_path / "whole")
    with pytest.raises(hookline.errors.StageError, match="ZeroDivisionError: no test"):
        hookline.train(small(**changes), plugins=[Failing()], out=tmp_path / "run")
    assert same(load_file(tmp_path / "run/model.safetensors"), whole.model.state_dict())
    result = result_in(tmp_path / "run")
    assert (result["state"], result["epochs"]) == ("failed", 3)
    assert "ZeroDivisionError: no test" in result["error"]
    assert not (tmp_path / "run/safetensors").exists()


def test_a_failure_keeps_the_best_weights_and_their_metrics(tmp_path):
    class Spoiling:
        @hookline.hookimpl(wrapper=True)
        def loss(self, run):
            return (yield) * (math.nan if run.epoch == 4 else 1.0)

    with pytest.raises(TrainingError, match=r"^The loss is NaN in epoch 4, step 7\.") as raised:
        hookline.train(small(EARLY, epochs=4), plugins=[Adding(*RISING), Spoiling()], out=tmp_path / "run")
    best = hookline.train(small(epochs=2), out=tmp_path / "two").model.state_dict()
    assert same(load_file(tmp_path / "run/model.safetensors"), best)
    result = result_in(tmp_path / "run")
    assert result["weights"] == {"source": "EarlyStopping", "epoch": 2, "step": 4, "is_mean": False, "finite": True}
    assert raised.value.__notes__ == [
        f"The weights that EarlyStopping kept (epoch 2, step 4) and the log are in {tmp_path / 'run'}."
    ]


def failing_after_update(run):
    """Fail in the first step of epoch 3, after the update but before the step is counted."""
    if run.step == 4:
        raise RuntimeError("No more.")


@pytest.mark.parametrize("callbacks", [[], [EARLY]], ids=["last", "best"])
def test_weights_updated_in_a_failed_step_do_not_get_the_metrics_of_the_previous_epoch(callbacks, tmp_path):
    plugins = [Adding(*RISING[:1], *RISING[1:2] * 3), hookline.after("step", failing_after_update)]
    with pytest.raises(StageError):
        hookline.train(small(*callbacks, epochs=4), plugins=plugins, out=tmp_path / "run")
    best = hookline.train(small(epochs=2), out=tmp_path / "two").model.state_dict()
    result = result_in(tmp_path / "run")
    assert same(load_file(tmp_path / "run/model.safetensors"), best) == bool(callbacks)
    assert result["weights"]["epoch"] == (2 if callbacks else 3)
    assert list(result["metrics"]) == (["validation"] if callbacks else [])
    assert result["logged"]["training"]["measured"] == "during epoch 2"


@pytest.mark.parametrize(("best", "splits"), [(2, ["training"]), (1, ["validation", "training"])])
def test_validation_is_not_evaluated_again_if_the_best_epoch_is_the_last(best, splits, tmp_path):
    found = []

    class Listening:
        @hookline.hookimpl(wrapper=True)
        def evaluate(self, run, split):
            if run.is_trained:
                found.append(split)
            return (yield)

    numbers = [{"validation/loss": 2.0}, {"validation/loss": 1.0 if best == 2 else 3.0}]
    trial = hookline.train(small(EARLY, epochs=2), plugins=[Adding(*numbers), Listening()], out=tmp_path / "run")
    assert found == splits
    assert (trial.weights.source, trial.weights.epoch) == ("EarlyStopping", best)
    assert trial.measured["validation"] == "saved weights"
    assert trial.metrics["validation/Accuracy"] == trial.history[best - 1]["validation/Accuracy"]


def raising_any(*_, **__):
    raise KeyError("epoch")


def test_a_plot_that_cannot_be_drawn_causes_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(directory, "draw_curves", raising_any)
    message = f"{tmp_path / 'run/loss.png'}: The plot cannot be drawn: KeyError: 'epoch'."
    with pytest.warns(hookline.HooklineWarning, match=f"^{re.escape(message)}$"):
        trial = hookline.train(SMALL, out=tmp_path / "run")
    assert trial.state == result_in(tmp_path / "run")["state"] == "finished"


def test_if_weights_cannot_be_saved_the_other_files_are_written(tmp_path, monkeypatch):
    monkeypatch.setattr(directory, "write_weights", raising_any)
    message = f"{tmp_path / 'run/model.safetensors'}: The file cannot be written: KeyError: 'epoch'."
    with pytest.raises(HooklineError) as raised:
        hookline.train(SMALL, out=tmp_path / "run")
    assert str(raised.value) == message
    names = [name for name in with_examples() if name != "model.safetensors"]
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == names
    assert (result_in(tmp_path / "run")["state"], result_in(tmp_path / "run")["error"]) == ("failed", message)


def test_nan_weights_are_saved_and_reported(tmp_path):
    class Spoiling:
        @hookline.hookimpl(wrapper=True)
        def loss(self, run):
            return (yield) * (math.nan if run.epoch == 2 else 1.0)

    with pytest.raises(TrainingError) as raised:
        hookline.train(SMALL, plugins=[Spoiling()], out=tmp_path / "run")
    assert raised.value.__notes__ == [
        f"The weights of epoch 2, step 4, and the log are in {tmp_path / 'run'}. The weights are infinite or NaN "
        f'("weight" and "bias").'
    ]
    result = result_in(tmp_path / "run")
    assert (result["state"], result["weights"]["finite"], result["epochs"]) == ("failed", False, 1)


def test_non_finite_weights_after_the_last_step_are_reported_and_not_deployed(tmp_path, capsys):
    changes = ["run.epochs=1", "data.batch_size=512", "optimizer.lr=1e38", "deploy=[{type='Safetensors'}]"]
    arguments = [argument for change in changes for argument in ("--set", change)]
    path = str(SMALL.data.path.parent.parent / "iris.toml")
    assert main(["train", path, "-q", "--out", str(tmp_path / "run"), *arguments]) == 2
    assert capsys.readouterr().err.endswith(
        'The weights are infinite or NaN ("0.weight", "0.bias", "2.weight" and "2.bias") after the last step (epoch 1, '
        "step 1). Often the learning rate is too high, or an input is not finite.  [training-failure]\n"
        f"The weights of epoch 1, step 1, and the log are in {tmp_path / 'run'}.\n"
    )
    assert not (tmp_path / "run/safetensors").exists()
    result = result_in(tmp_path / "run")
    assert (result["state"], result["weights"]["finite"]) == ("failed", False)


def test_an_infinite_mask_is_accepted_and_infinite_statistics_are_reported():
    from hookline.plugins.weights import not_finite

    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    module.register_buffer("mask", torch.tensor([-math.inf]))
    module.fixed = nn.Parameter(torch.tensor([-math.inf]), requires_grad=False)
    assert not_finite(module) == []
    module[1].running_var[0] = math.inf
    module.register_buffer("other", torch.tensor([math.nan]))
    with torch.no_grad():
        module[0].bias[0] = math.inf
    assert not_finite(module) == ["0.bias", "other", "1.running_var"]
    with torch.no_grad():
        module.fixed[0] = math.nan
    compiled = nn.ModuleDict({"_orig_mod": module})
    assert not_finite(compiled) == ["fixed", "0.bias", "other", "1.running_var"]


# A full disk, a removed directory and a killed process.


def limited(most):
    """Limit the size of files that this process writes, in bytes; `None` for no limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard if most is None else most, hard))


@pytest.fixture
def _any_size():
    yield
    limited(None)


@pytest.mark.usefixtures("_any_size", "_real_curves")
def test_a_full_disk_during_a_log_line_does_not_end_training(tmp_path):
    whole = hookline.train(SMALL, out=tmp_path / "whole")
    filling = hookline.before("log", lambda run: limited(10 if run.epoch == 2 else None))
    with pytest.warns(hookline.HooklineWarning, match=r"metrics\.jsonl: The file cannot be written: File too large"):
        trial = hookline.train(SMALL, plugins=[filling], out=tmp_path / "run")
    assert trial.state == "finished"
    for name in ("metrics.jsonl", "model.safetensors"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert same(trial.model.state_dict(), whole.model.state_dict())


@pytest.mark.usefixtures("_any_size", "_real_curves")
def test_a_full_disk_at_the_end_is_reported_and_the_files_that_fit_are_written(tmp_path):
    filling = hookline.before("log", lambda run: limited(1500) if run.epoch == 3 else None)
    wide = {
        "type": "Sequential",
        "layers": [{"type": "Linear", "out_features": 99}, {"type": "Linear", "out_features": 3}],
    }
    with pytest.raises(HooklineError) as raised:
        hookline.train(small(model=wide), plugins=[filling], out=tmp_path / "run")
    limited(None)
    message = f"{tmp_path / 'run/model.safetensors'}: The file cannot be written: File too large."
    assert str(raised.value) == message
    names = [name for name in with_examples() if name not in ("loss.png", "model.safetensors")]
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == names
    result = result_in(tmp_path / "run")
    assert (result["state"], result["error"], result["epochs"]) == ("failed", message, 3)


def test_a_directory_removed_during_training_is_recreated(tmp_path):
    removing = hookline.before("log", lambda run: shutil.rmtree(tmp_path / "run") if run.epoch == 2 else None)
    with pytest.warns(hookline.HooklineWarning, match=r"metrics\.jsonl: The file cannot be written: No such file"):
        trial = hookline.train(SMALL, plugins=[removing], out=tmp_path / "run")
    whole = hookline.train(SMALL, out=tmp_path / "whole")
    assert {path.name for path in (tmp_path / "run").iterdir()} == {
        path.name for path in (tmp_path / "whole").iterdir()
    }
    for name in ("spec.toml", "metrics.jsonl", "model.safetensors"):
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert trial.history == whole.history


def is_complete(path):
    if path.suffix == ".safetensors":
        return bool(load_file(path))
    text = path.read_bytes()
    if path.suffix == ".json":
        return bool(json.loads(text))
    if path.suffix == ".jsonl":
        return [json.loads(line)["epoch"] for line in text.splitlines()] != [] and text.endswith(b"\n")
    return text.endswith((b"\n", b"IEND\xaeB`\x82", b"ARROW1"))


def killed_at(number, spec, out):
    """Whether a training process was killed right before it renamed the file with this number."""
    child = os.fork()
    if not child:
        counted, usual = itertools.count(), os.replace

        def killing(*arguments, **options):
            if next(counted) == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return usual(*arguments, **options)

        os.replace = killing
        hookline.train(spec, out=out)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


WRITES = 14
"""How often a file is written: 8 files before the manifest, which is written 3 times, the result again, and 2 deployed."""


def test_a_killed_process_leaves_no_partial_file_under_a_final_name(tmp_path):
    spec = small(epochs=1, deploy=[{"type": "Safetensors"}])
    for number in range(WRITES + 1):
        home = tmp_path / str(number)
        assert killed_at(number, spec, home) == (number < WRITES)
        paths = [path.relative_to(home) for path in home.rglob("*") if path.is_file()]
        found = {path.name: home / path for path in paths if not any(name.startswith(".") for name in path.parts)}
        assert all(is_complete(path) for path in found.values())
        if "result.json" in found:
            assert {"spec.toml", "run.lock.toml", "metrics.jsonl", "model.safetensors", "loss.png"} <= found.keys()
        if "manifest.json" in found:  # However it ended, the run can be used.
            assert hookline.open_run(home).model.weight.shape == (3, 4)
