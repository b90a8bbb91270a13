import pytest
import torch
from torch import nn

import hookline
from hookline.errors import MismatchError


def spec(*layers, features=6, shape=None, **options):
    model = {"type": "Sequential", "layers": list(layers)}
    if shape is not None:
        model["layers"].insert(0, {"type": "Unflatten", "dim": 1, "unflattened_size": shape})
    return hookline.load(
        {
            "run": {"epochs": 2},
            "data": {"type": "Random", "features": features, "targets": [0.0, 1.0, 0.5], **options},
            "model": model,
            "loss": {"type": "MSELoss"},
            "optimizer": {"type": "SGD", "lr": 0.0},
        }
    )


def linear(size, **options):
    return {"type": "Linear", "out_features": size, **options}


def nested(*layers):
    return {"type": "Sequential", "layers": list(layers)}


def test_sizes_are_inferred_and_the_parameters_equal_a_handwritten_model():
    inputs = torch.randn(1, 3, 8, 8)
    torch.manual_seed(0)
    model = spec(
        {"type": "Conv2d", "out_channels": 4, "kernel_size": 3},
        {"type": "BatchNorm2d"},
        {"type": "Dropout2d"},
        {"type": "AvgPool2d", "kernel_size": 2},
        {"type": "Flatten"},
        {"type": "LayerNorm"},
        {"type": "Dropout"},
        linear(5),
    ).model.build(inputs)
    torch.manual_seed(0)
    expected = nn.Sequential(
        nn.Conv2d(3, 4, 3),
        nn.BatchNorm2d(4),
        nn.Dropout2d(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.LayerNorm(36),
        nn.Dropout(),
        nn.Linear(36, 5),
    )
    assert repr(model) == repr(expected)
    weights, expected_weights = model.state_dict(), expected.state_dict()
    assert list(weights) == list(expected_weights)
    assert all(torch.equal(weights[key], expected_weights[key]) for key in weights)


def test_sequences_nest_as_torchs_do():
    model = spec(nested(linear(4), nested({"type": "ReLU"}, linear(3))), linear(1)).model.build(torch.zeros(1, 6))
    expected = nn.Sequential(nn.Sequential(nn.Linear(6, 4), nn.Sequential(nn.ReLU(), nn.Linear(4, 3))), nn.Linear(3, 1))
    assert repr(model) == repr(expected)
    assert list(model.state_dict()) == list(expected.state_dict())


def test_a_model_is_built_in_training_mode():
    model = spec(nested(linear(4), {"type": "Dropout"}), linear(1)).model.build(torch.zeros(1, 6))
    assert all(module.training for module in model[0].modules())


@pytest.mark.parametrize(
    ("layers", "place"),
    [
        ([linear(4, in_features=5), linear(1)], "model.layers[0]"),
        ([linear(4), linear(1, in_features=5)], "model.layers[1]"),
        ([linear(4), nested(linear(3), linear(1, in_features=5))], "model.layers[1].layers[1]"),
        ([linear(4), nested(nested(linear(3, in_features=9))), linear(1)], "model.layers[1].layers[0].layers[0]"),
    ],
)
def test_an_error_names_the_place_of_a_nested_layer_and_its_input(layers, place, tmp_path):
    with pytest.raises(MismatchError) as raised:
        hookline.train(spec(*layers), out=tmp_path / "run")
    assert str(raised.value).startswith(f"{place}: Linear cannot take an input of shape (")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("layer", "shape", "dimensions"),
    [
        ({"type": "Conv1d", "out_channels": 1, "kernel_size": 1}, [6], "2 dimensions per row: channels, length"),
        (
            {"type": "Conv1d", "out_channels": 1, "kernel_size": 1},
            [1, 2, 3],
            "2 dimensions per row: channels, length",
        ),
        *(
            (layer, shape, "3 dimensions per row: channels, height, width")
            for shape in ([6], [2, 3], [1, 1, 2, 3])
            for layer in (
                {"type": "Conv2d", "out_channels": 1, "kernel_size": 1},
                {"type": "BatchNorm2d"},
                {"type": "MaxPool2d", "kernel_size": 1},
                {"type": "AvgPool2d", "kernel_size": 1},
                {"type": "AdaptiveAvgPool2d", "output_size": 1},
                {"type": "Dropout2d"},
            )
        ),
    ],
)
def test_a_layer_reports_the_dimensions_that_it_takes(layer, shape, dimensions, tmp_path):
    with pytest.raises(MismatchError) as raised:
        hookline.train(spec(layer, shape=shape), out=tmp_path / "run")
    assert str(raised.value) == (
        f"model.layers[1]: {layer['type']} cannot take an input of shape {tuple(shape)}."
        f" It takes {dimensions}.".replace("(6)", "(6,)")
    )


@pytest.mark.parametrize("layer", ["LeakyReLU", "Dropout"])
@pytest.mark.parametrize("shuffle", [True, False])
def test_an_in_place_first_layer_does_not_change_the_data(layer, shuffle, tmp_path):
    made = spec({"type": layer, "inplace": True}, linear(1), shuffle=shuffle)
    trial = hookline.train(made, out=tmp_path / "run")
    rows = torch.randn(3, 6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(trial.data.example.input, rows[:2])
