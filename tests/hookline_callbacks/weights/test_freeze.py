"""Frozen parameters equal those of handwritten loops."""

import pytest
import torch
from image_training import EPOCHS, batches, network, same, step, trained

import hookline


@pytest.mark.parametrize("until", [None, 3])
def test_frozen_parameters_are_trained_from_the_given_epoch_on(until, tmp_path):
    trial = trained(tmp_path, {"type": "Freeze", "layers": "1", **({"until": until} if until else {})})
    model, optimizer = network(
        fused=until is None
    )  # torch's fused kernel does not support a momentum that starts later.
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
        ({"layers": "Conv2d"}, 'callbacks[0].layers: This selects nothing: no layer "Conv2d" has parameters.'),
        ({}, "callbacks[0]: All parameters are frozen, so there is nothing to train."),
    ],
)
def test_an_invalid_selection_is_reported(options, message, tmp_path):
    with pytest.raises(hookline.errors.MismatchError) as raised:
        trained(tmp_path, {"type": "Freeze", **options})
    assert str(raised.value).startswith(message)


OF_A_LAYER = {"type": "Freeze", "layers": "1", "until": 3}
FOR_GOOD = {"type": "Freeze", "parameters": "*.bias"}
LATER = {"type": "Freeze", "parameters": "*.bias", "until": 5}


@pytest.mark.parametrize("other", [FOR_GOOD, LATER], ids=["for good", "until later"])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_parameter_frozen_by_two_callbacks_is_trained_when_both_have_ended(is_first, other, tmp_path):
    order = [OF_A_LAYER, other] if is_first else [other, OF_A_LAYER]
    trial = trained(tmp_path, *order)
    model, optimizer = network(fused=False)
    for epoch in range(1, EPOCHS + 1):
        for name, parameter in model.named_parameters():
            by_layer = name.startswith("1.") and epoch < 3
            by_name = name.endswith(".bias") and epoch < other.get("until", 100)
            parameter.requires_grad_(not (by_layer or by_name))
        for x, y in batches(epoch):
            step(model, optimizer, x, y)
    assert same(trial.model, model)
    assert all(parameter.requires_grad for parameter in trial.model.parameters())


class Fixed:
    """A plugin whose model has parameters that do not require gradients."""

    @hookline.hookimpl(wrapper=True)
    def build_model(self):
        model = yield
        model[1].bias.requires_grad_(requires_grad=False)
        return model


def test_a_parameter_that_was_never_trained_stays_frozen(tmp_path):
    trial = trained(tmp_path, {**OF_A_LAYER, "until": 2}, plugins=[Fixed()])
    assert [name for name, one in trial.model.named_parameters() if not one.requires_grad] == ["1.bias"]


def test_an_end_beyond_the_last_epoch_is_reported_before_training(tmp_path):
    with pytest.warns(hookline.HooklineWarning) as warned:
        trial = trained(tmp_path, {**OF_A_LAYER, "until": 100}, epochs=3)
    assert [str(warning.message) for warning in warned] == [
        "callbacks[0].until: Freeze never ends: the run has 3 epochs, but `until` is 100."
    ]
    assert trial.notes == ()


class Stopping:
    @hookline.hookimpl(wrapper=True)
    def log(self, run):
        record = yield
        if run.epoch == 3:
            run.stop("It is enough.")
        return record


@pytest.mark.parametrize(("until", "reported"), [(3, False), (4, True)])
def test_a_run_that_stops_before_the_parameters_are_unfrozen_is_reported(until, reported, tmp_path):
    trial = trained(tmp_path, {**OF_A_LAYER, "until": until}, plugins=[Stopping()])
    sentence = f"Freeze was to end in epoch {until}, but the training ended earlier."
    assert trial.notes == ((sentence,) if reported else ())
