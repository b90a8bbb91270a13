"""Every shipped spec can be deployed to every target, which predicts what the run predicts."""

import importlib.util
import warnings

import pytest
import torch
from exhaustive import sampled
from small_training import SPECS

import hookline

EVERY = {path.relative_to(SPECS).with_suffix("").as_posix() for path in SPECS.rglob("*.toml")}
TARGETS = ["ONNX", "TorchExport", "Safetensors", "HuggingFace"]

CHANGES = {
    "callbacks/Profile": ["run.epochs=3"],
    "callbacks/StochasticWeightAveraging": ["callbacks.0.start=1"],
}
NEEDS = {"callbacks/MLflow": "mlflow", "callbacks/WeightsAndBiases": "wandb"}

CASES = [(name, target) for name in sorted(EVERY) for target in TARGETS]
SAMPLE = [
    ("transformer", "ONNX"),
    ("digit_images", "TorchExport"),
    ("losses/TripletMarginLoss", "Safetensors"),
    ("several_losses", "HuggingFace"),
]


@pytest.mark.parametrize(("name", "target"), sampled(CASES, map(str, SAMPLE)))
def test_a_shipped_spec_is_deployed_and_predicts_the_same(name, target, tmp_path):
    if name in NEEDS and importlib.util.find_spec(NEEDS[name]) is None:
        pytest.skip(f"{NEEDS[name]} is not installed")
    spec = hookline.load(SPECS / f"{name}.toml", ["run.epochs=1", "deploy=[]", *CHANGES.get(name, ())])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # One epoch is too short for some callbacks.
        trial = hookline.train(spec, out=tmp_path / "run")
        deployed = hookline.open_run(trial.directory).deploy(target)
    comparison = deployed.comparison
    assert comparison.rows >= 3
    assert comparison.largest_difference <= (1e-6 if target == "ONNX" else 0)
    assert all(path.stat().st_size for path in deployed.files)
    assert torch.get_default_dtype() == torch.float32
