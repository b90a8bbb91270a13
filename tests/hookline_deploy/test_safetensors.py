"""The deployed files alone give the same predictions as the model in memory."""

import csv
import json
from functools import cache
from pathlib import Path

import numpy
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import hookline

SPECS = Path(__file__).parents[2] / "specs"


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    """Train a shipped spec once for all tests, and return the trial and the content of its two files."""

    @cache
    def deployed(name):
        spec = hookline.load(SPECS / f"{name}.toml", ["run.epochs=3", "deploy=[{type='Safetensors'}]"])
        trial = hookline.train(spec, out=tmp_path_factory.mktemp(name) / "run")
        weights, description = trial.deployed
        return trial, load_file(weights), json.loads(description.read_text())

    return deployed


def prepared(name, description):
    """Return all rows of the CSV file as inputs of the model, according to the description."""
    with (SPECS / "data" / f"{name}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    preparation = description["preparation"]["input"]
    inputs = numpy.array([[row[column] for column in preparation["columns"]] for row in rows], dtype=numpy.float64)
    if "mean" in preparation:
        inputs = (inputs - preparation["mean"]) / preparation["std"]
    return torch.from_numpy(inputs.astype(numpy.float32)).reshape(-1, *preparation.get("shape", inputs.shape[1:])), rows


def rebuilt(description, weights):
    """Return the model, with inferred sizes."""
    model = hookline.load(description["spec"]).model.build(torch.zeros(1, *description["inputs"]["input"]["shape"]))
    model.load_state_dict(weights)
    return model.eval()


def rows_of_training(trial):
    """Return the training rows as the model got them."""
    return torch.cat([batch.input for batch in trial.data.training.epoch(1)])


@pytest.mark.parametrize("name", ["breast_cancer", "diabetes", "digits", "iris"])
def test_a_model_from_the_two_files_has_the_outputs_of_the_model_in_memory(name, deployed):
    trial, weights, description = deployed(name)
    inputs, _ = prepared(name, description)
    with torch.no_grad():
        outputs = rebuilt(description, weights)(inputs)
        assert torch.equal(outputs, trial.model.eval()(inputs))
    assert outputs.isfinite().all()


@pytest.mark.parametrize("name", ["breast_cancer", "diabetes", "digits", "iris"])
def test_the_description_converts_raw_rows_to_the_inputs_of_the_model(name, deployed):
    trial, _, description = deployed(name)
    inputs, _ = prepared(name, description)
    known = {tuple(row.flatten().tolist()) for row in inputs}
    assert all(tuple(row.flatten().tolist()) in known for row in rows_of_training(trial))


def test_plain_pytorch_can_predict_class_names(deployed):
    trial, weights, description = deployed("iris")
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3))
    model.load_state_dict(weights)
    inputs, rows = prepared("iris", description)
    with torch.no_grad():
        outputs = model(inputs)
        assert torch.equal(outputs, trial.model(inputs))

    names = description["targets"]["target"]["classes"]
    species = numpy.array([row["species"] for row in rows])
    right = numpy.array([names[index] for index in outputs.argmax(dim=1)]) == species
    order = numpy.random.default_rng(0).permutation(len(rows))
    tested = numpy.concatenate([order[species[order] == name][:10] for name in names])
    assert trial.metrics["test/Accuracy"] == numpy.float32(right[tested].mean())


@pytest.mark.parametrize(
    ("name", "target", "activation", "shape", "preparation"),
    [
        (
            "breast_cancer",
            {"columns": ["diagnosis"], "classes": ["benign", "malignant"]},
            "sigmoid",
            [30],
            {"columns", "mean", "std"},
        ),
        ("diabetes", {"columns": ["progression"], "classes": None}, "identity", [10], {"columns", "mean", "std"}),
        ("digits", {"columns": ["digit"], "classes": list(range(10))}, "softmax", [1, 8, 8], {"columns", "shape"}),
        (
            "iris",
            {"columns": ["species"], "classes": ["setosa", "versicolor", "virginica"]},
            "softmax",
            [4],
            {"columns", "mean", "std"},
        ),
    ],
)
def test_the_description_contains_inputs_and_outputs(name, target, activation, shape, preparation, deployed):
    trial, _, description = deployed(name)
    assert description["format"] == "hookline.safetensors.1"
    known = description["targets"]["target"]
    assert {name: known[name] for name in target} == target
    assert description["activation"] == activation
    assert description["inputs"] == {"input": {"shape": shape, "dtype": "float32", "padded": False}}
    assert set(description["preparation"]["input"]) == preparation
    assert description["preparation"] == trial.data.preparation


def test_the_description_contains_the_trained_spec(deployed):
    trial, _, description = deployed("digits")
    assert description["spec"] == hookline.spec.plain(trial.spec, trial.directory / "safetensors")
    (trial.directory / "safetensors" / "again.toml").write_text(
        hookline.dumps(trial.spec, trial.directory / "safetensors")
    )
    assert hookline.load(trial.directory / "safetensors" / "again.toml") == trial.spec


def test_the_weights_are_those_of_the_run_and_include_buffers(deployed):
    trial, weights, _ = deployed("digits")
    kept = load_file(trial.directory / "model.safetensors")
    expected = trial.model.state_dict()
    assert sorted(weights) == sorted(kept) == sorted(expected)
    assert all(torch.equal(weights[name], expected[name]) and torch.equal(kept[name], expected[name]) for name in kept)
    assert {"1.running_mean", "1.running_var", "1.num_batches_tracked"} <= set(weights)


def test_the_paths_of_both_files_are_returned_and_are_in_a_separate_directory(deployed):
    trial, _, _ = deployed("iris")
    home = trial.directory / "safetensors"
    assert list(trial.deployed) == [home / "model.safetensors", home / "model.json"]
    assert sorted(path.name for path in home.iterdir()) == ["model.json", "model.safetensors"]


def test_random_inputs_are_deployed_without_a_preparation(deployed):
    _, weights, description = deployed("first_network")
    assert description["preparation"] == {}
    assert sorted(weights) == ["0.bias", "0.weight", "2.bias", "2.weight"]


def test_nothing_is_deployed_without_a_deployment_target(tmp_path):
    trial = hookline.train(hookline.load(SPECS / "iris.toml", ["run.epochs=1", "deploy=[]"]), out=tmp_path / "run")
    assert list(trial.deployed) == []
    assert not (tmp_path / "run" / "safetensors").exists()


def test_a_duplicate_target_is_reported_before_training(tmp_path):
    with pytest.raises(hookline.HooklineError):
        hookline.train(
            hookline.load(SPECS / "iris.toml", ["run.epochs=1", "deploy=[{type='Safetensors'}, {type='Safetensors'}]"]),
            out=tmp_path / "run",
        )
    assert not (tmp_path / "run").exists()


def test_several_losses_each_describe_their_activation(
    tmp_path,
):
    spec = hookline.load(SPECS / "several_losses.toml", ["run.epochs=1", "deploy=[{type='Safetensors'}]"])
    weights, description = hookline.train(spec, out=tmp_path / "run").deployed
    assert json.loads(description.read_text())["activation"] == {"species": "softmax", "width": "identity"}
    assert sorted(load_file(weights)) == [
        "0.bias",
        "0.weight",
        "2.species.bias",
        "2.species.weight",
        "2.width.bias",
        "2.width.weight",
    ]


def test_a_loss_that_contains_a_layer_is_deployed_with_it(tmp_path):
    path = SPECS / "losses" / "LinearCrossEntropyLoss.toml"
    trial = hookline.train(hookline.load(path, ["run.epochs=1", "deploy=[{type='Safetensors'}]"]), out=tmp_path / "run")
    criterion, _, description = trial.deployed
    assert json.loads(description.read_text())["activation"] == "criterion"
    assert torch.equal(load_file(criterion)["linear.weight"], trial.criterion.linear.weight)
