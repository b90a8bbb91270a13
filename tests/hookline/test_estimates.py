import pytest
import torch
from torch import nn

from hookline.pipeline import new_run, prepared
from hookline.plugins import Plugins
from small_training import small


def planned(**sections):
    """The memory that a run of a spec is estimated to take."""
    run = new_run(small(epochs=1, **sections), Plugins((), ()))
    with run.resources, run.stages.naming_plugins():
        return prepared(run).plan.memory


def test_a_batch_takes_what_is_kept_the_outputs_and_two_gradients_of_the_largest_twice_over():
    hidden, rows = 1000, 64
    layers = [{"type": "Linear", "out_features": hidden}, {"type": "ReLU"}, {"type": "Linear", "out_features": 3}]
    memory = planned(model={"type": "Sequential", "layers": layers})
    # ReLU keeps its output, CrossEntropyLoss its logarithms of 3 classes and a scalar; the outputs are 3 more.
    kept = rows * (hidden + 3 + 3) * 4 + 4
    assert memory.activations == 2 * (kept + 2 * rows * hidden * 4)
    assert memory.gradients == (4 * hidden + hidden + 3 * hidden + 3) * 4
    assert memory.optimizer == 2 * memory.gradients


def test_what_a_layer_keeps_of_its_weights_is_not_counted_for_each_row():
    class Normed(nn.Linear):
        def forward(self, inputs):
            return nn.functional.linear(inputs, self.weight * self.weight.norm(), self.bias)

    import hookline

    class Building:
        @hookline.hookimpl
        def build_model(self):
            return nn.Sequential(nn.Linear(4, 2000), nn.Tanh(), Normed(2000, 3))

    run = new_run(small(epochs=1), Plugins((), [Building()]))
    with run.resources, run.stages.naming_plugins():
        activations = prepared(run).plan.memory.activations
    tanh, weights = 64 * 2000 * 4, 2000 * 3 * 4
    assert activations == pytest.approx(2 * (tanh + weights + 2 * tanh), rel=0.05)


def test_a_trial_leaves_modes_buffers_and_random_numbers_as_they_were():
    layers = [{"type": "Linear", "out_features": 8}, {"type": "BatchNorm1d"}, {"type": "Dropout"}]
    spec = small(epochs=1, model={"type": "Sequential", "layers": [*layers, {"type": "Linear", "out_features": 3}]})
    run = new_run(spec, Plugins((), ()))
    with run.resources, run.stages.naming_plugins():
        made = prepared(run)
    assert all(module.training for module in made.model.modules())
    assert torch.equal(made.model[1].running_mean, torch.zeros(8))
    assert all(parameter.grad is None for parameter in made.model.parameters())
