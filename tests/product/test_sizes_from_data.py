"""The number of outputs follows from the loss and the target, and the number of indices from the data."""

import pytest
import torch
from small_training import SPECS

import hookline

IRIS, CANCER = SPECS / "data/iris.csv", SPECS / "data/breast_cancer.csv"
HIDDEN = [{"type": "Linear", "out_features": 4}, {"type": "ReLU"}]


def sections(layers, loss, **data):
    several = "type" not in loss
    return {
        "run": {"name": "sized", "epochs": 1},
        "data": {"type": "CSV", "path": str(IRIS), "targets": "species", "standardize": True} | data,
        "model": layers if isinstance(layers, dict) else {"type": "Sequential", "layers": layers},
        "losses" if several else "loss": loss,
        "optimizer": {"type": "Adam"},
    }


def sizes(model):
    """The numbers of outputs of the linear layers and convolutions, by name."""
    return {name: module.out_features for name, module in model.named_modules() if isinstance(module, torch.nn.Linear)}


LINEAR = {"type": "Linear"}
NUMBERS = {"targets": ["petal_width", "petal_length"], "inputs": ["sepal_*"]}
CASES = {
    "classes": ([*HIDDEN, LINEAR], {"type": "CrossEntropyLoss"}, {}, {"0": 4, "2": 3}),
    "activation": ([*HIDDEN, LINEAR, {"type": "LogSoftmax"}], {"type": "NLLLoss"}, {}, {"0": 4, "2": 3}),
    "numbers": ([*HIDDEN, LINEAR, {"type": "Dropout"}], {"type": "MSELoss"}, NUMBERS, {"0": 4, "2": 2}),
    "one label": (LINEAR, {"type": "BCEWithLogitsLoss"}, {"path": str(CANCER), "targets": "diagnosis"}, {"": 1}),
    "in the loss": (LINEAR, {"type": "LinearCrossEntropyLoss", "in_features": 7}, {}, {"": 7}),
    "nested": (
        [{"type": "Residual", "layers": [LINEAR], "shortcut": [LINEAR]}],
        {"type": "CrossEntropyLoss"},
        {},
        {"0.layers.0": 3, "0.shortcut.0": 3},
    ),
    "sum": (
        {"type": "Parallel", "join": "sum", "branches": [LINEAR, {"type": "Sequential", "layers": [*HIDDEN, LINEAR]}]},
        {"type": "CrossEntropyLoss"},
        {},
        {"0": 3, "1.0": 4, "1.2": 3},
    ),
    "mean and variance": (
        [
            {
                "type": "Heads",
                "heads": {"input": LINEAR, "var": {"type": "Sequential", "layers": [LINEAR, {"type": "Softplus"}]}},
            }
        ],
        {"type": "GaussianNLLLoss"},
        NUMBERS,
        {"0.input": 2, "0.var.0": 2},
    ),
    "several losses": (
        [*HIDDEN, {"type": "Heads", "heads": {"species": LINEAR, "petal": LINEAR}}],
        {"species": {"type": "CrossEntropyLoss"}, "petal": {"type": "MSELoss"}},
        {"targets": {"species": "species", "petal": ["petal_width", "petal_length"]}, "inputs": ["sepal_*"]},
        {"0": 4, "2.species": 3, "2.petal": 2},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_last_layer_gets_the_size_that_the_loss_takes(case, tmp_path):
    layers, loss, data, expected = CASES[case]
    trained = hookline.train(hookline.load(sections(layers, loss, **data)), out=tmp_path / "run")
    assert sizes(trained.model) == expected
    opened = hookline.open_run(tmp_path / "run")
    assert sizes(opened.model) == expected
    for name, tensor in opened.model.state_dict().items():
        assert torch.equal(tensor, trained.model.state_dict()[name])


@pytest.mark.parametrize(
    ("layers", "loss", "data", "path", "why"),
    [
        (
            [LINEAR, *HIDDEN[1:], LINEAR],
            {"type": "CrossEntropyLoss"},
            {},
            ("layers", 0),
            "Only the layer that computes",
        ),
        (
            [LINEAR, {"type": "Flatten"}],
            {"type": "CrossEntropyLoss"},
            {},
            ("layers", 0),
            "Only the layer that computes",
        ),
        (
            [{"type": "Repeat", "times": 2, "layers": [LINEAR]}],
            {"type": "CrossEntropyLoss"},
            {},
            ("layers", 0, "layers", 0),
            "Only the layer that computes",
        ),
        (
            [LINEAR],
            {"type": "TripletMarginLoss"},
            {"targets": {}},
            ("layers", 0),
            "TripletMarginLoss takes any number of outputs",
        ),
        (
            [{"type": "Heads", "heads": {"species": LINEAR, "other": LINEAR}}],
            {"species": {"type": "CrossEntropyLoss"}},
            {"targets": {"species": "species"}},
            ("layers", 0, "heads", "other"),
            "Only the layer that computes",
        ),
    ],
)
def test_a_missing_size_that_the_loss_does_not_set_is_found_without_data(layers, loss, data, path, why):
    with pytest.raises(hookline.errors.SpecError) as raised:
        hookline.load(sections(layers, loss, **data))
    [problem] = raised.value.diagnostics
    assert (problem.id, problem.path) == ("missing-option", ("model", *path))
    assert problem.message.startswith("`out_features` of Linear is missing.")
    assert why in problem.message


def test_outputs_of_different_sizes_need_heads(tmp_path):
    losses = {"species": {"type": "CrossEntropyLoss"}, "petal": {"type": "MSELoss"}}
    data = {"targets": {"species": "species", "petal": "petal_width"}, "inputs": ["sepal_*"]}
    with pytest.raises(hookline.errors.MismatchError) as raised:
        hookline.train(hookline.load(sections([LINEAR], losses, **data)), out=tmp_path / "run")
    assert raised.value.diagnostic.path == ("model", "layers", 0, "out_features")
    assert "the losses do not say how many outputs they take of this layer" in raised.value.message


def test_the_spec_that_is_saved_is_the_one_that_was_given(tmp_path):
    given = hookline.load(sections([*HIDDEN, LINEAR], {"type": "CrossEntropyLoss"}))
    hookline.train(given, out=tmp_path / "run")
    assert hookline.open_run(tmp_path / "run").spec.model == given.model
