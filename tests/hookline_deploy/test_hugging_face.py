"""A folder for the Hugging Face Hub: a finished run without rows, and a model card with the metadata of the hub."""

import json

import pytest
import yaml
from small_training import SPECS, small

import hookline


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    target = {"type": "HuggingFace", "repo_id": "me/penguins", "license": "mit", "limitations": "Only adults."}
    spec = hookline.load(SPECS / "penguins.toml", ["run.epochs=3", "deploy=[]"])
    home = tmp_path_factory.mktemp("hub")
    trial = hookline.train(spec, out=home / "run")
    return trial, hookline.open_run(trial.directory).deploy(target, out=home / "hub").place


def parts(folder):
    """The metadata and the text of the card."""
    _, metadata, text = (folder / "README.md").read_text().split("---\n", 2)
    return yaml.safe_load(metadata), text


def test_the_folder_is_a_finished_run_without_rows_of_the_data(folder):
    trial, place = folder
    assert sorted(path.name for path in place.iterdir()) == [
        *("README.md", "config.json", "data.json", "manifest.json", "metrics.jsonl", "model.safetensors"),
        *("result.json", "run.lock.toml", "spec.toml"),
    ]
    expected = hookline.open_run(trial.directory).predict(trial.data.examples)
    assert hookline.open_run(place).predict(trial.data.examples) == expected
    assert (place / "model.safetensors").read_bytes() == (trial.directory / "model.safetensors").read_bytes()


def test_the_metadata_is_that_of_the_hub(folder):
    trial, place = folder
    metadata, _ = parts(place)
    result = metadata.pop("model-index")
    assert metadata == {
        "library_name": "hookline",
        "pipeline_tag": "tabular-classification",
        "license": "mit",
        "tags": ["hookline", "pytorch"],
        "metrics": ["accuracy"],
    }
    numbers = [
        {"type": "accuracy", "value": trial.metrics[f"{split}/Accuracy"], "name": f"{split} Accuracy"}
        for split in ("validation", "test")
    ]
    task = {"type": "tabular-classification", "name": "Tabular classification"}
    dataset = {"type": "csv", "name": "penguins.csv"}
    assert result == [{"name": "penguins", "results": [{"task": task, "dataset": dataset, "metrics": numbers}]}]


def test_the_card_says_what_the_model_is(folder):
    _, text = parts(folder[1])
    headings = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## ")]
    assert headings == ["Data", "Metrics", "Intended use", "Limitations", "How to load it"]
    assert 'A model in PyTorch (`Sequential`) that predicts the class "Species", trained with Hookline.' in text
    assert "CSV: penguins.csv. Rows: 206 training, 69 validation, 69 test." in text
    assert "Adelie Penguin (Pygoscelis adeliae) (92)" in text
    assert "| Body Mass (g) | StandardScaler |" in text
    assert "Only adults." in text
    assert 'run = hookline.open_run(snapshot_download("me/penguins"))' in text


def test_the_configuration_has_the_classes_and_the_comparison(folder):
    trial, place = folder
    config = json.loads((place / "config.json").read_text())
    assert config["library_name"] == config["model_type"] == "hookline"
    assert config["architectures"] == ["Sequential"]
    assert list(config["id2label"].values()) == list(trial.data.target.classes)
    assert {name: config["id2label"][str(index)] for name, index in config["label2id"].items()} == {
        name: name for name in trial.data.target.classes
    }
    assert config["compared"]["largest_difference"] == 0
    assert config["preparation"] == trial.data.preparation


def test_it_can_be_written_at_the_end_of_a_training_with_a_plugin(tmp_path):
    class Doubling:
        @hookline.hookimpl(wrapper=True)
        def forward(self):
            return 2 * (yield)

    trial = hookline.train(
        small(epochs=1, deploy=[{"type": "HuggingFace"}]), plugins=[Doubling()], out=tmp_path / "run"
    )
    assert trial.deployed[-1] == tmp_path / "run" / "hugging_face" / "config.json"
    assert "is 0 on 64 rows (hookline.open_run)" in trial.notes[0]
