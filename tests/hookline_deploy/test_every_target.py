"""Every shipped spec can be deployed to every target, which predicts what the run predicts."""

import importlib.util
import warnings

import pytest
from exhaustive import sampled
from small_training import SPECS

import hookline

EVERY = {
    path.relative_to(SPECS).with_suffix("").as_posix() for path in SPECS.rglob("*.toml") if path.parent.name != "tuning"
}
TARGETS = ["ONNX", "TorchExport", "Safetensors", "HuggingFace"]

CHANGES = {
    # After one epoch at a high rate, rounding alone changes probabilities by 1e-6.
    "callbacks/LearningRateFinder": ["run.epochs=3"],
    "callbacks/Profile": ["run.epochs=3"],
    "callbacks/StochasticWeightAveraging": ["callbacks.0.start=1"],
}
NEEDS = {"callbacks/MLflow": "mlflow", "callbacks/WeightsAndBiases": "wandb"}

SAMPLE = {
    "digit_images": ["TorchExport"],
    "losses/TripletMarginLoss": ["Safetensors"],
    "several_losses": ["HuggingFace"],
    "transformer": ["ONNX"],
}
"""The targets of each spec in `make test`. `make test-all` tries all targets of all specs."""


@pytest.mark.parametrize(
    ("name", "targets"),
    [*SAMPLE.items(), *sampled([(name, TARGETS) for name in sorted(EVERY)], [])],
)
def test_a_shipped_spec_is_deployed_and_predicts_the_same(name, targets, tmp_path):
    if name in NEEDS and importlib.util.find_spec(NEEDS[name]) is None:
        pytest.skip(f"{NEEDS[name]} is not installed")
    spec = hookline.load(SPECS / f"{name}.toml", ["run.epochs=1", "deploy=[]", *CHANGES.get(name, ())])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # One epoch is too short for some callbacks.
        trial = hookline.train(spec, out=tmp_path / "run")
        run = hookline.open_run(trial.directory)
        made = {target: run.deploy(target) for target in targets}
    for target, deployed in made.items():
        assert deployed.comparison.rows >= 3
        assert deployed.comparison.largest_difference <= (1e-6 if target == "ONNX" else 0)
        assert all(path.stat().st_size for path in deployed.files)
