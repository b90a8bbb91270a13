"""The model of a finished run has the outputs of the model in memory, for every shipped spec and every kind of model."""

import importlib.util
import json
import shutil
import warnings

import pytest
import torch
from exhaustive import sampled
from served_rows import served, some_rows
from small_training import SPECS, small
from torch import nn

import hookline
from hookline.data.json_rows.texts import json_objects
from hookline.serving.predictor import Predictor
from hookline.training import applied

EVERY = {
    path.relative_to(SPECS).with_suffix("").as_posix() for path in SPECS.rglob("*.toml") if path.parent.name != "tuning"
}

SAMPLE = [
    "residual_network",
    "several_losses",
    "transformer",
    "callbacks/ExponentialMovingAverage",
    "losses/AdaptiveLogSoftmaxWithLoss",
    "losses/CTCLoss",
    "losses/TripletMarginLoss",
]
"""Models with BatchNorm, several heads, an embedding, a mean of weights, a loss with parameters, lengths and groups."""

CHANGES = {
    "callbacks/Profile": ["run.epochs=3"],
    "callbacks/StochasticWeightAveraging": ["callbacks.0.start=1"],
}
"""Further changes, for specs that cannot be trained in one epoch."""

NEEDS = {"callbacks/MLflow": "mlflow", "callbacks/WeightsAndBiases": "wandb"}
"""What a spec needs to be installed."""


def outputs(model, spec, batch):
    with torch.no_grad():
        answer = applied(model, batch, spec.objective.inputs)
    return dict(answer) if not isinstance(answer, torch.Tensor) else {"output": answer}


def assert_opens_with_the_same_outputs(trial, place):
    """Move a run, open it, and compare its outputs on evaluated rows with those of the model in memory."""
    shutil.move(trial.directory, place)
    run = hookline.open_run(place)
    splits = trial.data.splits()
    for batch in splits.get("test", splits.get("validation", splits["training"])).epoch(1):
        found, expected = outputs(run.model, run.spec, batch), outputs(trial.model, trial.spec, batch)
        assert found.keys() == expected.keys()
        for name, tensor in found.items():
            assert tensor.dtype == expected[name].dtype
            assert tensor.equal(expected[name])
    own, other = run.criterion.state_dict(), trial.criterion.state_dict()
    assert own.keys() == other.keys()
    assert all(own[name].equal(other[name]) for name in own)
    return run


@pytest.mark.parametrize("name", sampled(sorted(EVERY), SAMPLE))
def test_a_shipped_spec_opens_with_the_same_outputs(name, tmp_path):
    if name in NEEDS and importlib.util.find_spec(NEEDS[name]) is None:
        pytest.skip(f"{NEEDS[name]} is not installed")
    spec = hookline.load(SPECS / f"{name}.toml", ["run.epochs=1", "deploy=[]", *CHANGES.get(name, ())])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # One epoch is too short for some callbacks.
        trial = hookline.train(spec, out=tmp_path / "run")
    run = assert_opens_with_the_same_outputs(trial, tmp_path / "moved")
    assert_serves_what_it_predicts(run, trial.spec, tmp_path)


def assert_serves_what_it_predicts(run, spec, place):
    """A server answers rows of JSON with the predictions that `hookline predict` writes for the same rows."""
    predictor = Predictor(run)
    assert predictor.example is not None
    rows, source = some_rows(spec, run, place)
    table = run.predict(source)
    kept = [
        name
        for name in table.column_names
        if name in predictor.kept or name in table.column_names[-len(predictor.outputs) :]
    ]
    expected = [json.loads(line) for batch in table.select(kept).to_batches() for line in json_objects(batch)]
    assert served(predictor, rows) == expected


@pytest.mark.parametrize(
    "sections",
    [
        {"run": {"epochs": 1, "name": "small", "dtype": "float64"}},
        {"model": {"type": "Sequential", "layers": [{"type": "BatchNorm1d"}, {"type": "Linear", "out_features": 3}]}},
    ],
    ids=["float64", "BatchNorm"],
)
def test_another_model_opens_with_the_same_outputs(sections, tmp_path):
    trial = hookline.train(small(epochs=1, **sections), out=tmp_path / "run")
    assert_opens_with_the_same_outputs(trial, tmp_path / "moved")


class Tied(nn.Module):
    """Two layers that share their weights."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)
        self.second.weight = self.first.weight
        self.last = nn.LazyLinear(3)

    def forward(self, rows):
        return self.last(self.second(self.first(rows).relu()))


class Wrapping:
    """A plugin that replaces the model, as a plugin that compiles or shards it does."""

    def __init__(self, replace):
        self.replace = replace

    @hookline.hookimpl(wrapper=True)
    def build_model(self):
        model = yield
        return self.replace(model)


def tied(_):
    model = Tied()
    model(torch.zeros(2, 4))
    return model


@pytest.mark.parametrize(
    "replace", [tied, lambda model: torch.compile(model, backend="eager")], ids=["tied", "compiled"]
)
def test_a_model_from_a_plugin_opens_with_the_same_outputs(replace, tmp_path):
    trial = hookline.train(small(epochs=1), plugins=[Wrapping(replace)], out=tmp_path / "run")
    run = hookline.open_run(trial.directory, plugins=[Wrapping(replace)])
    rows = trial.data.validation.all.input
    with torch.no_grad():
        assert run.model(rows).equal(trial.model(rows))
    assert run.weights == trial.weights
