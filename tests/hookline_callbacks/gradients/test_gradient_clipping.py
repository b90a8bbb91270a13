from math import inf

import numpy
import pytest
import torch
from attrs import evolve
from torch import nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_

import hookline


def spec(optimizer, *callbacks):
    return hookline.load(
        {
            "run": {"epochs": 4, "seed": 3},
            "data": {"type": "Random", "features": 6, "targets": [float(row) for row in range(20)], "batch_size": 8},
            "model": {"type": "Linear", "out_features": 1},
            "loss": {"type": "MSELoss"},
            "optimizer": optimizer,
            "callbacks": [{"type": "GradientClipping", **options} for options in callbacks],
        }
    )


def batches():
    x = torch.randn(20, 6, generator=torch.Generator().manual_seed(0))
    y = torch.arange(20.0).unsqueeze(1)
    for epoch in range(1, 5):
        for rows in torch.from_numpy(numpy.random.default_rng((3, epoch)).permutation(20)).split(8):
            yield x[rows], y[rows]


CLIPPINGS = [
    ({"max_norm": 0.5}, lambda parameters: clip_grad_norm_(parameters, 0.5)),
    ({"max_norm": 0.5, "norm_type": 1}, lambda parameters: clip_grad_norm_(parameters, 0.5, 1.0)),
    ({"max_norm": 0.5, "norm_type": inf}, lambda parameters: clip_grad_norm_(parameters, 0.5, inf)),
    ({"clip_value": 0.25}, lambda parameters: clip_grad_value_(parameters, 0.25)),
]


@pytest.mark.parametrize(("options", "clip"), CLIPPINGS, ids=[str(options) for options, _ in CLIPPINGS])
def test_gradients_are_clipped_as_in_a_handwritten_loop(options, clip, tmp_path):
    model = hookline.train(spec({"type": "SGD", "lr": 0.1}, options), out=tmp_path / "run").model

    torch.manual_seed(3)
    expected = nn.Linear(6, 1)
    optimizer = torch.optim.SGD(expected.parameters(), lr=0.1)
    for x, y in batches():
        optimizer.zero_grad()
        nn.functional.mse_loss(expected(x), y).backward()
        clip(expected.parameters())
        optimizer.step()

    unclipped = hookline.train(spec({"type": "SGD", "lr": 0.1}), out=tmp_path / "unclipped").model
    assert torch.equal(model.weight, expected.weight)
    assert torch.equal(model.bias, expected.bias)
    assert not torch.equal(model.weight, unclipped.weight)


def test_lbfgs_cannot_be_clipped():
    with pytest.raises(hookline.errors.SpecError) as raised:
        spec({"type": "LBFGS"}, {"max_norm": 1})
    assert str(raised.value) == (
        "spec: callbacks[0]: LBFGS computes gradients several times per step, but only the first ones would be "
        "clipped: remove GradientClipping."
    )


def test_clippings_are_applied_in_the_order_of_the_spec(tmp_path):
    callbacks = [{"clip_value": 0.25}, {"max_norm": 0.1}]
    trained = [
        hookline.train(spec({"type": "SGD", "lr": 0.1}, *order), out=tmp_path / str(number)).model
        for number, order in enumerate((callbacks, callbacks[::-1]))
    ]
    torch.manual_seed(3)
    expected = nn.Linear(6, 1)
    optimizer = torch.optim.SGD(expected.parameters(), lr=0.1)
    for x, y in batches():
        optimizer.zero_grad()
        nn.functional.mse_loss(expected(x), y).backward()
        clip_grad_value_(expected.parameters(), 0.25)
        clip_grad_norm_(expected.parameters(), 0.1)
        optimizer.step()
    assert torch.equal(trained[0].weight, expected.weight)
    assert not torch.equal(trained[1].weight, expected.weight)


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({}, "max_norm"),
        ({"max_norm": 1, "clip_value": 1}, "max_norm"),
        ({"max_norm": 0}, "max_norm"),
        ({"clip_value": -1}, "clip_value"),
        ({"max_norm": 1, "norm_type": 0}, "norm_type"),
    ],
)
def test_invalid_options_are_reported(options, option):
    with pytest.raises(hookline.errors.SpecError) as raised:
        spec({"type": "SGD"}, options)
    assert [problem.path for problem in raised.value.problems] == [("callbacks", 0, option)]


TABLE = {
    "data": {"type": "Random", "features": 6, "targets": [0.0, 1.0]},
    "loss": {"type": "MSELoss"},
    "optimizer": {"type": "SGD"},
    "model": {"type": "Linear", "out_features": 1},
}
DEEP = {
    "type": "Sequential",
    "layers": [
        {"type": "Linear", "out_features": 9},
        {"type": "Tanh"},
        {"type": "Linear", "out_features": 7},
        {"type": "Tanh"},
        {"type": "Linear", "out_features": 1},
    ],
}
GROUPED = {"groups": [{"parameters": "*.bias", "lr": 0.2}, {"layers": "2", "lr": 0.05}]}
PARTS = [{"layers": "4", "optimizer": {"type": "SGD", "lr": 0.1}}, {"optimizer": {"type": "Adam", "lr": 0.01}}]


def split(named, *chosen):
    """Return the parameters in the order of groups, each of which takes its selection from the remaining ones."""
    left = dict(named)
    return [[left.pop(name) for name in [*left] if selects(name)] for selects in chosen]


def grouped(named):
    biases, middle, others = split(named, lambda name: "bias" in name, lambda name: name[0] == "2", lambda name: True)
    groups = [{"params": biases, "lr": 0.2}, {"params": middle, "lr": 0.05}, {"params": others}]
    return [torch.optim.SGD(groups, lr=0.1, fused=True)]


def partitioned(named):
    last, others = split(named, lambda name: name[0] == "4", lambda name: True)
    return [torch.optim.SGD(last, lr=0.1, fused=True), torch.optim.Adam(others, lr=0.01, fused=True)]


@pytest.mark.parametrize("norm_type", [1.0, 1.5, 2.0, 3.0, inf])
@pytest.mark.parametrize(
    ("optimizer", "by_hand"),
    [({"type": "SGD", "lr": 0.1, **GROUPED}, grouped), ({"type": "Partition", "parts": PARTS}, partitioned)],
    ids=["groups", "partition"],
)
def test_the_norm_of_parameter_groups_is_summed_in_the_order_of_the_model(optimizer, by_hand, norm_type, tmp_path):
    table = spec(optimizer, {"max_norm": 0.5, "norm_type": norm_type})
    norms = hookline.load(TABLE | {"callbacks": [{"type": "GradientNorm", "norm_type": norm_type}]}).callbacks
    made = evolve(table, model=hookline.load(TABLE | {"model": DEEP}).model, callbacks=(*norms, *table.callbacks))
    trial = hookline.train(made, out=tmp_path / "run")

    torch.manual_seed(3)
    layers = [nn.Linear(6, 9), nn.Tanh(), nn.Linear(9, 7), nn.Tanh(), nn.Linear(7, 1)]
    expected = nn.Sequential(*layers)
    optimizers = by_hand(dict(expected.named_parameters()))
    greatest = []
    for x, y in batches():
        expected.zero_grad()
        nn.functional.mse_loss(expected(x), y).backward()
        greatest.append(float(clip_grad_norm_(expected.parameters(), 0.5, norm_type)))
        for one in optimizers:
            one.step()
    assert all(map(torch.equal, trial.model.parameters(), expected.parameters()))
    assert [record["max_gradient_norm"] for record in trial.history] == [
        max(greatest[first : first + 3]) for first in range(0, 12, 3)
    ]
