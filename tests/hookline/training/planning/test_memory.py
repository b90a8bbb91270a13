import pytest
import torch
from small_training import small
from torch import nn

import hookline
from hookline.plugins.manager import Plugins
from hookline.training.planning.memory import memory
from hookline.training.planning.planning import planned
from hookline.training.preparation import prepared
from hookline.training.run_setup import new_run


def estimated(**sections):
    """The estimated memory of a run of a spec."""
    with new_run(small(epochs=1, **sections), Plugins((), ())) as run:
        return planned(run).memory


def test_a_batch_needs_the_saved_tensors_the_outputs_and_two_gradients_of_the_largest_output_doubled():
    hidden, rows = 1000, 64
    layers = [{"type": "Linear", "out_features": hidden}, {"type": "ReLU"}, {"type": "Linear", "out_features": 3}]
    found = estimated(model={"type": "Sequential", "layers": layers})
    # ReLU keeps its output, CrossEntropyLoss its logarithms of 3 classes and a scalar; the outputs are 3 more.
    kept = rows * (hidden + 3 + 3) * 4 + 4
    assert found.activations == 2 * (kept + 2 * rows * hidden * 4)
    assert found.gradients == (4 * hidden + hidden + 3 * hidden + 3) * 4
    assert found.optimizer == 2 * found.gradients


def test_tensors_that_depend_only_on_weights_are_not_multiplied_by_the_rows():
    class Normed(nn.Linear):
        def forward(self, inputs):
            return nn.functional.linear(inputs, self.weight * self.weight.norm(), self.bias)

    class Building:
        @hookline.hookimpl
        def build_model(self):
            return nn.Sequential(nn.Linear(4, 2000), nn.Tanh(), Normed(2000, 3))

    with new_run(small(epochs=1), Plugins((), [Building()])) as run:
        activations = planned(run).memory.activations
    tanh, weights = 64 * 2000 * 4, 2000 * 3 * 4
    assert activations == pytest.approx(2 * (tanh + weights + 2 * tanh), rel=0.05)


def test_an_estimate_preserves_modes_buffers_and_random_state():
    layers = [{"type": "Linear", "out_features": 8}, {"type": "BatchNorm1d"}, {"type": "Dropout"}]
    spec = small(epochs=1, model={"type": "Sequential", "layers": [*layers, {"type": "Linear", "out_features": 3}]})
    with new_run(spec, Plugins((), ())) as run:
        made = prepared(run)
        assert memory(run, made.data, made.model, made.criterion, made.optimizer, made.plan.layers) is not None
    assert all(module.training for module in made.model.modules())
    assert torch.equal(made.model[1].running_mean, torch.zeros(8))
    assert all(parameter.grad is None for parameter in made.model.parameters())


class Rebuilding:
    def __init__(self, change):
        self.change = change

    @hookline.hookimpl(wrapper=True)
    def build_model(self):
        return self.change((yield))


def test_an_estimate_compiles_nothing_so_the_first_graph_is_for_a_full_batch(tmp_path):
    shapes = []

    def backend(graph, inputs):
        shapes.append([tuple(one.shape) for one in inputs if isinstance(one, torch.Tensor)])
        return graph.forward

    torch._dynamo.reset()
    plugin = Rebuilding(lambda model: torch.compile(model, backend=backend))
    spec = small(epochs=1)
    with new_run(spec, Plugins((), [plugin])) as run:
        assert planned(run).memory.activations > 0
    assert shapes == []
    hookline.train(spec, plugins=[plugin], out=tmp_path / "run")
    assert spec.data.batch_size == 64
    assert (64, 4) in shapes[0]


def test_a_sparse_buffer_is_counted_by_its_values_and_indices():
    def with_buffer(model):
        model.register_buffer("graph", torch.eye(3).to_sparse(), persistent=False)
        return model

    with new_run(small(epochs=1), Plugins((), [Rebuilding(with_buffer)])) as run:
        assert planned(run).memory.parameters == (4 * 3 + 3) * 4 + 3 * 4 + 2 * 3 * 8


def test_an_error_in_an_estimate_makes_it_unknown(monkeypatch):
    from hookline.cli.output.plans.plan_lines import plan_lines
    from hookline.cli.specs.plan import _as_json
    from hookline.training.planning import memory as estimates

    def failing(*_):
        raise RuntimeError("no sizes")

    monkeypatch.setattr(estimates, "optimizer_state", failing)
    with new_run(small(epochs=1), Plugins((), ())) as run:
        plan = planned(run)
    assert list(plan_lines(plan))[-1] == "Memory, estimated: unknown"
    assert "memory" not in _as_json(plan)


def test_training_takes_no_step_for_an_estimate(tmp_path):
    steps = []

    class Counting(torch.optim.SGD):
        def step(self, closure=None):
            steps.append(1)
            return super().step(closure)

    class Optimizing:
        @hookline.hookimpl
        def select_optimizer(self, model):
            return Counting(model.parameters(), lr=0.1)

    hookline.train(small(epochs=3), plugins=[Optimizing()], out=tmp_path / "run")
    assert len(steps) == 3 * 2
