"""Callbacks that change what is trained equal loops that are written by hand, bit for bit."""

import json
import math

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import SWALR, AveragedModel, get_ema_multi_avg_fn, update_bn

import hookline
from images_by_hand import BATCH, EPOCHS, IMAGES, ROWS, TARGETS, batches, judged, network, same, step, trained


def test_a_moving_average_equals_that_of_torch(tmp_path):
    trial = trained(tmp_path, {"type": "ExponentialMovingAverage", "decay": 0.9})
    model, optimizer = network()
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    losses = []
    for epoch in range(1, EPOCHS + 1):
        for x, y in batches(epoch):
            step(model, optimizer, x, y)
            averaged.update_parameters(model)
        losses.append(judged(averaged.module))
    assert same(trial.model, averaged.module)
    assert not same(trial.model, model)
    assert [record["validation/loss"] for record in trial.history] == losses


def test_a_moving_average_may_be_of_some_steps(tmp_path):
    trial = trained(tmp_path, {"type": "ExponentialMovingAverage", "decay": 0.9, "every": 4, "first": 2})
    model, optimizer = network()
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    number = 0
    for epoch in range(1, EPOCHS + 1):
        for x, y in batches(epoch):
            step(model, optimizer, x, y)
            number += 1
            if number in (2, 6, 10, 14, 18):
                averaged.update_parameters(model)
    assert same(trial.model, averaged.module)


@pytest.mark.parametrize("options", [{}, {"swa_lr": 0.2, "anneal_epochs": 2}, {"start": 2}], ids=str)
def test_stochastic_weight_averaging_equals_that_of_torch(options, tmp_path):
    trial = trained(tmp_path, {"type": "StochasticWeightAveraging", **options})
    model, optimizer = network()
    averaged = AveragedModel(model)
    scheduler = SWALR(optimizer, 0.2, anneal_epochs=2) if "swa_lr" in options else None
    for epoch in range(1, EPOCHS + 1):
        for x, y in batches(epoch):
            step(model, optimizer, x, y)
        if epoch >= options.get("start", 5):
            averaged.update_parameters(model)
            if scheduler is not None:
                scheduler.step()
    update_bn((x for x, _ in batches(EPOCHS)), averaged.module)
    assert same(trial.model, averaged.module)


@pytest.mark.parametrize("until", [None, 3])
def test_frozen_parameters_are_trained_from_their_epoch_on(until, tmp_path):
    trial = trained(tmp_path, {"type": "Freeze", "layers": "1", **({"until": until} if until else {})})
    model, optimizer = network(fused=until is None)  # torch's kernel cannot let a momentum begin later.
    first = model[1].weight.clone()
    model[1].requires_grad_(requires_grad=False)
    for epoch in range(1, EPOCHS + 1):
        if epoch == until:
            model[1].requires_grad_(requires_grad=True)
        for x, y in batches(epoch):
            step(model, optimizer, x, y)
    assert same(trial.model, model)
    assert torch.equal(trial.model[1].weight, first) is (until is None)
    assert all(parameter.requires_grad for parameter in trial.model.parameters())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": "Conv2d"}, 'callbacks[0].layers: It selects nothing: no layer "Conv2d" has parameters.'),
        ({}, "callbacks[0]: All parameters are frozen: nothing is left to train."),
    ],
)
def test_a_selection_that_makes_no_sense_is_told(options, message, tmp_path):
    with pytest.raises(hookline.MisfitError) as raised:
        trained(tmp_path, {"type": "Freeze", **options})
    assert str(raised.value).startswith(message)


def test_norms_of_gradients_are_logged(tmp_path):
    trial = trained(tmp_path, {"type": "GradientNorm"})
    model, optimizer = network()
    for epoch in range(1, EPOCHS + 1):
        norms = []
        for x, y in batches(epoch):
            step(model, optimizer, x, y)
            norms.append(torch.nn.utils.get_total_norm([parameter.grad for parameter in model.parameters()]))
        record = trial.history[epoch - 1]
        assert record["gradient_norm"] == float(norms[0] + norms[1] + norms[2]) / 3
        assert record["greatest_gradient_norm"] == max(map(float, norms))
    assert same(trial.model, model)
    assert not any("norm" in name for name in trial.metrics)  # What is reported in the end is of the splits.


class Spoiled:
    """A plugin that makes the loss of some steps of training NaN."""

    def __init__(self, *steps):
        self.steps = steps

    @hookline.hookimpl(wrapper=True)
    def loss(self, run, outputs):
        loss = yield
        return loss * math.nan if run.step in self.steps and outputs.requires_grad else loss


@pytest.mark.parametrize("steps", [(4,), (4, 5, 9)])
def test_batches_that_are_skipped_leave_everything_as_it_is(steps, tmp_path):
    trial = trained(tmp_path, {"type": "NaNGuard", "action": "skip"}, plugins=[Spoiled(*steps)])
    model, optimizer = network()
    number = 0
    for epoch in range(1, EPOCHS + 1):
        losses = []
        for x, y in batches(epoch):
            if number in steps:
                model(x)  # The statistics of BatchNorm have seen it.
            else:
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
    assert trial.told == (f"NaNGuard has left out {left_out} in which the loss or gradients were not finite.",)
    assert json.loads((trial.directory / "result.json").read_text())["told"] == list(trial.told)


def test_weights_of_some_steps_ago_are_gone_back_to_and_learning_rates_are_not(tmp_path):
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


def test_what_is_reported_of_validation_is_of_the_weights_that_are_handed_on(tmp_path):
    trial = trained(tmp_path, {"type": "StochasticWeightAveraging", "start": 3})
    trial.model.eval()
    with torch.no_grad():
        losses = [
            (nn.functional.mse_loss(trial.model(x), y).double(), len(x))
            for x, y in zip(IMAGES.split(BATCH), TARGETS.split(BATCH), strict=True)
        ]
    assert trial.metrics["validation/loss"] == float(sum(loss * rows for loss, rows in losses) / ROWS)
    assert trial.metrics["validation/loss"] != trial.history[-1]["validation/loss"]
    assert trial.metrics["training/loss"] == trial.history[-1]["training/loss"]


def test_the_first_loss_that_is_not_finite_ends_the_training_and_names_the_gradients(tmp_path):
    with pytest.raises(hookline.TrainingError) as raised:
        trained(tmp_path, {"type": "NaNGuard"}, plugins=[Spoiled(4)])
    assert str(raised.value) == (
        'In epoch 2, step 5, the loss is nan, and the gradients of "1.weight", "1.bias", "2.weight" and "2.bias" and 2 '
        "others are not finite."
    )
