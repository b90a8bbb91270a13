"""A program of torch.export takes prepared tensors, any number of rows, and returns the predictions of the run."""

import json

import pytest
import torch
from small_training import SPECS, small

import hookline
from hookline.errors import DeploymentError


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    """A run with targets that are transformed, and one with classes, each with its program."""
    found = {}
    for name in ("penguins", "several_losses"):
        spec = hookline.load(SPECS / f"{name}.toml", ["run.epochs=2", "deploy=[{type='TorchExport'}]"])
        found[name] = hookline.train(spec, out=tmp_path_factory.mktemp(name) / "run")
    return found


def program_of(trial):
    path, description = trial.deployed
    assert path.name == "model.pt2"
    return torch.export.load(path).module(), json.loads(description.read_text())


def test_the_program_predicts_what_the_run_predicts(deployed):
    trial = deployed["several_losses"]
    program, description = program_of(trial)
    assert description["outputs"] == ["species", "width"]
    assert [one["name"] for one in description["arguments"]] == ["input"]
    run = hookline.open_run(trial.directory)
    table = run.predict(trial.data.examples, columns=["prediction", "probabilities"])
    rows = next(run.spec.data.open_rows(trial.data.examples, run.data, run.spec.objective)).batch.input
    outputs = program(rows)
    names = description["targets"]["species"]["classes"]
    for index, name in enumerate(names):
        assert outputs["species"][:, index].tolist() == table[f"probability[species.{name}]"].to_pylist()
    assert outputs["width"][:, 0].tolist() == table["prediction[width]"].to_pylist()
    classes = [names[index] for index in outputs["species"].argmax(dim=1).tolist()]
    assert classes == table["prediction[species]"].to_pylist()


@pytest.mark.parametrize("rows", [1, 2, 9])
def test_the_program_takes_any_number_of_rows(rows, deployed):
    trial = deployed["penguins"]
    program, description = program_of(trial)
    assert [one["shape"][0] for one in description["arguments"]] == [None] * len(description["arguments"])
    batch = next(iter(trial.data.training.epoch(1))).slice(0, rows)
    with torch.no_grad():
        expected = hookline.training.applied(trial.model, batch, ("input",)).softmax(dim=1)
    assert torch.equal(program(*batch.inputs.values())["target"], expected)


class Counting(torch.nn.Module):
    """A model whose shape depends on the data."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, rows):
        return self.model(rows) * (2 if bool((rows > 0).any()) else 1)


class Plugin:
    """A plugin with such a model."""

    @hookline.hookimpl(wrapper=True)
    def build_model(self):
        model = yield
        return Counting(model)


@pytest.mark.parametrize("target", ["TorchExport", "ONNX"])
def test_a_model_that_cannot_be_traced_is_refused_before_training(target, tmp_path):
    with pytest.raises(
        hookline.HooklineError, match=r"^deploy\[0\]\.type: torch\.export cannot trace the model in Counting\. "
    ):
        hookline.train(small(epochs=1, deploy=[{"type": target}]), plugins=[Plugin()], out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_model_that_cannot_be_traced_is_refused_for_a_finished_run(tmp_path):
    trial = hookline.train(small(epochs=1), plugins=[Plugin()], out=tmp_path / "run")
    run = hookline.open_run(trial.directory, plugins=[Plugin()])
    with pytest.raises(DeploymentError, match=r"TorchExport was not written to .*torch\.export cannot trace the model"):
        run.deploy("TorchExport")
    assert not [path for path in trial.directory.iterdir() if "torch_export" in path.name]


def test_a_program_that_differs_is_not_kept(tmp_path, monkeypatch):
    run = hookline.open_run(hookline.train(small(epochs=1), out=tmp_path / "run").directory)
    load = torch.export.load

    def other(path):
        program = load(path)
        for parameter in program.parameters():
            parameter.data *= 1.1
        return program

    monkeypatch.setattr(torch.export, "load", other)
    with pytest.raises(
        DeploymentError, match=r'"probability" differs by .*, more than 1e-06\. To accept this, set `tolerance`\.$'
    ):
        run.deploy("TorchExport", out=tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
