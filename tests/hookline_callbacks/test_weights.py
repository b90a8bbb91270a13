"""Callbacks that change what is trained equal loops that are written by hand, bit for bit."""

import csv
import math

import numpy
import pytest
import torch
from torch import nn
from torch.optim.swa_utils import SWALR, AveragedModel, get_ema_multi_avg_fn, update_bn

from image_training import BATCH, EPOCHS, IMAGES, ROWS, SEED, TARGETS, batches, judged, network, same, step, trained


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
