"""A training that was interrupted and resumed equals one that was not: weights, log, metrics and states."""

import json
import os
import re
import signal
from contextlib import ExitStack

import numpy
import pytest
import torch
from exactness.matrix import SCHEDULERS
from exhaustive import sampled
from small_training import small

import hookline
from hookline.errors import LockError
from hookline.errors.exceptions import CheckpointError, FileError, RunError, TrainingError
from hookline.runs.checkpoints import store
from hookline.runs.liveness import is_running, marked_as_running

EPOCHS, STEPS = 3, 3  # per epoch

LAYERS = [
    {"type": "Linear", "out_features": 8},
    {"type": "BatchNorm1d"},
    {"type": "Dropout", "p": 0.3},
    {"type": "ReLU"},
    {"type": "Linear", "out_features": 3},
]
SEVERAL = [
    {"type": "Mixup", "alpha": 0.4},
    {"type": "ExponentialMovingAverage", "decay": 0.8},
    {"type": "NaNGuard", "action": "skip"},
    {"type": "OneCycleLR", "max_lr": 0.02},
    {"type": "ReduceLROnPlateau", "patience": 0, "monitor": "training/loss", "threshold": 0.9},
    {"type": "EarlyStopping", "patience": 2, "monitor": "training/loss", "restore_best": False},
]
BEST = [
    {"type": "GradientNorm"},
    {"type": "Freeze", "layers": "0", "until": 2},
    {"type": "NaNGuard", "action": "roll_back", "copy_every": 2},
    {"type": "CosineAnnealingLR"},
    {"type": "EarlyStopping", "patience": 2, "monitor": "validation/Accuracy"},
]
STEPWISE = {"type": "Checkpoint", "every_steps": 1}


@pytest.fixture(autouse=True)
def _no_grace(monkeypatch):
    """Nothing is computed after an interruption."""
    monkeypatch.setattr("hookline.training.interrupted.GRACE", 0)


def spec(*callbacks, checkpoint=STEPWISE, accumulate=1, epochs=EPOCHS, **sections):
    data = {"type": "CSV", "path": str(small().data.path), "targets": "species", "standardize": True}
    return small(
        checkpoint,
        *callbacks,
        run={"epochs": epochs, "device": "cpu", "name": "small", "accumulate": accumulate},
        **{
            "data": {**data, "validation": 0.2, "test": 0.1, "batch_size": 40},
            "model": {"type": "Sequential", "layers": LAYERS},
            **sections,
        },
    )


class Interrupting:
    """Interrupts the training in each of these steps, or before the evaluation of an epoch."""

    def __init__(self, *steps, epoch=None, number=signal.SIGTERM):
        self.steps, self.epoch, self.number = steps, epoch, number

    @hookline.hookimpl(wrapper=True)
    def step(self, run):
        if run.step in self.steps:
            os.kill(os.getpid(), self.number)
        return (yield)

    @hookline.hookimpl(wrapper=True)
    def forward(self, run):
        if run.epoch == self.epoch and not run.is_stepping and not run.is_trained:
            self.epoch = None
            os.kill(os.getpid(), self.number)
            run.raise_if_interrupted()
        return (yield)


def without_seconds(path):
    result = json.loads(path.read_text())
    del result["seconds"], result["traced_steps"], result["traced_evaluation"]
    return result


def newest(run):
    """The place of the newest checkpoint, and its state as text."""
    state = store.all_of(run)[-1].load()
    state["run"].pop("seconds")
    for name in ("python", "numpy"):  # No component uses them here, and they depend on the tests before this one.
        state["generators"].pop(name)
    torch.set_printoptions(precision=20, threshold=10**6)
    text = repr(state)
    torch.set_printoptions(profile="default")
    return (state["run"]["step"], len(state["run"]["history"])), text


def assert_same(run, whole):
    """All files of two runs are equal, except for the time that they took."""
    assert (run / "metrics.jsonl").read_bytes() == (whole / "metrics.jsonl").read_bytes()
    assert (run / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()
    assert without_seconds(run / "result.json") == without_seconds(whole / "result.json")
    assert (run / "spec.toml").read_bytes() == (whole / "spec.toml").read_bytes()
    if newest(run)[0] == newest(whole)[0]:  # Interruptions save at other steps.
        assert newest(run)[1] == newest(whole)[1]
    hookline.open_run(run, plugins=[Interrupting()])  # The manifest holds.


def train(made, out, *, data=None, plugin=None):
    """Train with a plugin for interruptions, which must be present in the interrupted run and when it is resumed."""
    return hookline.train(made, data=data, plugins=[plugin or Interrupting()], out=out)


def interrupted(made, out, *steps, data=None, **options):
    """Train until the interruption."""
    with pytest.raises(hookline.Interrupted):
        train(made, out, data=data, plugin=Interrupting(*steps, **options))


def resume(run, *steps, **options):
    """Resume a run, which may be interrupted again."""
    return hookline.resume(run, plugins=[Interrupting(*steps)], **options)


def killed(made, out, step):
    """Train until the process is killed in this step."""
    child = os.fork()
    if not child:
        train(made, out, plugin=Interrupting(step, number=signal.SIGKILL))
        os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    assert not (out / "result.json").exists()


@pytest.mark.filterwarnings("ignore:run.accumulate")
@pytest.mark.parametrize(("callbacks", "accumulate"), [(SEVERAL, 1), (SEVERAL, 2), (BEST, 2)])
def test_a_training_interrupted_at_any_step_equals_one_that_was_not(callbacks, accumulate, tmp_path):
    made = spec(*callbacks, accumulate=accumulate)
    whole = train(made, tmp_path / "whole")
    for step in range(EPOCHS * STEPS) if callbacks is BEST else (0, 2, 4, 8):
        run = tmp_path / str(step)
        interrupted(made, run, step)
        assert without_seconds(run / "result.json")["state"] == "interrupted"
        resumed = resume(run)
        assert (resumed.metrics, list(resumed.history)) == (whole.metrics, list(whole.history))
        assert_same(run, tmp_path / "whole")


@pytest.mark.parametrize(("every", "background"), [(1, True), (2, False), (4, False)])
def test_a_killed_training_continues_from_its_last_checkpoint(every, background, tmp_path):
    made = spec(*SEVERAL, checkpoint={"type": "Checkpoint", "every_steps": every, "background": background})
    train(made, tmp_path / "whole")
    run = tmp_path / "run"
    killed(made, run, 7)
    with pytest.raises(RunError) as raised:
        hookline.open_run(run)
    assert str(raised.value).endswith(f" Wait until it ends, or resume it with `hookline resume {run}`.")
    resume(run)
    assert_same(run, tmp_path / "whole")


def test_a_signal_during_the_evaluation_saves_the_epoch_before_it(tmp_path):
    made = spec(*SEVERAL)
    train(made, tmp_path / "whole")
    for epoch in range(1, EPOCHS + 1):
        run = tmp_path / str(epoch)
        interrupted(made, run, epoch=epoch)
        assert len((run / "metrics.jsonl").read_text().splitlines()) == epoch - 1 if epoch > 1 else True
        assert store.all_of(run)[-1].step == epoch * STEPS
        resume(run)
        assert_same(run, tmp_path / "whole")


@pytest.mark.parametrize("cuts", [(0, 4, 8), (3, 4, 5, 6, 7)], ids=str)
def test_a_training_can_be_interrupted_again_and_again(cuts, tmp_path):
    made = spec(*SEVERAL, checkpoint={"type": "Checkpoint", "every_steps": 5})
    train(made, tmp_path / "whole")
    run = tmp_path / "run"
    interrupted(made, run, cuts[0])
    for cut in cuts[1:]:
        with pytest.raises(hookline.Interrupted):
            resume(run, cut)
    resume(run)
    assert_same(run, tmp_path / "whole")


# Optimizers and schedulers.

ADAPTIVE = ("Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "ASGD")
OPTIMIZERS = {
    **{name: {} for name in ADAPTIVE},
    "LBFGS": {"max_iter": 3, "history_size": 3},
    "RMSprop": {"momentum": 0.5, "centered": True},
    "Rprop": {},
    "SGD": {"momentum": 0.9, "nesterov": True},
    "Muon": {"type": "Partition"},
    "Groups": {"type": "SGD", "groups": [{"parameters": "*.bias", "lr": 0.1}]},
}
PAIRS = [
    (optimizer, scheduler)
    for optimizer in OPTIMIZERS
    for scheduler in SCHEDULERS
    if (optimizer, scheduler) == ("Rprop", "none") or optimizer != "Rprop"
]
CHOSEN = {
    ("LBFGS", "CosineAnnealingLR"),
    ("Adam", "OneCycleLR"),
    ("Adafactor", "StepLR"),
    ("SGD", "SequentialLR"),
    ("Muon", "CyclicLR"),
    ("Groups", "ReduceLROnPlateau"),
    ("RMSprop", "ChainedScheduler"),
    ("Rprop", "none"),
    ("ASGD", "LinearLR"),
    ("NAdam", "CosineAnnealingWarmRestarts"),
}
MUON = {
    "type": "Partition",
    "parts": [
        {"parameters": "*.weight", "layers": ["0", "4"], "optimizer": {"type": "Muon", "lr": 0.01}},
        {"optimizer": {"type": "AdamW", "lr": 0.01}},
    ],
}


@pytest.mark.parametrize(("optimizer", "scheduler"), sampled(PAIRS, CHOSEN, name=tuple))
def test_every_optimizer_and_scheduler_continues_in_and_after_an_epoch(optimizer, scheduler, tmp_path):
    table = MUON if optimizer == "Muon" else {"type": optimizer, "lr": 0.01, **OPTIMIZERS[optimizer]}
    callbacks = [] if scheduler == "none" else [{"type": scheduler, **SCHEDULERS[scheduler]}]
    layers = [layer for layer in LAYERS if optimizer != "LBFGS" or layer["type"] != "Dropout"]
    made = spec(*callbacks, optimizer=table, model={"type": "Sequential", "layers": layers})
    train(made, tmp_path / "whole")
    for step in (3, 5):  # After one and after two of three steps: the interruption ends the step.
        run = tmp_path / str(step)
        interrupted(made, run, step)
        resume(run)
        assert_same(run, tmp_path / "whole")


# Which checkpoints are kept.


def kept(tmp_path, *, plugins=(), **options):
    run = tmp_path / "run"
    hookline.train(spec(checkpoint={"type": "Checkpoint", **options}), plugins=plugins, out=run)
    return [one.step for one in store.all_of(run)]


class Losses:
    """Sets the validation loss of each epoch."""

    def __init__(self, *losses):
        self.losses = losses

    @hookline.hookimpl
    def log(self, run, record):
        return {**record, "validation/loss": self.losses[run.epoch - 1]}


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({}, [6, 9]),
        ({"keep_last": 1}, [9]),
        ({"every_epochs": 2}, [6, 9]),
        ({"every_steps": 2}, [8, 9]),
        ({"every_steps": 2, "keep_every_steps": 4}, [4, 8, 9]),
        ({"every_steps": 1, "keep_last": 4, "background": False}, [6, 7, 8, 9]),
        ({"every_steps": 4, "every_epochs": 1, "keep_last": 9}, [3, 4, 6, 8, 9]),
        ({"every_minutes": 0.0, "keep_last": 3}, [7, 8, 9]),
        ({"every_minutes": 60.0}, [9]),
        ({"keep_last": 1, "keep_best": 1}, [3, 9]),
        ({"keep_last": 1, "keep_best": 1, "mode": "max"}, [6, 9]),
        ({"every_steps": 8, "keep_last": 1, "keep_best": 2}, [3, 9]),
    ],
    ids=str,
)
def test_the_checkpoints_that_the_options_name_are_kept(options, steps, tmp_path):
    assert kept(tmp_path, plugins=[Losses(1.0, 3.0, 2.0)], **options) == steps


def test_sigusr1_saves_after_the_step_and_training_continues(tmp_path):
    checkpoint = {"type": "Checkpoint", "every_epochs": 3, "keep_last": 9}
    trial = train(spec(checkpoint=checkpoint), tmp_path / "run", plugin=Interrupting(3, number=signal.SIGUSR1))
    assert ([one.step for one in store.all_of(tmp_path / "run")], trial.state) == ([4, 9], "finished")
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL


def test_sigusr1_outside_of_the_training_does_not_end_the_process(tmp_path):
    class Signaling:
        @hookline.hookimpl(wrapper=True)
        def build_model(self):
            os.kill(os.getpid(), signal.SIGUSR1)
            return (yield)

        @hookline.hookimpl(wrapper=True)
        def evaluate(self, run):
            if run.is_trained:
                os.kill(os.getpid(), signal.SIGUSR1)
            return (yield)

    checkpoint = {"type": "Checkpoint", "every_epochs": 3, "keep_last": 9}
    trial = train(spec(checkpoint=checkpoint), tmp_path / "run", plugin=Signaling())
    assert ([one.step for one in store.all_of(tmp_path / "run")], trial.state) == ([1, 9], "finished")
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL


def test_an_error_of_the_writer_ends_the_run_and_keeps_the_last_checkpoint(tmp_path, monkeypatch):
    usual = store.write

    def failing(directory, made):
        if made.step == 5:
            raise FileError("x", "The file cannot be written: No space left on device.")
        return usual(directory, made)

    monkeypatch.setattr(store, "write", failing)
    with pytest.raises(hookline.HooklineError, match="No space left on device"):
        train(spec(), tmp_path / "run")
    assert json.loads((tmp_path / "run/result.json").read_text())["state"] == "failed"
    monkeypatch.undo()
    train(spec(), tmp_path / "whole")
    resume(tmp_path / "run")
    assert_same(tmp_path / "run", tmp_path / "whole")


def test_a_state_that_a_checkpoint_cannot_hold_names_the_plugin(tmp_path):
    class Hidden:
        @hookline.hookimpl
        def log(self):
            """Nothing is added."""

        def state_dict(self):
            return {"function": print}

        def load_state_dict(self, state):
            """Never called."""

    with pytest.raises(CheckpointError, match=r"plugins\..*Hidden.*\.function has the type builtin_function"):
        hookline.train(spec(), plugins=[Hidden()], out=tmp_path / "run")


# Longer runs and changes.


def test_a_longer_run_replaces_what_it_has_deployed(tmp_path):
    deploy = [{"type": "Safetensors"}]
    whole = hookline.train(spec(epochs=3, deploy=deploy), out=tmp_path / "whole")
    hookline.train(spec(epochs=2, deploy=deploy), out=tmp_path / "run")
    longer = hookline.resume(tmp_path / "run", overrides=["run.epochs=3"])
    names = [path.relative_to(tmp_path / "run") for path in longer.deployed]
    assert names
    for name in names:
        assert (tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert whole.metrics == longer.metrics


def test_a_finished_run_can_become_longer(tmp_path):
    callbacks = [{"type": "ExponentialMovingAverage", "decay": 0.8}, {"type": "StepLR", "step_size": 1}]
    train(spec(*callbacks, epochs=5), tmp_path / "whole")
    train(spec(*callbacks, epochs=2), tmp_path / "run")
    resume(tmp_path / "run", overrides=["run.epochs=5"])
    assert (tmp_path / "run/metrics.jsonl").read_bytes() == (tmp_path / "whole/metrics.jsonl").read_bytes()
    assert (tmp_path / "run/model.safetensors").read_bytes() == (tmp_path / "whole/model.safetensors").read_bytes()
    resume(tmp_path / "run")  # There is nothing left to do.
    assert_same(tmp_path / "run", tmp_path / "whole")


@pytest.mark.parametrize("checkpoint", [STEPWISE, {"type": "Checkpoint"}], ids=["steps", "epochs"])
def test_a_stopped_run_stays_stopped(checkpoint, tmp_path):
    stopping = {"type": "EarlyStopping", "monitor": "training/loss", "patience": 1, "min_delta": 9.0}
    whole = train(spec(stopping, checkpoint=checkpoint, epochs=5), tmp_path / "run")
    assert whole.stopped
    before = without_seconds(tmp_path / "run/result.json"), (tmp_path / "run/model.safetensors").read_bytes()
    assert resume(tmp_path / "run").stopped == whole.stopped
    assert (without_seconds(tmp_path / "run/result.json"), (tmp_path / "run/model.safetensors").read_bytes()) == before


def test_other_changes_are_refused_until_they_are_allowed(tmp_path):
    run = tmp_path / "run"
    interrupted(spec(), run, 4)
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    with pytest.raises(LockError) as raised:
        resume(run, overrides=["optimizer.lr=0.5", "run.epochs=4", "data.batch_size=30"])
    assert str(raised.value) == (
        f"{run} cannot be resumed:\n"
        "  data.batch_size was 40; now it is 30: allow this with `--allow data.batch_size`. It would be used from step 6 "
        "on.\n"
        "  optimizer.lr was 0.01; now it is 0.5: allow this with `--allow optimizer.lr`. It would be used from step 6 on."
    )
    with pytest.raises(RunError, match=r"has reached epoch 2 already, so it cannot end after epoch 1\."):
        resume(run, overrides=["run.epochs=1"])
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
    with pytest.warns(hookline.HooklineWarning, match=r"`--allow optimizer\.l` has no effect: nothing") as warned:
        trial = resume(run, overrides=["optimizer.lr=0.5"], allow=["optimizer.lr", "optimizer.l"])
    assert len(warned) == 1
    assert trial.spec.optimizer.lr == 0.5
    assert "lr = 0.5" in (run / "spec.toml").read_text()
    [written] = [store.all_of(run)[-1].load()["optimizer"]["state"]["param_groups"]]
    assert written[0]["lr"] == 0.5


def test_callbacks_keep_their_states_if_others_before_them_are_removed(tmp_path):
    schedule = {"type": "CosineAnnealingLR", "T_max": 3}
    average = {"type": "ExponentialMovingAverage", "decay": 0.8}
    run = tmp_path / "run"
    interrupted(spec({"type": "GradientNorm"}, average, schedule), run, 4)
    trial = resume(run, overrides=[f"callbacks={toml([STEPWISE, schedule, average])}"], allow=["callbacks"])
    whole = train(spec(average, schedule), tmp_path / "whole")
    assert (tmp_path / "whole/model.safetensors").read_bytes() == (run / "model.safetensors").read_bytes()
    assert [one["lr"] for one in trial.history] == [one["lr"] for one in whole.history]


def toml(tables):
    """Tables as an inline array of TOML."""
    return (
        "[" + ", ".join("{" + ", ".join(f"{k}={json.dumps(v)}" for k, v in one.items()) + "}" for one in tables) + "]"
    )


def test_a_model_with_other_tensors_is_refused(tmp_path):
    made, run = spec(model={"type": "Linear", "out_features": 3}), tmp_path / "run"
    interrupted(made, run, 4)
    with pytest.raises(CheckpointError) as raised:
        resume(run, overrides=["model.bias=false"], allow=["model.bias"])
    assert str(raised.value) == 'The model differs from that of the checkpoint: it no longer has "bias".'


def test_changed_data_are_refused_until_they_are_allowed(tmp_path):
    table = tmp_path / "table.csv"
    text = small().data.path.read_text()
    table.write_text(text)
    data = {"type": "CSV", "path": str(table), "targets": "species", "validation": 0.2, "batch_size": 40}
    interrupted(spec(data=data), tmp_path / "run", 4)
    table.write_text(text.replace("5.1", "5.2", 1))
    with pytest.raises(LockError, match=r"The data has changed\. Allow this with `--allow data`\."):
        resume(tmp_path / "run")
    assert resume(tmp_path / "run", allow=["data"]).state == "finished"
    table.write_text(text)


def test_data_may_move_if_its_rows_stay_the_same(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text(small().data.path.read_text())
    data = {"type": "CSV", "path": str(table), "targets": "species", "validation": 0.2, "batch_size": 40}
    train(spec(data=data), tmp_path / "whole")
    interrupted(spec(data=data), tmp_path / "run", 4)
    moved = table.rename(tmp_path / "moved.csv")
    with pytest.raises(
        RunError, match=r'"[^"]*table\.csv" does not exist\. If the run or the data has been moved, pass'
    ):
        resume(tmp_path / "run")
    assert resume(tmp_path / "run", overrides=[f"data.path={moved}"]).state == "finished"
    names = ("metrics.jsonl", "model.safetensors")
    assert [(tmp_path / "run" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes() for name in names] == [
        True,
        True,
    ]


class Failing:
    """Loses the data after a step, and then the gradients."""

    def __init__(self, table):
        self.table = table

    @hookline.hookimpl(wrapper=True)
    def loss(self, run):
        loss = yield
        if run.step < STEPS:
            return loss
        self.table.unlink(missing_ok=True)
        return loss * float("nan")


def test_an_error_of_the_training_stays_if_the_data_is_gone_by_then(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text(small().data.path.read_text())
    data = {"type": "CSV", "path": str(table), "targets": "species", "validation": 0.2, "batch_size": 40}
    interrupted(spec(data=data), tmp_path / "run", 2)
    with pytest.raises(TrainingError, match="The loss is NaN in epoch 2, step 4"):
        hookline.resume(tmp_path / "run", plugins=[Interrupting(), Failing(table)], allow=["plugins"])


# Runs that cannot be resumed.


def test_a_run_without_checkpoints_says_how_to_get_them(tmp_path):
    hookline.train(small(epochs=1), out=tmp_path / "run")
    with pytest.raises(RunError) as raised:
        resume(tmp_path / "run")
    assert str(raised.value) == (
        f"{tmp_path / 'run'}: There is no checkpoint to resume from. Runs save them if the spec lists the callback "
        f"`Checkpoint`. Train it again with `hookline train {tmp_path / 'run/spec.toml'}`."
    )


def test_a_run_that_another_process_trains_is_refused(tmp_path):
    interrupted(spec(), tmp_path / "run", 4)
    with marked_as_running(tmp_path / "run"), pytest.raises(RunError, match="Another process is training this run"):
        resume(tmp_path / "run")
    beginning = hookline.before("prepare_data", lambda run: both.enter_context(marked_as_running(tmp_path / "run")))
    with ExitStack() as both, pytest.raises(RunError, match="Another process is training this run"):
        hookline.resume(tmp_path / "run", plugins=[Interrupting(), beginning], allow=["plugins"])
    assert (tmp_path / "run/result.json").exists()
    resume(tmp_path / "run")


def test_a_damaged_checkpoint_is_named_and_the_one_before_it_used(tmp_path):
    train(spec(), tmp_path / "whole")
    run = tmp_path / "run"
    interrupted(spec(), run, 4)
    path = store.all_of(run)[-1].directory / "tensors.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.warns(hookline.HooklineWarning) as warned:
        resume(run)
    assert [str(one.message) for one in warned] == [
        f"{path}: The file is damaged: it is not what the run wrote (manifest.json). The checkpoint before it is used."
    ]
    assert_same(run, tmp_path / "whole")


# Other sources of rows.


def test_a_streamed_table_continues_in_the_middle_of_an_epoch(tmp_path):
    data = {"type": "CSV", "path": str(small().data.path), "targets": "species", "validation": 0.2, "stream": True}
    made = spec(data={**data, "batch_size": 40})
    train(made, tmp_path / "whole")
    for step in (0, 4):
        interrupted(made, tmp_path / str(step), step)
        resume(tmp_path / str(step))
        assert_same(tmp_path / str(step), tmp_path / "whole")


def test_rows_given_in_python_are_given_again(tmp_path):
    generator = numpy.random.default_rng(0)
    rows = {"x": generator.normal(size=(60, 4)), "y": generator.integers(0, 3, 60)}
    made = spec(data={"type": "Arrays", "targets": "y", "validation": 0.2, "batch_size": 20})
    train(made, tmp_path / "whole", data=rows)
    interrupted(made, tmp_path / "run", 2, data=rows)
    with pytest.raises(hookline.HooklineError, match="data"):
        resume(tmp_path / "run")
    with pytest.raises(LockError, match="The data has changed"):
        resume(tmp_path / "run", data={**rows, "x": rows["x"] + 1})
    resume(tmp_path / "run", data=rows)
    assert_same(tmp_path / "run", tmp_path / "whole")


@pytest.mark.parametrize(
    ("scheduler", "change", "message"),
    [
        ({"type": "OneCycleLR", "max_lr": 0.1}, "run.epochs=5", "OneCycleLR has another length than before"),
        ({"type": "CosineAnnealingLR"}, "run.epochs=5", "CosineAnnealingLR has another length than before"),
        ({"type": "ExponentialLR", "gamma": 0.9}, "optimizer.lr=0.5", "optimizer.lr cannot be changed: ExponentialLR"),
        ({"type": "ExponentialLR", "gamma": 0.9}, "callbacks.1.gamma=0.5", "callbacks[1].gamma cannot be changed"),
    ],
    ids=str,
)
def test_a_schedule_cannot_change(scheduler, change, message, tmp_path):
    interrupted(spec(scheduler), tmp_path / "run", 4)
    with pytest.raises(LockError, match=re.escape(message)):
        resume(tmp_path / "run", overrides=[change], allow=["optimizer", "callbacks"])
    resume(tmp_path / "run")


def test_files_of_callbacks_continue(tmp_path):
    callbacks = [{"type": "CSVLog"}, {"type": "StepLR", "step_size": 1}]
    train(spec(*callbacks), tmp_path / "whole")
    killed(spec(*callbacks, checkpoint={"type": "Checkpoint", "every_steps": 4}), tmp_path / "run", 8)
    resume(tmp_path / "run")
    assert (tmp_path / "run/metrics.csv").read_bytes() == (tmp_path / "whole/metrics.csv").read_bytes()


# A state that cannot be loaded.


def contents(directory):
    return {path: path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file()}


class Refusing:
    """A plugin that cannot load its state in a later process."""

    @hookline.hookimpl
    def build_model(self):
        """Leave it to others."""

    def state_dict(self):
        return {"number": 1}

    def load_state_dict(self, state):
        raise ValueError("another number")


def failing(run, **plugin):
    return hookline.resume(run, plugins=[Interrupting(), *plugin.values()], allow=["plugins"])


def test_a_state_that_cannot_be_loaded_leaves_every_file_as_it_is(tmp_path):
    run, plots = tmp_path / "run", [{"type": "LossPlot"}, {"type": "CSVLog"}, {"type": "TensorBoard"}]
    hookline.train(spec(*plots), plugins=[Interrupting(), Refusing()], out=run)
    before = contents(run)
    with pytest.raises(CheckpointError, match=r"Refusing cannot load its state: ValueError: another number"):
        hookline.resume(run, plugins=[Interrupting(), Refusing()], overrides=["run.epochs=5"])
    assert contents(run) == before


def test_an_interruption_before_the_state_is_loaded_leaves_every_file_as_it_is(tmp_path):
    run = tmp_path / "run"
    train(spec(), run)
    before = contents(run)

    class Early:
        @hookline.hookimpl(wrapper=True)
        def fit(self, run):
            run.interrupt()
            raise KeyboardInterrupt
            yield

    with pytest.raises(KeyboardInterrupt) as raised:
        failing(run, plugin=Early())
    assert not isinstance(raised.value, hookline.Interrupted)
    assert contents(run) == before


def test_a_loop_that_does_not_resume_is_refused(tmp_path):
    run = tmp_path / "run"
    train(spec(), run)
    before = contents(run)

    class Own:
        @hookline.hookimpl
        def fit(self, model):
            return model

    with pytest.raises(RunError, match="answers the stage `fit` without loading the checkpoint"):
        failing(run, plugin=Own())
    assert contents(run) == before


def test_an_allowed_change_is_written_and_the_run_stays_locked(tmp_path):
    run = tmp_path / "run"
    interrupted(spec(), run, 4)
    locked = (run / "run.lock.toml").read_bytes()
    running = []
    looking = hookline.before("step", lambda: running.append(is_running(run)))
    hookline.resume(run, plugins=[Interrupting(), looking], allow=["plugins"], overrides=["run.epochs=4"])
    assert running == [True] * 7
    assert (run / "run.lock.toml").read_bytes() != locked
    hookline.resume(run, plugins=[Interrupting(), looking])


# Changes that cannot be allowed.


def test_averaged_epochs_that_depend_on_the_length_are_refused_once_they_have_begun(tmp_path):
    averaging = {"type": "StochasticWeightAveraging"}
    train(spec(averaging, epochs=5), tmp_path / "run")
    with pytest.raises(LockError, match="StochasticWeightAveraging has another length than before"):
        resume(tmp_path / "run", overrides=["run.epochs=9"])
    interrupted(spec(averaging, epochs=5), tmp_path / "early", 4)
    resume(tmp_path / "early", overrides=["run.epochs=9"])
    train(spec(averaging, epochs=9), tmp_path / "whole")
    assert_same(tmp_path / "early", tmp_path / "whole")
    train(spec({**averaging, "start": 2}, epochs=5), tmp_path / "fixed")
    resume(tmp_path / "fixed", overrides=["run.epochs=9"])


def test_what_matters_only_at_the_beginning_cannot_change(tmp_path):
    first = tmp_path / "first"
    train(spec(), first)
    interrupted(spec(initialize_from={"run": str(first), "layers": "0"}), tmp_path / "run", 4)
    with pytest.raises(
        LockError, match=r"initialize_from\.layers cannot be changed: the run continues with the weights"
    ):
        resume(tmp_path / "run", overrides=["initialize_from.layers='4'"], allow=["initialize_from"])
    with pytest.raises(LockError, match=r"initialize\[0\] cannot be changed"):
        resume(tmp_path / "run", overrides=["initialize=[{type='zeros_'}]"], allow=["initialize"])


def test_a_tuned_run_is_refused(tmp_path):
    class Tuning:
        @hookline.hookimpl
        def tune(self, run, trials):
            return run.spec if len(trials) < 2 else None

    hookline.train(spec(epochs=1), plugins=[Tuning()], out=tmp_path / "run")
    for place in ("run", "run/trial-2"):
        with pytest.raises(RunError, match="A tuned run cannot be resumed once its first trial has ended"):
            hookline.resume(tmp_path / place, plugins=[Tuning()])


def test_values_are_shown_as_in_a_spec(tmp_path):
    interrupted(spec(), tmp_path / "run", 4)
    other = tmp_path / "other.csv"
    other.write_text(small().data.path.read_text().replace("5.1", "5.2", 1))
    with pytest.raises(LockError) as raised:
        resume(tmp_path / "run", overrides=[f"data.path='{other}'", "run.validate_every_steps=2"])
    assert f"now it is '{other}': allow this with `--allow data.path`" in str(raised.value)
    assert "run.validate_every_steps was not set; now it is 2" in str(raised.value)
