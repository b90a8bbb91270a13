import pytest
import torch
from stacks import assert_close, both
from torch import nn
from tuning import tuned

import hookline
from hookline.errors import HooklineWarning, MismatchError

LR = {"optimizer.lr": {"low": 0.001, "high": 0.1, "log": True}}


def building(made):
    """The class of a plugin that builds a model of its own."""

    class Plugin:
        @hookline.hookimpl
        def build_model(self, run, data):
            return made()

    return Plugin


def tied():
    first, second = nn.Linear(4, 4), nn.Linear(4, 4)
    second.weight = first.weight
    return nn.Sequential(first, nn.Tanh(), second, nn.Linear(4, 3))


def repeated():
    layer, dropout = nn.Linear(4, 4), nn.Dropout(0.3)
    return nn.Sequential(layer, dropout, nn.Tanh(), layer, dropout, nn.Linear(4, 3))


def in_place():
    return nn.Sequential(nn.ReLU(inplace=True), nn.Linear(4, 4), nn.ReLU(inplace=True), nn.Linear(4, 3))


def parametrized():
    return nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(4, 4)), nn.Linear(4, 3))


def hooked():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 3))
    model[0].register_forward_hook(lambda layer, inputs, outputs: outputs * 2)
    return model


class WithFunction(nn.Module):
    """A layer with a function of its own."""

    def __init__(self):
        super().__init__()
        factor = 2
        self.function = lambda inputs: inputs * factor
        self.layer = nn.Linear(4, 3)

    def forward(self, inputs):
        return self.function(self.layer(inputs))


class WithMean(nn.Module):
    """A layer with a mean that it updates."""

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(4))
        self.layer = nn.Linear(4, 3)

    def forward(self, inputs):
        if self.training:
            self.mean.mul_(0.9).add_(inputs.mean(0), alpha=0.1)
        return self.layer(inputs - self.mean)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("made", [tied, repeated, in_place, parametrized, hooked, WithFunction, WithMean])
def test_models_of_a_plugin(made, tmp_path):
    alone, together = both(tmp_path, {**LR, "run.seed": [0, 1]}, plugin=building(made))
    assert [one.together for one in together.records] == [4] * 4
    assert_close(alone, together)


class Noise(nn.Module):
    """A layer that adds noise."""

    def forward(self, inputs):
        return inputs + torch.randn_like(inputs) if self.training else inputs


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (Noise, "A layer or the loss draws random numbers"),
        (lambda: nn.utils.weight_norm(nn.Linear(4, 4)), "The model cannot be copied: "),
    ],
)
def test_models_that_are_refused(layer, message, tmp_path):
    plugin = building(lambda: nn.Sequential(layer(), nn.Linear(4, 3)))
    with pytest.raises(MismatchError, match=message):
        hookline.tune(tuned({"run.seed": [0, 1]}, vectorize=4), plugins=[plugin()], out=tmp_path / "study")


def test_trials_are_trained_alone_if_a_step_of_a_stack_fails(tmp_path):
    class Fails(nn.Linear):
        calls = 0

        def forward(self, inputs):
            is_stacked = self.training and torch._C._functorch.is_batchedtensor(inputs)
            Fails.calls += is_stacked
            if is_stacked and Fails.calls == 4:
                raise ValueError("This fails.")
            return super().forward(inputs)

    plugin = building(lambda: Fails(4, 3))
    message = r"A step of all of them has failed: Fails cannot be .*: This fails\. They are trained alone\."
    with pytest.warns(HooklineWarning, match=message):
        study = hookline.tune(tuned(LR, trials=2, vectorize=2, epochs=6), plugins=[plugin()], out=tmp_path / "study")
    assert [(one.state, one.together, len(one.curve)) for one in study.records] == [("finished", 1, 6)] * 2


@pytest.mark.parametrize("kind", ["SGD", "NAdam"])
def test_trials_with_other_parameter_groups(kind, tmp_path):
    layers = [{"type": "Linear", "out_features": 4}, {"type": "Tanh"}, {"type": "Linear", "out_features": 3}]
    lr = {"low": 0.01, "high": 0.05}
    groups = [
        [{"parameters": "*.bias", "weight_decay": 0.5}],
        [{"parameters": "*.weight", "weight_decay": 0.9, "lr": 0.001}],
        [{"layers": "0", "weight_decay": 0.9, "lr": 0.02}, {"parameters": "2.bias", "lr": 0.2}],
    ]
    space = {"optimizer": [{"type": kind, "lr": lr, "groups": each} for each in groups]}
    sections = {"model": {"type": "Sequential", "layers": layers}}
    alone, together = both(tmp_path, space, sections=sections, trials=6, vectorize=6)
    assert [one.together for one in together.records] == [6] * 6
    assert_close(alone, together)
