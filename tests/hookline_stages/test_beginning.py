from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

import hookline
from hookline.data import Batch, Data, TensorBatches
from hookline.errors import MismatchError
from hookline_stages import build_model

SPECS = Path(__file__).parents[2] / "specs"


class Kept:
    """A plugin that keeps the answers of the first stages."""

    @hookline.hookimpl(wrapper=True)
    def select_optimizer(self, model, criterion):
        self.model, self.criterion = model, criterion
        self.initial = [parameter.clone() for parameter in model.parameters()]
        self.optimizer = yield
        return self.optimizer


class WithParameter:
    """A plugin with a criterion that has parameters."""

    @hookline.hookimpl
    def select_loss(self):
        class Scaled(nn.Module):
            def __init__(self):
                super().__init__()
                self.scale = nn.Parameter(torch.tensor(2.0))

            def forward(self, outputs, targets):
                return (self.scale * outputs - targets).square().mean()

        return Scaled()


def test_each_stage_is_answered_by_the_component_of_the_spec(tmp_path):
    kept = Kept()
    hookline.train(hookline.load(SPECS / "iris.toml", ["run.epochs=1"]), plugins=[kept], out=tmp_path / "run")
    assert repr(kept.model) == repr(nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3)))
    assert repr(kept.criterion) == repr(nn.CrossEntropyLoss())
    assert isinstance(kept.optimizer, torch.optim.Adam)
    [group] = kept.optimizer.param_groups
    assert [id(parameter) for parameter in group["params"]] == [id(one) for one in kept.model.parameters()]


def test_the_seed_determines_the_initial_parameters(tmp_path):
    kept = Kept()
    spec = hookline.load(SPECS / "iris.toml", ["run.epochs=1", "run.seed=11"])
    hookline.train(spec, plugins=[kept], out=tmp_path / "run")
    torch.manual_seed(11)
    expected = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
    assert all(torch.equal(one, other) for one, other in zip(kept.initial, expected.parameters(), strict=True))


def test_the_parameters_of_the_criterion_are_trained(tmp_path):
    spec = hookline.load(SPECS / "first_network.toml", ["run.epochs=3"])
    trial = hookline.train(spec, plugins=[WithParameter()], out=tmp_path / "run")

    x = torch.randn(10, 10, generator=torch.Generator().manual_seed(0))
    y = torch.tensor(spec.data.targets).unsqueeze(1)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 5), nn.ReLU(), nn.Linear(5, 1), nn.Sigmoid())
    scale = nn.Parameter(torch.tensor(2.0))
    optimizer = torch.optim.SGD([*model.parameters(), scale], lr=0.01)
    for _ in range(3):
        optimizer.zero_grad()
        (scale * model(x) - y).square().mean().backward()
        optimizer.step()
    assert torch.equal(trial.criterion.scale, scale)
    assert torch.equal(trial.model[0].weight, model[0].weight)


def test_the_model_is_built_for_one_row_of_all_groups_of_inputs():
    spec = hookline.load(SPECS / "iris.toml", ["model={type='Bilinear', out_features=3}"])
    inputs = {"left": torch.zeros(2, 4), "right": torch.zeros(2, 5)}
    rows = TensorBatches(inputs, batch_size=2)
    data = Data(training=rows, example=Batch(inputs, {"target": torch.zeros(2, 1)}), targets={})
    built = build_model(run=SimpleNamespace(spec=spec, objective=spec.objective, device=torch.device("cpu")), data=data)
    assert repr(built) == repr(nn.Bilinear(4, 5, 3))


def test_a_model_without_parameters_cannot_be_trained(tmp_path):
    spec = hookline.load(SPECS / "iris.toml", ["model={type='Identity'}", "data.inputs=['petal_*', 'sepal_width']"])
    with pytest.raises(MismatchError, match="model: Neither the model nor the loss has parameters to train"):
        hookline.train(spec, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_model_that_does_not_fit_the_loss_is_reported_before_anything_is_written(tmp_path):
    spec = hookline.load(SPECS / "iris.toml", ["model.layers.2.out_features=4"])
    with pytest.raises(
        MismatchError, match=r'loss: CrossEntropyLoss takes one score per class: "species" has 3 classes'
    ):
        hookline.train(spec, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
