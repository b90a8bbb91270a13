"""A model is switched to training mode as by `train`."""

import pytest
from torch import nn

from hookline.training.loop.modes import switch_to_training


class Frozen(nn.Module):
    """Keeps its layer in evaluation mode, and counts the calls."""

    def __init__(self):
        super().__init__()
        self.layer, self.calls = nn.Dropout(), 0

    def train(self, *mode):
        self.calls += 1
        super().train(*mode)
        self.layer.eval()
        return self


@pytest.mark.parametrize("index", range(5))
def test_every_module_is_in_training_mode(index):
    model = nn.Sequential(nn.Dropout(), nn.Sequential(nn.Dropout(), nn.Linear(1, 1)))
    model[1].register_module("nothing", None)
    list(model.modules())[index].training = False
    switch_to_training(model)
    assert all(module.training for module in model.modules())


def test_a_method_of_a_module_is_called():
    model = nn.Sequential(Frozen())
    for calls in (1, 2):
        switch_to_training(model)
        assert (model[0].calls, model[0].layer.training) == (calls, False)


def test_a_method_of_an_object_is_called():
    model, called = nn.Sequential(nn.Dropout()), []
    model[0].train = called.append
    switch_to_training(model)
    assert called == [True]
