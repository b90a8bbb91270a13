"""Batches with non-finite losses or gradients: skipped, rolled back, or the end of the training."""

import json
import math

import pytest
import torch
from image_training import EPOCHS, IMAGES, Spoiled, batches, network, same, step, trained, validation_loss
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import hookline
from hookline.errors import HooklineWarning


class SpoiledInputs:
    """A plugin that puts a NaN into the inputs of some training steps."""

    def __init__(self, *steps):
        self.steps = steps

    @hookline.hookimpl
    def forward(self, run, model, batch):
        [images] = batch.inputs.values()
        if model.training and run.step in self.steps:
            images = images.clone()
            images[0, 0, 0, 0] = math.nan
        return model(images)


class LeavingOut:
    """A plugin that skips the batches of some epochs, as the manual of `step` describes."""

    def __init__(self, *epochs):
        self.epochs = epochs

    @hookline.hookimpl(wrapper=True)
    def step(self, run, optimizer):
        if run.epoch in self.epochs:
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    parameter.grad = None
        return (yield)


@pytest.mark.parametrize("steps", [(4,), (4, 5, 9)])
def test_skipped_batches_change_nothing(steps, tmp_path):
    trial = trained(tmp_path, {"type": "NaNGuard", "action": "skip"}, plugins=[Spoiled(*steps)])
    model, optimizer = network()
    number = 0
    for epoch in range(1, EPOCHS + 1):
        losses = []
        for x, y in batches(epoch):
            if number not in steps:
                losses.append((step(model, optimizer, x, y), len(x)))
            number += 1
        total = (
            torch.stack([loss for loss, _ in losses]).double() @ torch.tensor([float(n) for _, n in losses]).double()
        )
        assert trial.history[epoch - 1]["training/loss"] == pytest.approx(
            float(total) / sum(n for _, n in losses), 1e-12
        )
    assert same(trial.model, model)
    left_out = f"{len(steps)} step{'s' if len(steps) > 1 else ''}"
    assert trial.notes == (f"NaNGuard skipped {left_out} in which the loss or gradients were not finite.",)
    assert json.loads((trial.directory / "result.json").read_text())["notes"] == list(trial.notes)


def test_earlier_weights_are_restored_but_not_learning_rates(tmp_path):
    guard = {"type": "NaNGuard", "action": "roll_back", "copy_every": 4}
    scheduler = {"type": "ExponentialLR", "gamma": 0.9, "interval": "step"}
    trial = trained(tmp_path, guard, scheduler, plugins=[Spoiled(6, 7)])
    model, optimizer = network()
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
    number, copy = 0, None
    for epoch in range(1, EPOCHS + 1):
        for x, y in batches(epoch):
            if number in (6, 7):
                model(x)
                model.load_state_dict(copy[0])
                optimizer.state.update({p: {"momentum_buffer": copy[1][p].clone()} for p in copy[1]})
            else:
                step(model, optimizer, x, y)
            number += 1
            if number % 4 == 0 and number - 1 not in (6, 7):
                buffers = {p: optimizer.state[p]["momentum_buffer"].clone() for p in model.parameters()}
                copy = {name: value.clone() for name, value in model.state_dict().items()}, buffers
            rate = optimizer.param_groups[0]["lr"]
            schedule.step()
    assert same(trial.model, model)
    assert trial.history[-1]["lr"] == rate


def test_the_first_non_finite_loss_stops_training_and_names_the_gradients(tmp_path):
    with pytest.raises(hookline.errors.TrainingError) as raised:
        trained(tmp_path, {"type": "NaNGuard"}, plugins=[Spoiled(4)])
    assert str(raised.value) == (
        'In epoch 2, step 5, the loss is nan, and the gradients of "1.weight", "1.bias", "2.weight" and "2.bias" and 2 '
        "others are not finite."
    )


@pytest.mark.parametrize("steps", [(0,), (4, 5, 9, 17)])
def test_non_finite_inputs_leave_no_trace_in_normalization_statistics(steps, tmp_path):
    trial = trained(tmp_path, {"type": "NaNGuard", "action": "skip"}, plugins=[SpoiledInputs(*steps)])
    model, optimizer = network()
    number, losses = 0, []
    for epoch in range(1, EPOCHS + 1):
        for x, y in batches(epoch):
            if number not in steps:
                step(model, optimizer, x, y)
            number += 1
        losses.append(validation_loss(model))
    assert same(trial.model, model)
    assert [record["validation/loss"] for record in trial.history] == losses
    assert torch.isfinite(trial.model(IMAGES)).all()


class Rebinding(torch.nn.BatchNorm1d):
    """A layer that replaces its buffers by other tensors."""

    def forward(self, x):
        if self.training:
            self.running_mean = 0.9 * self.running_mean + 0.1 * x.mean(0).detach()
        return x - self.running_mean


class WithRebinding:
    @hookline.hookimpl
    def build_model(self):
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 1), Rebinding(1))


def test_a_buffer_that_a_layer_replaces_is_restored(tmp_path):
    plugins = [WithRebinding(), SpoiledInputs(4)]
    trial = trained(tmp_path, {"type": "NaNGuard", "action": "skip"}, plugins=plugins)
    assert torch.isfinite(trial.model[2].running_mean).all()


@pytest.mark.parametrize("is_first", [True, False])
def test_a_skipped_step_is_not_in_a_moving_average_listed_before_or_after(is_first, tmp_path):
    callbacks = [{"type": "NaNGuard", "action": "skip"}, {"type": "ExponentialMovingAverage", "decay": 0.9}]
    order = callbacks if is_first else callbacks[::-1]
    trial = trained(tmp_path, *order, plugins=[Spoiled(0, 4, 5, 9)])
    model, optimizer = network()
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    number, losses = 0, []
    for epoch in range(1, EPOCHS + 1):
        for x, y in batches(epoch):
            if number not in (0, 4, 5, 9):
                step(model, optimizer, x, y)
                averaged.update_parameters(model)
            number += 1
        losses.append(validation_loss(averaged.module))
    assert same(trial.model, averaged.module)
    assert [record["validation/loss"] for record in trial.history] == losses


def test_a_skipped_first_step_neither_delays_a_schedule_nor_makes_torch_warn(tmp_path):
    scheduler = {"type": "ExponentialLR", "gamma": 0.9, "interval": "step"}
    trial = trained(tmp_path, {"type": "NaNGuard", "action": "skip"}, scheduler, plugins=[Spoiled(0)])
    rates, rate = [], 0.05
    for _ in range(3 * EPOCHS):
        rates.append(rate)
        rate *= 0.9
    assert [record["lr"] for record in trial.history] == rates[2::3]


def test_skipping_all_batches_of_an_epoch_stops_training(tmp_path):
    with pytest.raises(hookline.errors.TrainingError) as raised:
        trained(tmp_path, {"type": "NaNGuard", "action": "skip"}, plugins=[Spoiled(3, 4, 5)])
    assert str(raised.value) == (
        "All batches of epoch 2 were skipped; in the last one, the loss is nan, and the gradients of "
        '"1.weight", "1.bias", "2.weight" and "2.bias" and 2 others are not finite.'
    )


def test_skipped_batches_are_counted_per_epoch(tmp_path):
    trial = trained(tmp_path, {"type": "NaNGuard", "action": "skip"}, plugins=[Spoiled(1, 2, 3, 4)])
    assert trial.epochs == EPOCHS


def test_an_epoch_without_a_loss_is_never_the_best(tmp_path):
    stopping = {"type": "EarlyStopping", "monitor": "training/loss", "patience": 2}
    with pytest.warns(HooklineWarning, match=r"^No batch of epoch 2 counts") as warned:
        trial = trained(tmp_path, stopping, plugins=[LeavingOut(2, 3, 4)])
    assert len(warned) == 1
    assert [math.isnan(record["training/loss"]) for record in trial.history] == [False, True, True]
    assert (
        trial.stopped == "training/loss has not improved for 2 epochs; it was best in epoch 1, whose weights are kept."
    )
    model, optimizer = network()
    for x, y in batches(1):
        step(model, optimizer, x, y)
    assert all(map(torch.equal, trial.model.parameters(), model.parameters()))


def test_a_trial_without_a_loss_is_the_worst(tmp_path):
    spec = hookline.load(
        {
            "run": {"epochs": 2, "evaluate_training": False},
            "data": {"type": "Random", "features": 2, "targets": [0.0, 1.0]},
            "model": {"type": "Linear", "out_features": 1},
            "loss": {"type": "MSELoss"},
            "optimizer": {"type": "SGD", "lr": 0.1},
        }
    )
    with pytest.warns(HooklineWarning, match=r"^No batch of epoch 1 counts"):
        trial = hookline.train(spec, plugins=[LeavingOut(1, 2)], out=tmp_path / "run")
    assert trial.objective == math.inf
    assert hookline.train(spec, out=tmp_path / "other").objective < math.inf


def test_parts_of_a_loss_that_were_not_computed_are_logged_as_nan(tmp_path):
    part = {"type": "MSELoss"}
    spec = hookline.load(
        {
            "run": {"epochs": 2},
            "data": {"type": "Random", "features": 2, "targets": [0.0, 1.0]},
            "model": {"type": "Linear", "out_features": 1},
            "losses": {"near": part, "far": {**part, "factor": 2.0}},
            "optimizer": {"type": "SGD", "lr": 0.1},
        }
    )
    with pytest.warns(HooklineWarning, match=r"^No batch of epoch 1 counts"):
        trial = hookline.train(spec, plugins=[LeavingOut(1)], out=tmp_path / "run")
    missing = [[name for name, value in record.items() if math.isnan(value)] for record in trial.history]
    assert missing == [["training/loss", "training/loss[near]", "training/loss[far]"], []]


def test_skipping_batches_requires_checking_every_batch(tmp_path):
    with pytest.raises(hookline.errors.SpecError) as raised:
        trained(tmp_path, {"type": "NaNGuard", "action": "skip", "every": 2})
    assert str(raised.value) == ("spec: callbacks[0].every: A step without a check may destroy the parameters.")
    trained(tmp_path, {"type": "NaNGuard", "every": 2})
