"""Limits and validations inside an epoch, and that a run that is interrupted there equals one that was not."""

import json
import math
import os
import signal

import pytest
import torch
from small_training import small

import hookline
from hookline.errors import LockError
from hookline.errors.exceptions import RunError
from hookline.runs.checkpoints import store

STEPS = 8  # per epoch

LAYERS = [{"type": "Linear", "out_features": 8}, {"type": "Dropout", "p": 0.3}, {"type": "Linear", "out_features": 3}]
CHECKPOINT = {"type": "Checkpoint", "every_steps": 1}


@pytest.fixture(autouse=True)
def _no_grace(monkeypatch):
    """Nothing is computed after an interruption."""
    monkeypatch.setattr("hookline.training.interrupted.GRACE", 0)


def spec(*callbacks, validation=0.2, stream=False, **run):
    data = {"type": "CSV", "path": str(small().data.path), "targets": "species", "batch_size": 16, "stream": stream}
    if validation:
        data["validation"] = validation
    return small(
        *callbacks,
        run={"epochs": 3, "device": "cpu", "name": "small", **run},
        data=data,
        model={"type": "Sequential", "layers": LAYERS},
    )


class At:
    """Does something in a step, in a validation inside an epoch, or in its record."""

    def __init__(self, act, *, step=None, evaluate=None, log=None):
        self.act, self.at, self.random = act, {"step": step, "evaluate": evaluate, "log": log}, False

    def do(self, stage, run):
        if self.at[stage] == run.step:
            self.at[stage] = None
            self.act(run)

    @hookline.hookimpl(wrapper=True)
    def step(self, run):
        answer = yield
        self.do("step", run)
        return answer

    @hookline.hookimpl(wrapper=True)
    def evaluate(self, run):
        if not run.is_trained:
            torch.rand(3)  # A validation that draws random numbers does not change what is trained.
            self.do("evaluate", run)
            run.raise_if_interrupted()
        return (yield)

    @hookline.hookimpl(wrapper=True)
    def log(self, run):
        record = yield
        self.do("log", run)
        return record


def terminate(_):
    os.kill(os.getpid(), signal.SIGTERM)


def nothing(_):
    """Do nothing."""


def same_weights(first, second):
    return all(torch.equal(one, other) for one, other in zip(first.parameters(), second.parameters(), strict=True))


def files(run):
    result = json.loads((run / "result.json").read_text())
    del result["seconds"], result["traced_steps"], result["traced_evaluation"]
    return (run / "metrics.jsonl").read_bytes(), (run / "model.safetensors").read_bytes(), result


def places(trial):
    """The epoch and step of each record, and whether it is validated."""
    return [(one["epoch"], one["step"], "validation/loss" in one) for one in trial.history]


# Which records appear.


@pytest.mark.parametrize("stream", [False, True], ids=["in memory", "streamed"])
def test_a_record_follows_each_validation_and_each_epoch(stream, tmp_path):
    trial = hookline.train(spec(stream=stream, validate_every_steps=3), out=tmp_path / "run")
    assert places(trial) == [
        *[(1, 3, True), (1, 6, True), (1, 8, False)],
        *[(2, 9, True), (2, 12, True), (2, 15, True), (2, 16, False)],
        *[(3, 18, True), (3, 21, True), (3, 24, True)],
    ]
    assert (trial.epochs, trial.steps) == (3, 24)
    assert trial.metrics["validation/loss"] == trial.history[-1]["validation/loss"]
    assert trial.measured["validation"] == "saved weights"
    lines = (tmp_path / "run/metrics.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == list(trial.history)


def test_a_validation_at_the_end_of_an_epoch_is_that_of_the_epoch(tmp_path):
    whole = hookline.train(spec(), out=tmp_path / "whole")
    trial = hookline.train(spec(validate_every_steps=4), out=tmp_path / "run")
    assert [place for _, place, _ in places(trial)] == [4, 8, 12, 16, 20, 24]
    ends = [{name: one[name] for name in one if name != "training/loss"} for one in trial.history[1::2]]
    assert ends == [{name: one[name] for name in one if name != "training/loss"} for one in whole.history]


def test_validations_inside_epochs_do_not_change_what_is_trained(tmp_path):
    whole = hookline.train(spec(), out=tmp_path / "whole")
    trial = hookline.train(spec(validate_every_steps=3), plugins=[At(nothing)], out=tmp_path / "run")
    assert same_weights(trial.model, whole.model)
    # The first epoch ends before the first evaluation at an end, which may draw random numbers.
    rows = [16, 16, 16, 16, 16, 16, 16, 8]
    counts = [sum(rows[:3]), sum(rows[3:6]), sum(rows[6:])]
    losses = [one["training/loss"] for one in trial.history[:3]]
    mean = math.fsum(count * loss for count, loss in zip(counts, losses, strict=True)) / sum(rows)
    assert mean == pytest.approx(whole.history[0]["training/loss"], rel=1e-12)


def test_validations_may_be_rarer_than_epochs(tmp_path):
    whole = hookline.train(spec(), out=tmp_path / "whole")
    trial = hookline.train(spec(validate_every_epochs=2), out=tmp_path / "run")
    assert places(trial) == [(1, 8, False), (2, 16, True), (3, 24, False)]
    assert trial.history[1] == whole.history[1]
    # The last epoch is not validated, so that the trained model is.
    assert (trial.metrics, trial.measured) == (whole.metrics, whole.measured)


def test_schedulers_of_epochs_ignore_validations_inside_them(tmp_path):
    callbacks = [{"type": "StepLR", "step_size": 1, "gamma": 0.5}, {"type": "StochasticWeightAveraging", "start": 2}]
    whole = hookline.train(spec(*callbacks), out=tmp_path / "whole")
    trial = hookline.train(spec(*callbacks, validate_every_steps=3), out=tmp_path / "run")
    assert same_weights(trial.model, whole.model)
    assert [one["lr"] for one in trial.history] == [0.01] * 3 + [0.005] * 4 + [0.0025] * 3


def test_callbacks_that_monitor_count_validations(tmp_path):
    callbacks = [
        {"type": "EarlyStopping", "patience": 4, "min_delta": 9.0},
        {"type": "ReduceLROnPlateau", "patience": 1, "threshold": 9.0, "threshold_mode": "abs", "factor": 0.5},
    ]
    trial = hookline.train(spec(*callbacks, validate_every_steps=3), out=tmp_path / "run")
    assert (
        trial.stopped
        == "validation/loss has not improved for 4 validations; it was best in step 3, whose weights are kept."
    )
    # It is stopped in the fifth validation, and the epoch ends there.
    assert places(trial)[-2:] == [(2, 12, True), (2, 15, True)]
    assert (trial.weights.epoch, trial.weights.step) == (1, 3)
    assert trial.metrics["validation/loss"] == trial.history[0]["validation/loss"]
    rates = {one["step"]: one["lr"] for one in trial.history}
    assert rates == {3: 0.01, 6: 0.01, 8: 0.01, 9: 0.01, 12: 0.005, 15: 0.005}


# Limits.


@pytest.mark.parametrize(("most", "epochs"), [(1, 1), (8, 1), (11, 2), (24, 3)])
def test_the_run_ends_after_max_steps(most, epochs, tmp_path):
    trial = hookline.train(spec(max_steps=most), out=tmp_path / "run")
    assert (trial.steps, trial.epochs, trial.state, trial.stopped) == (most, epochs, "finished", None)
    assert trial.history[-1]["step"] == most
    assert trial.metrics["validation/loss"] == trial.history[-1]["validation/loss"]


def test_the_length_of_a_schedule_follows_from_max_steps(tmp_path):
    scheduler = {"type": "OneCycleLR", "max_lr": 0.1}
    trial = hookline.train(spec(scheduler, max_steps=11, stream=True), out=tmp_path / "run")
    model = torch.nn.Linear(1, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=11)
    rates = []
    for _ in range(11):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    assert [one["lr"] for one in trial.history] == [rates[7], rates[10]]


def test_the_run_ends_after_the_step_in_which_the_time_is_over(tmp_path):
    def wait(run):
        run.state.seconds += 3600

    trial = hookline.train(spec(max_time="30m"), plugins=[At(wait, step=10)], out=tmp_path / "run")
    assert (trial.steps, trial.epochs, trial.state) == (11, 2, "stopped")
    assert trial.stopped == "The time in `max_time` is over: 30m."
    assert trial.metrics["validation/loss"] == trial.history[-1]["validation/loss"]


def test_a_callback_can_end_the_run_after_the_step(tmp_path):
    stop = At(lambda run: run.stop("Enough.", now=True), step=10)
    trial = hookline.train(spec(), plugins=[stop], out=tmp_path / "run")
    assert (trial.steps, trial.epochs, trial.state, trial.stopped) == (11, 2, "stopped", "Enough.")
    assert places(trial) == [(1, 8, True), (2, 11, True)]


@pytest.mark.parametrize(
    ("run", "option", "message"),
    [
        ({"max_steps": 25}, "max_steps", "never reached: the run has 3 epochs, which are 24 steps"),
        ({"validate_every_steps": 25}, "validate_every_steps", "only evaluated at the end: the run has 24 steps"),
        ({"validate_every_epochs": 4}, "validate_every_epochs", "only evaluated at the end: the run has 3 epochs"),
    ],
    ids=str,
)
def test_an_option_without_effect_is_a_warning(run, option, message, tmp_path):
    with pytest.warns(hookline.HooklineWarning, match=message) as warned:
        hookline.train(spec(**run), out=tmp_path / "run")
    assert [one.message.diagnostic.path for one in warned] == [("run", option)]


# Interruptions.

MONITORING = [
    {"type": "ReduceLROnPlateau", "patience": 1, "threshold": 9.0, "threshold_mode": "abs", "factor": 0.5},
    {"type": "StepLR", "step_size": 1, "gamma": 0.5},
    {"type": "GradientNorm"},
    {"type": "ExponentialMovingAverage", "decay": 0.8},
]
RUNS = {
    "validated inside": ({"validate_every_steps": 3}, [{"evaluate": 12}, {"evaluate": 24}, {"log": 12}, {"log": 16}]),
    "validated rarely": ({"validate_every_epochs": 2}, [{"evaluate": 16}, {"log": 8}, {"log": 16}]),
    "cut": (
        {"max_steps": 19, "validate_every_steps": 4},
        [{"evaluate": 12}, {"evaluate": 16}, {"log": 12}, {"log": 19}],
    ),
}


@pytest.mark.parametrize("stream", [False, True], ids=["in memory", "streamed"])
@pytest.mark.parametrize("run", RUNS)
def test_a_run_interrupted_there_equals_one_that_was_not(run, stream, tmp_path):
    callbacks = [one for one in MONITORING if run == "validated inside" or one["type"] != "ReduceLROnPlateau"]
    options, places = RUNS[run]
    made = spec(CHECKPOINT, *callbacks, stream=stream, **options)
    hookline.train(made, plugins=[At(nothing)], out=tmp_path / "whole")
    for place in ({"step": 2}, {"step": 8}, *places):
        out = tmp_path / str(place)
        with pytest.raises(hookline.Interrupted):
            hookline.train(made, plugins=[At(terminate, **place)], out=out)
        hookline.resume(out, plugins=[At(nothing)])
        assert files(out) == files(tmp_path / "whole"), place


def test_a_run_that_is_stopped_inside_an_epoch_stays_stopped(tmp_path):
    stopping = {"type": "EarlyStopping", "patience": 3, "min_delta": 9.0}
    made = spec(CHECKPOINT, stopping, validate_every_steps=3)
    whole = hookline.train(made, out=tmp_path / "whole")
    assert (whole.steps, whole.state) == (12, "stopped")
    before = files(tmp_path / "whole")
    hookline.resume(tmp_path / "whole")
    assert files(tmp_path / "whole") == before


@pytest.mark.parametrize("checkpoint", [CHECKPOINT, {"type": "Checkpoint"}], ids=["steps", "epochs"])
@pytest.mark.parametrize("most", [11, 16])
def test_a_run_with_more_steps_equals_one_that_had_them_from_the_beginning(most, checkpoint, tmp_path):
    hookline.train(spec(checkpoint, max_steps=21), out=tmp_path / "whole")
    hookline.train(spec(checkpoint, max_steps=most), out=tmp_path / "run")
    hookline.resume(tmp_path / "run")
    hookline.resume(tmp_path / "run", overrides=["run.max_steps=21"])
    assert files(tmp_path / "run") == files(tmp_path / "whole")
    assert (tmp_path / "run/spec.toml").read_bytes() == (tmp_path / "whole/spec.toml").read_bytes()


def test_a_run_whose_time_was_over_can_have_more(tmp_path):
    def wait(run):
        run.state.seconds += 3600

    made = spec(CHECKPOINT, max_time="30m")
    hookline.train(spec(CHECKPOINT, max_time="3d"), plugins=[At(nothing)], out=tmp_path / "whole")
    run = tmp_path / "run"
    assert hookline.train(made, plugins=[At(wait, step=10)], out=run).state == "stopped"
    assert hookline.resume(run, plugins=[At(nothing)]).state == "stopped"
    assert hookline.resume(run, plugins=[At(nothing)], overrides=["run.max_time=3d"]).state == "finished"
    assert files(run) == files(tmp_path / "whole")


def test_a_shorter_run_is_refused(tmp_path):
    hookline.train(spec(CHECKPOINT, max_steps=11), out=tmp_path / "run")
    for override in ("run.max_time=1d", "run.validate_every_steps=2"):
        with pytest.raises(LockError, match=f"allow this with `--allow {override.partition('=')[0]}`"):
            hookline.resume(tmp_path / "run", overrides=[override])
    with pytest.raises(RunError, match=r"has reached step 11 already, so it cannot end after step 10\."):
        hookline.resume(tmp_path / "run", overrides=["run.max_steps=10"], allow=["run.max_steps"])


def test_the_best_of_the_validations_inside_epochs_are_kept(tmp_path):
    checkpoint = {"type": "Checkpoint", "every_epochs": 3, "keep_best": 2, "keep_last": 1}
    trial = hookline.train(spec(checkpoint, validate_every_steps=3), out=tmp_path / "run")
    losses = {one["step"]: one["validation/loss"] for one in trial.history if "validation/loss" in one}
    best = sorted(losses, key=losses.get)[:2]
    assert [one.step for one in store.all_of(tmp_path / "run")] == sorted({*best, 24})
