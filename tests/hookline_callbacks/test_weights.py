"""Callbacks that change what is trained equal loops that are written by hand, bit for bit."""

import csv
import json
import math

import numpy
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import SWALR, AveragedModel, get_ema_multi_avg_fn, update_bn

import hookline

EPOCHS, ROWS, BATCH, SEED = 6, 20, 8, 3
IMAGES = torch.randn(ROWS, 1, 4, 4, generator=torch.Generator().manual_seed(0))
TARGETS = torch.arange(float(ROWS)).unsqueeze(1) / ROWS


class Images:
    """A plugin that gives the images as data."""

    @hookline.hookimpl
    def prepare_data(self, run):
        training = hookline.TensorBatches({"input": IMAGES}, {"target": TARGETS}, batch_size=BATCH, seed=SEED)
        validation = hookline.TensorBatches({"input": IMAGES}, {"target": TARGETS}, batch_size=BATCH)
        example = hookline.Batch({"input": IMAGES[:2]}, {"target": TARGETS[:2]})
        known = {"target": hookline.Target(columns=("y",))}
        return hookline.Data(training=training, validation=validation, example=example, targets=known)


def trained(path, *callbacks, plugins=(), **run):
    made = hookline.load(
        {
            "run": {"epochs": EPOCHS, "seed": SEED, "device": "cpu", **run},
            "data": {"type": "Random", "features": 2, "targets": [0, 1]},
            "model": {
                "type": "Sequential",
                "layers": [
                    {"type": "Flatten"},
                    {"type": "Linear", "out_features": 6},
                    {"type": "BatchNorm1d"},
                    {"type": "ReLU"},
                    {"type": "Linear", "out_features": 1},
                ],
            },
            "loss": {"type": "MSELoss"},
            "optimizer": {"type": "SGD", "lr": 0.05, "momentum": 0.5},
            "callbacks": list(callbacks),
        }
    )
    return hookline.train(made, plugins=[Images(), *plugins], out=path / f"run-{len(list(path.iterdir()))}")


def network(*, fused=True):
    torch.manual_seed(SEED)
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 1))
    return model, torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.5, fused=fused)


def batches(epoch):
    for rows in torch.from_numpy(numpy.random.default_rng((SEED, epoch)).permutation(ROWS)).split(BATCH):
        yield IMAGES[rows], TARGETS[rows]


def step(model, optimizer, x, y):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.detach()


def judged(model):
    model.eval()
    with torch.no_grad():
        losses = [
            (nn.functional.mse_loss(model(x), y).double() * len(x))
            for x, y in zip(IMAGES.split(BATCH), TARGETS.split(BATCH), strict=True)
        ]
    model.train()
    return float(torch.stack(losses).sum()) / ROWS


def same(model, other):
    states = model.state_dict(), other.state_dict()
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])


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


def mixed_up(x, generator, kind, alpha):
    share = float(generator.beta(alpha, alpha))
    order = torch.from_numpy(generator.permutation(len(x)))
    if kind == "Mixup":
        return share * x + (1 - share) * x[order], order, share
    middle = int(generator.integers(4)), int(generator.integers(4))
    half = int(0.5 * math.sqrt(1 - share) * 4)
    (top, bottom), (left, right) = ((max(0, place - half), min(4, place + half)) for place in middle)
    mixed = x.clone()
    mixed[:, :, top:bottom, left:right] = x[order][:, :, top:bottom, left:right]
    return mixed, order, 1 - (bottom - top) * (right - left) / 16


@pytest.mark.parametrize(("kind", "alpha"), [("Mixup", 0.4), ("CutMix", 1.0)])
def test_rows_and_losses_are_mixed_as_by_hand(kind, alpha, tmp_path):
    trial = trained(tmp_path, {"type": kind, "alpha": alpha, "probability": 0.7})
    model, optimizer = network()
    number = mixed = 0
    for epoch in range(1, EPOCHS + 1):
        for x, y in batches(epoch):
            generator = numpy.random.default_rng((SEED, number, 2))
            number += 1
            optimizer.zero_grad()
            if generator.random() < 0.7:
                x, order, share = mixed_up(x, generator, kind, alpha)
                outputs = model(x)
                loss = share * nn.functional.mse_loss(outputs, y)
                loss = loss + (1 - share) * nn.functional.mse_loss(outputs, y[order])
                mixed += 1
            else:
                loss = nn.functional.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
    assert 0 < mixed < number
    for parameter, expected in zip(trial.model.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(parameter, expected, rtol=1e-5, atol=1e-7)  # x·s + y·t in one operation, or in two.


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


def test_learning_rates_are_tried_and_training_begins_as_if_they_had_not(tmp_path):
    trial = trained(tmp_path, {"type": "LearningRateFinder", "steps": 30})
    plain = trained(tmp_path)
    assert same(trial.model, plain.model)
    assert trial.history == plain.history
    with (trial.directory / "learning_rate.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert float(rows[0]["lr"]) == 1e-6
    assert sum(row["is_steepest"] == "true" for row in rows) == 1
    assert (trial.directory / "learning_rate.png").stat().st_size > 5000
    [found] = [float(row["lr"]) for row in rows if row["is_steepest"] == "true"]
    assert trial.told == (f"The loss falls fastest with the learning rate {found:.3g}: learning_rate.png shows it.",)


def test_the_learning_rate_that_was_found_is_used_on_request(tmp_path):
    trial = trained(tmp_path, {"type": "LearningRateFinder", "steps": 30, "use": True})
    with (trial.directory / "learning_rate.csv").open(newline="") as file:
        [found] = [float(row["lr"]) for row in csv.DictReader(file) if row["is_steepest"] == "true"]
    model, optimizer = network()
    for group in optimizer.param_groups:
        group["lr"] = found
    for epoch in range(1, EPOCHS + 1):
        for x, y in batches(epoch):
            step(model, optimizer, x, y)
    assert same(trial.model, model)
