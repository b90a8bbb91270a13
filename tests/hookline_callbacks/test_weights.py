"""Callbacks that change the weights equal handwritten loops, bit for bit."""

import warnings

import pytest
import torch
from image_training import BATCH, EPOCHS, IMAGES, ROWS, TARGETS, batches, network, same, step, trained, validation_loss
from torch import nn
from torch.optim.swa_utils import SWALR, AveragedModel, get_ema_multi_avg_fn, update_bn

import hookline


def test_a_moving_average_equals_torchs(tmp_path):
    trial = trained(tmp_path, {"type": "ExponentialMovingAverage", "decay": 0.9})
    model, optimizer = network()
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    losses = []
    for epoch in range(1, EPOCHS + 1):
        for x, y in batches(epoch):
            step(model, optimizer, x, y)
            averaged.update_parameters(model)
        losses.append(validation_loss(averaged.module))
    assert same(trial.model, averaged.module)
    assert not same(trial.model, model)
    assert [record["validation/loss"] for record in trial.history] == losses


def test_a_moving_average_may_cover_some_of_the_steps(tmp_path):
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


@pytest.mark.filterwarnings("ignore:callbacks.0..anneal_epochs")
@pytest.mark.parametrize("options", [{}, {"swa_lr": 0.2, "anneal_epochs": 2}, {"start": 2}], ids=str)
def test_stochastic_weight_averaging_equals_torchs(options, tmp_path):
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
        assert record["max_gradient_norm"] == max(map(float, norms))
    assert same(trial.model, model)
    assert not any("norm" in name for name in trial.metrics)  # Only metrics of the splits are reported at the end.


def test_validation_uses_the_weights_that_are_kept(tmp_path):
    trial = trained(tmp_path, {"type": "StochasticWeightAveraging", "start": 3})
    trial.model.eval()
    for split in ("validation", "training"):
        rows = zip(IMAGES.split(BATCH), TARGETS.split(BATCH), strict=True)
        with torch.no_grad():
            losses = [(nn.functional.mse_loss(trial.model(x), y).double(), len(x)) for x, y in rows]
        assert trial.metrics[f"{split}/loss"] == float(sum(loss * count for loss, count in losses) / ROWS)
        assert trial.metrics[f"{split}/loss"] != trial.history[-1][f"{split}/loss"]


ONE_OF_TWO = {
    "type": "Partition",
    "parts": [{"parameters": "*weight", "optimizer": {"type": "SGD"}}, {"optimizer": {"type": "Rprop"}}],
}
AVERAGING = {"type": "StochasticWeightAveraging", "swa_lr": 0.2}


@pytest.mark.parametrize(
    ("options", "option"),
    [
        (AVERAGING, "swa_lr"),
        ({"type": "LearningRateFinder"}, "type"),
        ({"type": "LearningRateFinder", "use": True}, "type"),
    ],
    ids=str,
)
def test_changing_a_learning_rate_that_is_read_only_once_is_an_error(options, option, tmp_path):
    with pytest.raises(hookline.errors.SpecError) as raised:
        trained(tmp_path, options, optimizer={"type": "Rprop"})
    [problem] = raised.value.problems
    assert problem.path == ("callbacks", 0, option)
    assert problem.text.startswith("Rprop reads its learning rate in the first step only, so this has no effect")
    with pytest.warns(hookline.HooklineWarning) as caught:
        trained(tmp_path, {**options, **({"anneal_epochs": 1} if option == "swa_lr" else {})}, optimizer=ONE_OF_TWO)
    assert [str(one.message) for one in caught] == [
        f"callbacks[0].{option}: Rprop reads its learning rate in the first step only: this has an effect on the other parts only."
    ]


@pytest.mark.parametrize(
    ("start", "anneal_epochs", "is_reached"), [(5, 1, True), (5, 2, False), (3, 3, True), (3, 4, False)]
)
def test_a_learning_rate_that_averaging_never_reaches_is_a_warning(start, anneal_epochs, is_reached, tmp_path):
    rates = []
    look = hookline.before("step", lambda optimizer: rates.append(optimizer.param_groups[0]["lr"]))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", hookline.HooklineWarning)
        trained(tmp_path, {**AVERAGING, "start": start, "anneal_epochs": anneal_epochs}, plugins=[look])
    assert (rates[-1] == pytest.approx(0.2)) == is_reached
    takes = "1 epoch" if anneal_epochs == 1 else f"{anneal_epochs} epochs"
    sentence = f"callbacks[0].anneal_epochs: `swa_lr` is never reached: that takes {takes} from epoch {start} on, but the last is 6."
    assert [str(one.message) for one in caught] == ([] if is_reached else [sentence])
