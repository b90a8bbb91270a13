"""Each optimizer is torch's own, with the same options."""

from inspect import signature

import pytest
import torch
from attrs import fields
from torch import nn, optim

import hookline
from hookline_optimizers import register_specs

OPTIONS = {
    "SGD": [
        {},
        {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01, "nesterov": True},
        {"momentum": 0.5, "dampening": 0.3, "maximize": True, "foreach": False},
        {"lr": 1, "fused": True},
    ],
    "Adam": [
        {},
        {"lr": 0.1, "betas": [0.8, 0.95], "eps": 1e-6, "weight_decay": 0.1, "amsgrad": True},
        {"maximize": True, "foreach": True, "decoupled_weight_decay": True, "weight_decay": 0.1},
        {"fused": True},
    ],
    "AdamW": [
        {},
        {"lr": 0.1, "betas": [0.8, 0.95], "eps": 1e-6, "weight_decay": 0.1, "amsgrad": True},
        {"maximize": True, "foreach": True},
        {"fused": True},
    ],
    "RMSprop": [
        {},
        {"lr": 0.1, "alpha": 0.9, "eps": 1e-6, "weight_decay": 0.1, "momentum": 0.5, "centered": True},
        {"maximize": True, "foreach": True},
    ],
    "LBFGS": [
        {},
        {"lr": 0.5, "max_iter": 4, "max_eval": 6, "history_size": 3, "line_search_fn": "strong_wolfe"},
        {"tolerance_grad": 0.1, "tolerance_change": 0.01},
    ],
}
CASES = [pytest.param(name, options, id=f"{name} {options}") for name in OPTIONS for options in OPTIONS[name]]


def loaded(name, options):
    spec = {
        "data": {"type": "Random", "features": 1, "targets": [0, 1]},
        "model": {"type": "Linear", "out_features": 1},
        "loss": {"type": "MSELoss"},
        "optimizer": {"type": name, **options},
    }
    return hookline.load(spec).optimizer


def by_hand(name, options, parameters):
    options = {key: tuple(value) if isinstance(value, list) else value for key, value in options.items()}
    return getattr(optim, name)(parameters, **options)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_optimizer_has_the_options_of_one_that_torch_makes(name, options):
    parameters = list(nn.Linear(3, 2).parameters())
    optimizer, expected = loaded(name, options).build(parameters), by_hand(name, options, parameters)
    assert type(optimizer) is type(expected)
    assert optimizer.defaults == expected.defaults
    [group], [expected_group] = optimizer.param_groups, expected.param_groups
    assert [id(parameter) for parameter in group.pop("params")] == [id(parameter) for parameter in parameters]
    del expected_group["params"]
    assert group == expected_group


@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_optimizer_takes_the_steps_of_one_that_torch_makes(name, options):
    torch.manual_seed(0)
    x, y = torch.randn(20, 3), torch.randn(20, 2)
    models = [nn.Linear(3, 2), nn.Linear(3, 2)]
    models[1].load_state_dict(models[0].state_dict())
    optimizers = loaded(name, options).build(models[0].parameters()), by_hand(name, options, models[1].parameters())
    for model, optimizer in zip(models, optimizers, strict=True):

        def closure(model=model, optimizer=optimizer):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()
            return loss

        for _ in range(3):
            optimizer.step(closure)
    assert torch.equal(models[0].weight, models[1].weight)
    assert torch.equal(models[0].bias, models[1].bias)


@pytest.mark.parametrize("kind", register_specs(), ids=lambda kind: kind.__name__)
def test_an_optimizer_has_torchs_options_with_torchs_defaults(kind):
    theirs = signature(getattr(optim, kind.__name__)).parameters.values()
    assert {option.name: option.default for option in fields(kind)} == {
        parameter.name: parameter.default for parameter in theirs if parameter.name != "params"
    }


def test_every_optimizer_is_compared_with_torchs():
    assert {kind.__name__ for kind in register_specs()} == set(OPTIONS)


def test_only_lbfgs_evaluates_the_loss_itself():
    assert [kind.__name__ for kind in register_specs() if kind.needs_closure] == ["LBFGS"]


@pytest.mark.parametrize(
    ("name", "options", "path"),
    [
        *((name, {"lr": -0.1}, "optimizer.lr") for name in OPTIONS),
        ("LBFGS", {"lr": 0}, "optimizer.lr"),
        ("Adam", {"betas": [0.9]}, "optimizer.betas"),
        ("Adam", {"betas": [0.9, 1]}, "optimizer.betas"),
        ("AdamW", {"eps": -1}, "optimizer.eps"),
        ("RMSprop", {"alpha": -1}, "optimizer.alpha"),
        ("SGD", {"nesterov": True}, "optimizer.nesterov"),
        ("SGD", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "optimizer.nesterov"),
        ("LBFGS", {"line_search_fn": "armijo"}, "optimizer.line_search_fn"),
    ],
)
def test_options_that_torch_would_refuse_are_problems_of_the_spec(name, options, path):
    with pytest.raises(hookline.SpecError) as raised:
        loaded(name, options)
    assert [".".join(problem.path) for problem in raised.value.problems] == [path]
