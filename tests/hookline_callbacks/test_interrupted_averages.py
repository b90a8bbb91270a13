"""An interrupted training with averaged weights keeps a consistent set of weights."""

import pytest
import torch
from image_training import EPOCHS, batches, network, same, step, trained
from safetensors.torch import load_file
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import hookline

AVERAGING = {"type": "StochasticWeightAveraging", "start": 2}


def pressing(at):
    """A plugin that raises a KeyboardInterrupt in the given batch of the model in training mode."""

    class Pressing:
        calls = 0

        @hookline.hookimpl(wrapper=True)
        def forward(self, model):
            outputs = yield
            if model.training:
                Pressing.calls += 1
                if Pressing.calls == at:
                    raise KeyboardInterrupt
            return outputs

    return Pressing


def interrupted(path, callback, at):
    """Return the result of an interrupted training, and how many batches the model was applied to."""
    plugin = pressing(at)
    with pytest.raises(hookline.Interrupted) as raised:
        trained(path, callback, plugins=[plugin()])
    return raised.value.trial, plugin.calls


def steps_by_hand(count, averaged=None):
    model, optimizer = network()
    done = 0
    for epoch in range(1, EPOCHS + 1):
        for x, y in batches(epoch):
            if done == count:
                model(x)  # The interrupted batch is included in the statistics.
                return model
            step(model, optimizer, x, y)
            done += 1
            if averaged is not None:
                averaged.update_parameters(model)
    return model


@pytest.mark.parametrize("batch", [1, 2, 3])
def test_an_interruption_while_statistics_are_recomputed_restores_the_unaveraged_weights(batch, tmp_path):
    trial, _ = interrupted(tmp_path, AVERAGING, 3 * EPOCHS + batch)
    assert same(trial.model, steps_by_hand(3 * EPOCHS))
    assert trial.model[2].momentum == 0.1
    assert trial.notes == ("Interrupted: the weights are those of the last step, not the mean.",)
    assert not any(module.training for module in trial.model.modules())
    saved = load_file(trial.directory / "model.safetensors")
    assert all(torch.equal(saved[name], value) for name, value in trial.model.state_dict().items())


def test_nothing_is_computed_after_an_interruption(tmp_path):
    trial, calls = interrupted(tmp_path, AVERAGING, 14)
    assert calls == 14
    assert same(trial.model, steps_by_hand(13))
    assert trial.notes == ("Interrupted: the weights are those of the last step, not the mean.",)


def test_an_interrupted_training_keeps_the_moving_average(tmp_path):
    trial, _ = interrupted(tmp_path, {"type": "ExponentialMovingAverage", "decay": 0.5}, 14)
    model, _ = network()
    averaged = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.5))
    steps_by_hand(13, averaged)
    assert same(trial.model, averaged.module)
