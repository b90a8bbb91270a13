"""Each layer is torch's own, with the same options."""

from inspect import Parameter, signature

import pytest
import torch
from attrs import NOTHING, fields
from torch import nn

import hookline
from hookline_models import register_specs

FLAT, SERIES, IMAGES = (4, 6), (4, 3, 10), (4, 3, 8, 8)
"""Shapes of inputs."""

CASES = [
    (FLAT, "Identity", {}, nn.Identity()),
    (FLAT, "ReLU", {}, nn.ReLU()),
    (FLAT, "ReLU", {"inplace": True}, nn.ReLU(inplace=True)),
    (FLAT, "LeakyReLU", {}, nn.LeakyReLU()),
    (FLAT, "LeakyReLU", {"negative_slope": 0.3, "inplace": True}, nn.LeakyReLU(0.3, inplace=True)),
    (FLAT, "ELU", {}, nn.ELU()),
    (FLAT, "ELU", {"alpha": 0.5, "inplace": True}, nn.ELU(0.5, inplace=True)),
    (FLAT, "SELU", {}, nn.SELU()),
    (FLAT, "SELU", {"inplace": True}, nn.SELU(inplace=True)),
    (FLAT, "SiLU", {}, nn.SiLU()),
    (FLAT, "SiLU", {"inplace": True}, nn.SiLU(inplace=True)),
    (FLAT, "GELU", {}, nn.GELU()),
    (FLAT, "GELU", {"approximate": "tanh"}, nn.GELU("tanh")),
    (FLAT, "Tanh", {}, nn.Tanh()),
    (FLAT, "Sigmoid", {}, nn.Sigmoid()),
    (FLAT, "Softplus", {}, nn.Softplus()),
    (FLAT, "Softplus", {"beta": 3, "threshold": 1}, nn.Softplus(3.0, 1.0)),
    (FLAT, "Softmax", {}, nn.Softmax(dim=-1)),
    (IMAGES, "Softmax", {"dim": 1}, nn.Softmax(dim=1)),
    (FLAT, "LogSoftmax", {}, nn.LogSoftmax(dim=-1)),
    (IMAGES, "LogSoftmax", {"dim": 1}, nn.LogSoftmax(dim=1)),
    (FLAT, "Linear", {"out_features": 5}, lambda: nn.Linear(6, 5)),
    (FLAT, "Linear", {"in_features": 6, "out_features": 5, "bias": False}, lambda: nn.Linear(6, 5, bias=False)),
    (SERIES, "Linear", {"out_features": 2}, lambda: nn.Linear(10, 2)),
    (SERIES, "Conv1d", {"out_channels": 4, "kernel_size": 3}, lambda: nn.Conv1d(3, 4, 3)),
    (
        SERIES,
        "Conv1d",
        {"out_channels": 6, "kernel_size": 3, "stride": 2, "padding": 1, "dilation": 2, "groups": 3, "bias": False},
        lambda: nn.Conv1d(3, 6, 3, stride=2, padding=1, dilation=2, groups=3, bias=False),
    ),
    (
        SERIES,
        "Conv1d",
        {"out_channels": 2, "kernel_size": 3, "padding": "same", "padding_mode": "circular"},
        lambda: nn.Conv1d(3, 2, 3, padding="same", padding_mode="circular"),
    ),
    (IMAGES, "Conv2d", {"out_channels": 4, "kernel_size": 3}, lambda: nn.Conv2d(3, 4, 3)),
    (
        IMAGES,
        "Conv2d",
        {
            "in_channels": 3,
            "out_channels": 6,
            "kernel_size": [3, 2],
            "stride": [2, 1],
            "padding": [1, 0],
            "dilation": [1, 2],
            "groups": 3,
            "padding_mode": "reflect",
        },
        lambda: nn.Conv2d(3, 6, (3, 2), (2, 1), (1, 0), (1, 2), groups=3, padding_mode="reflect"),
    ),
    (
        IMAGES,
        "Conv2d",
        {"out_channels": 2, "kernel_size": 3, "padding": "valid"},
        lambda: nn.Conv2d(3, 2, 3, padding="valid"),
    ),
    (FLAT, "BatchNorm1d", {}, lambda: nn.BatchNorm1d(6)),
    (
        SERIES,
        "BatchNorm1d",
        {"num_features": 3, "eps": 0.1, "momentum": 0.5, "affine": False},
        lambda: nn.BatchNorm1d(3, 0.1, 0.5, affine=False),
    ),
    (IMAGES, "BatchNorm2d", {}, lambda: nn.BatchNorm2d(3)),
    (
        IMAGES,
        "BatchNorm2d",
        {"track_running_stats": False, "bias": False},
        lambda: nn.BatchNorm2d(3, track_running_stats=False, bias=False),
    ),
    (FLAT, "LayerNorm", {}, lambda: nn.LayerNorm(6)),
    (IMAGES, "LayerNorm", {"normalized_shape": [8, 8], "eps": 0.1}, lambda: nn.LayerNorm((8, 8), 0.1)),
    (FLAT, "LayerNorm", {"elementwise_affine": False}, lambda: nn.LayerNorm(6, elementwise_affine=False)),
    (FLAT, "LayerNorm", {"normalized_shape": 6, "bias": False}, lambda: nn.LayerNorm(6, bias=False)),
    (IMAGES, "MaxPool2d", {"kernel_size": 2}, nn.MaxPool2d(2)),
    (
        IMAGES,
        "MaxPool2d",
        {"kernel_size": [3, 2], "stride": [2, 3], "padding": [1, 0], "dilation": [1, 2], "ceil_mode": True},
        nn.MaxPool2d((3, 2), (2, 3), (1, 0), (1, 2), ceil_mode=True),
    ),
    (IMAGES, "AvgPool2d", {"kernel_size": 2}, nn.AvgPool2d(2)),
    (
        IMAGES,
        "AvgPool2d",
        {
            "kernel_size": [3, 2],
            "stride": 3,
            "padding": 1,
            "ceil_mode": True,
            "count_include_pad": False,
            "divisor_override": 5,
        },
        nn.AvgPool2d((3, 2), 3, 1, ceil_mode=True, count_include_pad=False, divisor_override=5),
    ),
    (IMAGES, "AdaptiveAvgPool2d", {"output_size": 1}, nn.AdaptiveAvgPool2d(1)),
    (IMAGES, "AdaptiveAvgPool2d", {"output_size": [3, 5]}, nn.AdaptiveAvgPool2d((3, 5))),
    (FLAT, "Dropout", {}, nn.Dropout()),
    (FLAT, "Dropout", {"p": 0.2, "inplace": True}, nn.Dropout(0.2, inplace=True)),
    (IMAGES, "Dropout2d", {}, nn.Dropout2d()),
    (IMAGES, "Dropout2d", {"p": 0.2, "inplace": True}, nn.Dropout2d(0.2, inplace=True)),
    (IMAGES, "Flatten", {}, nn.Flatten()),
    (IMAGES, "Flatten", {"start_dim": 2, "end_dim": 3}, nn.Flatten(2, 3)),
    (FLAT, "Unflatten", {"dim": 1, "unflattened_size": [2, 3]}, nn.Unflatten(1, (2, 3))),
    (FLAT, "Unflatten", {"dim": -1, "unflattened_size": [1, -1]}, nn.Unflatten(-1, (1, -1))),
]


def loaded(name, options):
    spec = {
        "data": {"type": "Random", "features": 1, "targets": [0, 1]},
        "model": {"type": name, **options},
        "loss": {"type": "MSELoss"},
        "optimizer": {"type": "SGD"},
    }
    return hookline.load(spec).model


def applied(module, shape, *, training):
    """Outputs for two batches, so that running statistics show."""
    torch.manual_seed(2)
    module.train(training)
    return [module(torch.randn(shape)) for _ in range(2)]


@pytest.mark.parametrize(
    ("shape", "name", "options", "torchs"), CASES, ids=[f"{name} {options}" for _, name, options, _ in CASES]
)
def test_the_layer_is_the_one_that_torch_makes(shape, name, options, torchs):
    torch.manual_seed(1)
    module = loaded(name, options).build(torch.zeros(1, *shape[1:]))
    torch.manual_seed(1)
    expected = torchs if isinstance(torchs, nn.Module) else torchs()
    assert type(module) is type(expected)
    assert repr(module) == repr(expected)
    for training in (True, False):
        outputs, expected_outputs = (applied(made, shape, training=training) for made in (module, expected))
        assert all(torch.equal(mine, theirs) for mine, theirs in zip(outputs, expected_outputs, strict=True))
    weights, expected_weights = module.state_dict(), expected.state_dict()
    assert list(weights) == list(expected_weights)
    assert all(torch.equal(weights[key], expected_weights[key]) for key in weights)


LAYERS = [kind for kind in register_specs() if kind.__name__ != "Sequential"]
OF_THE_BUILD = {"device", "dtype"}
OTHER_THAN_TORCHS = {
    "Softmax": {"dim": -1},
    "LogSoftmax": {"dim": -1},
}
LEFT_OUT = {"MaxPool2d": {"return_indices"}}


@pytest.mark.parametrize("kind", LAYERS, ids=lambda kind: kind.__name__)
def test_a_layer_has_torchs_options_with_torchs_defaults_but_sizes_may_follow_from_the_inputs(kind):
    name = kind.__name__
    theirs = {
        parameter.name: NOTHING if parameter.default is Parameter.empty else parameter.default
        for parameter in signature(getattr(nn, name)).parameters.values()
        if parameter.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    }
    expected = {key: default for key, default in theirs.items() if key not in OF_THE_BUILD | LEFT_OUT.get(name, set())}
    expected |= dict.fromkeys(kind.follows) | OTHER_THAN_TORCHS.get(name, {})
    assert {option.name: option.default for option in fields(kind)} == expected


def test_every_layer_is_compared_with_torchs():
    assert {kind.__name__ for kind in LAYERS} == {name for _, name, _, _ in CASES}


@pytest.mark.parametrize(
    ("name", "options", "path"),
    [
        ("Linear", {}, "model.out_features"),
        ("Linear", {"out_features": 0}, "model.out_features"),
        ("Linear", {"out_features": 2.0}, "model.out_features"),
        ("Dropout", {"p": 1.5}, "model.p"),
        ("Conv2d", {"out_channels": 1, "kernel_size": [1, 2, 3]}, "model.kernel_size"),
        ("Conv2d", {"out_channels": 1, "kernel_size": [1, 0]}, "model.kernel_size"),
        ("Conv2d", {"out_channels": 1, "kernel_size": 1, "padding": "sames"}, "model.padding"),
        ("GELU", {"approximate": "tan"}, "model.approximate"),
        ("Sequential", {"layers": []}, "model.layers"),
        ("Sequential", {}, "model.layers"),
    ],
)
def test_options_that_torch_would_refuse_are_problems_of_the_spec(name, options, path):
    with pytest.raises(hookline.SpecError) as raised:
        loaded(name, options)
    assert [".".join(problem.path) for problem in raised.value.problems] == [path]
