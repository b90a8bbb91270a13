from types import SimpleNamespace

import pytest
import torch
from torch import nn, optim

import hookline
from hookline_stages.inner_loop import step


def table(optimizer):
    return {
        "run": {"epochs": 2},
        "data": {"type": "Random", "features": 2, "targets": [0.0, 1.0]},
        "model": {"type": "Linear", "out_features": 1},
        "loss": {"type": "MSELoss"},
        "optimizer": optimizer,
    }


class Answering:
    """A plugin that replaces the optimizer of the spec."""

    def __init__(self, kind):
        self.kind = kind

    @hookline.hookimpl
    def select_optimizer(self, model):
        return self.kind(model.parameters(), lr=0.1)


@pytest.mark.parametrize(("said", "answered"), [("SGD", optim.LBFGS), ("LBFGS", optim.SGD)])
def test_the_step_depends_on_the_actual_optimizer_and_not_on_the_spec(said, answered, tmp_path):
    trial = hookline.train(hookline.load(table({"type": said})), plugins=[Answering(answered)], out=tmp_path / "run")
    torch.manual_seed(0)
    model = nn.Linear(2, 1)
    optimizer = answered(model.parameters(), lr=0.1)
    x = torch.randn(2, 2, generator=torch.Generator().manual_seed(0))
    y = torch.tensor([[0.0], [1.0]])
    for epoch in (1, 2):
        rows = hookline.data.permutation(0, epoch, 2)

        def closure(rows=rows):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x[rows]), y[rows])
            loss.backward()
            return loss

        optimizer.step(closure)
    assert torch.equal(trial.model.weight, model.weight)
    assert torch.equal(trial.model.bias, model.bias)


class Counting(optim.SGD):
    """An optimizer that keeps the arguments of its step."""

    def step(self, closure=None):
        self.given = closure


class Simple:
    """An optimizer whose step takes no closure."""

    def __init__(self, parameters):
        self.param_groups = [{"params": parameters}]

    def step(self):
        self.given = None


def run_with(**optimizer):
    return SimpleNamespace(spec=SimpleNamespace(optimizer=SimpleNamespace(needs_closure=False, **optimizer)))


@pytest.mark.parametrize("kind", [Counting, Simple])
def test_an_optional_closure_is_not_passed(kind):
    weight = nn.Parameter(torch.ones(1))
    weight.grad = torch.ones(1)
    optimizer = kind([weight])
    assert step(run=run_with(), optimizer=optimizer, closure=lambda: None) is True
    assert optimizer.given is None


def test_without_gradients_nothing_is_updated_and_the_step_returns_false():
    optimizer = Counting([nn.Parameter(torch.ones(1))])
    assert step(run=run_with(), optimizer=optimizer, closure=lambda: None) is False
    assert not hasattr(optimizer, "given")


def test_a_scheduler_that_wraps_the_step_of_an_optimizer_does_not_hide_its_signature():
    weight = nn.Parameter(torch.ones(1))
    optimizer = optim.LBFGS([weight])
    optim.lr_scheduler.ConstantLR(optimizer)
    assert "step" in vars(optimizer)

    def closure():
        optimizer.zero_grad()
        loss = weight.square().sum()
        loss.backward()
        return loss

    step(run=run_with(), optimizer=optimizer, closure=closure)
    assert weight.item() != 1.0


class ClearingSAM(optim.SGD):
    """Sharpness-aware minimization: uses the existing gradients, clears them and calls the closure."""

    clears = True

    @torch.no_grad()
    def step(self, closure=None):
        closure = torch.enable_grad()(closure)
        parameters = [parameter for group in self.param_groups for parameter in group["params"]]
        norm = torch.stack([parameter.grad.norm() for parameter in parameters]).norm()
        old = [parameter.clone() for parameter in parameters]
        for parameter in parameters:
            parameter.add_(parameter.grad, alpha=0.05 / float(norm))
        if self.clears:
            self.zero_grad()
        closure()
        for parameter, value in zip(parameters, old, strict=True):
            parameter.copy_(value)
        super().step()


class PerturbingSAM(ClearingSAM):
    """Relies on the closure to clear the gradients."""

    clears = False


class Zeroing(optim.SGD):
    """Sets the gradients to 0 before it calls the closure."""

    def step(self, closure=None):
        self.zero_grad(set_to_none=False)
        torch.enable_grad()(closure)()
        super().step()


class Repeating(optim.SGD):
    """Calls the closure first, and again after each of two updates."""

    def step(self, closure=None):
        for _ in range(2):
            torch.enable_grad()(closure)()
            super().step()


def declared(kind):
    @hookline.spec.spec
    class Declared(hookline.spec.OptimizerSpec):
        """An optimizer whose `step` has torch's usual signature."""

        needs_closure = True

        def build(self, parameters):
            return kind(parameters, lr=0.1)

    class Plugin:
        @hookline.hookimpl
        def register_specs(self):
            return [Declared]

    return Plugin()


@pytest.mark.parametrize("kind", [ClearingSAM, PerturbingSAM, Zeroing, Repeating])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_an_optimizer_with_needs_closure_trains_like_a_plain_loop(kind, accumulate, tmp_path):
    plugin = declared(kind)
    said = table({"type": "Declared"})
    said["run"]["accumulate"] = accumulate
    said["model"] = {"type": "Sequential", "layers": [{"type": "Dropout", "p": 0.25}, said["model"]]}
    evaluated = []

    class Counts:
        @hookline.hookimpl(wrapper=True)
        def backward(self):
            evaluated.append(1)
            return (yield)

    with pytest.warns(hookline.HooklineWarning, match="evaluates the loss several times in a step"):
        trial = hookline.train(hookline.load(said, plugins=[plugin]), plugins=[plugin, Counts()], out=tmp_path / "run")
    torch.manual_seed(0)
    model = nn.Sequential(nn.Dropout(0.25), nn.Linear(2, 1))
    optimizer = kind(model.parameters(), lr=0.1)
    x = torch.randn(2, 2, generator=torch.Generator().manual_seed(0))
    y = torch.tensor([[0.0], [1.0]])
    calls = []
    for epoch in (1, 2):
        rows = hookline.data.permutation(0, epoch, 2)

        def closure(rows=rows):
            optimizer.zero_grad()
            for part in rows.split(2 // accumulate):
                (len(part) / 2 * nn.functional.mse_loss(model(x[part]), y[part])).backward()
                calls.append(1)

        if kind is not Repeating:
            closure()
        optimizer.step(closure)
    assert torch.equal(trial.model[1].weight, model[1].weight)
    assert torch.equal(trial.model[1].bias, model[1].bias)
    assert len(evaluated) == len(calls)
