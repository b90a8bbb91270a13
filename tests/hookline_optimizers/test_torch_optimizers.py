"""Each optimizer equals torch's, with the same options."""

from inspect import signature

import pytest
import torch
from attrs import fields
from torch import nn, optim

import hookline
from hookline_optimizers import register_specs
from hookline_optimizers.partition import Partition

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
    "Adagrad": [
        {},
        {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5, "eps": 1e-6},
        {"maximize": True, "foreach": True},
        {"fused": True},
    ],
    "Adadelta": [{}, {"lr": 0.5, "rho": 0.8, "eps": 1e-4, "weight_decay": 0.1}, {"maximize": True, "foreach": True}],
    "Adamax": [{}, {"lr": 0.1, "betas": [0.8, 0.95], "eps": 1e-6, "weight_decay": 0.1}, {"maximize": True}],
    "NAdam": [
        {},
        {"lr": 0.1, "betas": [0.8, 0.95], "eps": 1e-6, "weight_decay": 0.1, "momentum_decay": 0.01},
        {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True, "foreach": True},
    ],
    "RAdam": [
        {},
        {"lr": 0.1, "betas": [0.8, 0.95], "eps": 1e-6, "weight_decay": 0.1},
        {"weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True, "foreach": True},
    ],
    "ASGD": [{}, {"lr": 0.1, "lambd": 0.01, "alpha": 0.5, "t0": 2, "weight_decay": 0.1}, {"maximize": True}],
    "Rprop": [{}, {"lr": 0.1, "etas": [0.4, 1.5], "step_sizes": [1e-3, 10]}, {"maximize": True, "foreach": True}],
    "SparseAdam": [{}, {"lr": 0.1, "betas": [0.8, 0.95], "eps": 1e-6, "maximize": True}],
    "Adafactor": [
        {},
        {"lr": 0.1, "beta2_decay": -0.5, "eps": [1e-8, 0.01], "d": 2, "weight_decay": 0.1},
        {"maximize": True, "foreach": True},
    ],
    "Muon": [
        {},
        {"lr": 0.1, "weight_decay": 0, "momentum": 0.9, "nesterov": False, "ns_steps": 3, "eps": 1e-5},
        {"ns_coefficients": [3.0, -4.0, 2.0], "adjust_lr_fn": "match_rms_adamw"},
    ],
}
LEFT_OUT = {"differentiable"}
"""torch uses it to differentiate through steps, which cannot change a model's parameters in place."""

TORCHS = [kind for kind in register_specs().values() if kind is not Partition]
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


class Network(nn.Module):
    """Gives every optimizer suitable gradients: sparse ones to SparseAdam, and only those of a matrix to Muon."""

    def __init__(self, name):
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(5, 3, sparse=name == "SparseAdam")
        self.linear = nn.Linear(3, 2, bias=name != "Muon")

    def forward(self, words):
        return self.linear(self.embedding(words))

    def trained(self):
        return [parameter for parameter in self.parameters() if not self.embedding.sparse or parameter.shape == (5, 3)]


@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_optimizer_has_the_options_of_torchs(name, options):
    parameters = Network(name).trained()
    optimizer, expected = loaded(name, options).build(parameters), by_hand(name, options, parameters)
    assert type(optimizer) is type(expected)
    assert optimizer.defaults == expected.defaults
    [group], [expected_group] = optimizer.param_groups, expected.param_groups
    assert [id(parameter) for parameter in group.pop("params")] == [id(parameter) for parameter in parameters]
    del expected_group["params"]
    assert group == expected_group


@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_optimizer_takes_the_same_steps_as_torchs(name, options):
    words, targets = torch.arange(5), torch.randn(5, 2, generator=torch.Generator().manual_seed(1))
    networks = Network(name), Network(name)
    optimizers = loaded(name, options).build(networks[0].trained()), by_hand(name, options, networks[1].trained())
    before = networks[0].embedding.weight.clone()
    for network, optimizer in zip(networks, optimizers, strict=True):

        def closure(network=network, optimizer=optimizer):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(network(words), targets)
            loss.backward()
            return loss

        for _ in range(3):
            optimizer.step(closure)
    assert not torch.equal(networks[0].embedding.weight, before)
    for trained, expected in zip(networks[0].parameters(), networks[1].parameters(), strict=True):
        assert torch.equal(trained, expected)


@pytest.mark.parametrize("kind", TORCHS, ids=lambda kind: kind.__name__)
def test_an_optimizer_has_torchs_options_and_defaults(kind):
    theirs = {
        parameter.name: parameter.default
        for parameter in signature(getattr(optim, kind.__name__)).parameters.values()
        if parameter.name != "params"
    }
    if kind.__name__ == "Adafactor":
        # Half of the default is None, which TOML cannot express; without the option torch uses it.
        assert theirs["eps"] == (None, 0.001)
        theirs["eps"] = None
    ours = {option.name: option.default for option in fields(kind)}
    assert ours.pop("groups") == ()
    assert ours == {name: default for name, default in theirs.items() if name not in LEFT_OUT}


def test_every_optimizer_of_torch_is_supported_and_compared():
    theirs = {
        name for name, kind in vars(optim).items() if isinstance(kind, type) and issubclass(kind, optim.Optimizer)
    }
    assert {kind.__name__ for kind in TORCHS} == set(OPTIONS) == theirs - {"Optimizer"}


def test_only_lbfgs_evaluates_the_closure_itself():
    assert [kind.__name__ for kind in register_specs().values() if kind.needs_closure] == ["LBFGS"]


@pytest.mark.parametrize(
    ("name", "options", "path"),
    [
        *((name, {"lr": -0.1}, "optimizer.lr") for name in OPTIONS),
        ("LBFGS", {"lr": 0}, "optimizer.lr"),
        ("Adam", {"betas": [0.9]}, "optimizer.betas"),
        ("Adam", {"betas": [0.9, 1]}, "optimizer.betas.1"),
        ("AdamW", {"eps": -1}, "optimizer.eps"),
        ("RMSprop", {"alpha": -1}, "optimizer.alpha"),
        ("SGD", {"nesterov": True}, "optimizer.nesterov"),
        ("SGD", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "optimizer.nesterov"),
        ("Rprop", {"etas": [1.2, 0.5]}, "optimizer.etas"),
        ("Adafactor", {"d": 0.5}, "optimizer.d"),
        ("Adafactor", {"beta2_decay": 0.1}, "optimizer.beta2_decay"),
        ("Muon", {"ns_steps": 100}, "optimizer.ns_steps"),
        ("LBFGS", {"line_search_fn": "armijo"}, "optimizer.line_search_fn"),
    ],
)
def test_options_that_torch_would_refuse_are_reported(name, options, path):
    with pytest.raises(hookline.errors.SpecError) as raised:
        loaded(name, options)
    assert [".".join(map(str, problem.path)) for problem in raised.value.problems] == [path]
