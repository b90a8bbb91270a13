"""Every loss, optimizer and callback has an example spec, which trains in seconds to a useful result."""

from pathlib import Path

import pytest
from exhaustive import sampled
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import hookline
import hookline_callbacks
import hookline_losses
import hookline_optimizers
import hookline_tabular

SPECS = Path(__file__).parents[2] / "specs"

AT_LEAST = {
    "callbacks/CSVLog": {"validation/R2Score": 0.51},
    "callbacks/Checkpoint": {"validation/Accuracy": 0.95},
    "callbacks/ConfusionMatrix": {"validation/Accuracy": 0.95},
    "callbacks/CutMix": {"validation/Accuracy": 0.96},
    "callbacks/EarlyStopping": {"validation/Accuracy": 0.95, "test/Accuracy": 0.94},
    "callbacks/ExponentialMovingAverage": {"validation/Accuracy": 0.97},
    "callbacks/Freeze": {"validation/Accuracy": 0.97},
    "callbacks/GradientClipping": {"validation/Accuracy": 0.95},
    "callbacks/GradientNorm": {"validation/Accuracy": 0.95},
    "callbacks/LearningRateFinder": {"validation/Accuracy": 0.97},
    "callbacks/LossPlot": {"validation/R2Score": 0.51},
    "callbacks/Mixup": {"validation/Accuracy": 0.97},
    "callbacks/NaNGuard": {"validation/R2Score": 0.51},
    "callbacks/Predictions": {"validation/Accuracy": 0.9},
    "callbacks/Profile": {"validation/Accuracy": 0.9},
    "callbacks/Progress": {"validation/R2Score": 0.51},
    "callbacks/StochasticWeightAveraging": {"test/Accuracy": 0.97},
    "callbacks/TensorBoard": {"validation/R2Score": 0.51},
    "callbacks/Timing": {"validation/Accuracy": 0.95},
    "losses/AdaptiveLogSoftmaxWithLoss": {"validation/Accuracy": 0.95},
    "losses/BCELoss": {"validation/Accuracy": 0.97, "validation/AUROC": 0.99},
    "losses/BCEWithLogitsLoss": {"validation/Recall": 0.99, "validation/Precision": 0.85},
    "losses/CTCLoss": {"validation/SequenceAccuracy": 0.8},
    "losses/CosineEmbeddingLoss": {"validation/Accuracy": 0.95, "validation/AUROC": 0.98},
    "losses/CrossEntropyLoss": {"validation/Accuracy": 0.96},
    "losses/GaussianNLLLoss": {"validation/R2Score": 0.49},
    "losses/HingeEmbeddingLoss": {"validation/Accuracy": 0.93, "validation/AUROC": 0.98},
    "losses/HuberLoss": {"validation/R2Score": 0.5},
    "losses/KLDivLoss": {"validation/Accuracy": 0.95},
    "losses/L1Loss": {"validation/R2Score": 0.5},
    "losses/LinearCrossEntropyLoss": {"validation/Accuracy": 0.95},
    "losses/MSELoss": {"validation/R2Score": 0.51},
    "losses/MarginRankingLoss": {"validation/Accuracy": 0.75},
    "losses/MultiLabelMarginLoss": {"validation/Accuracy": 0.85, "validation/AUROC": 0.93},
    "losses/MultiLabelSoftMarginLoss": {"validation/Accuracy": 0.96, "validation/AUROC": 0.98},
    "losses/MultiMarginLoss": {"validation/Accuracy": 0.94},
    "losses/NLLLoss": {"validation/Accuracy": 0.93},
    "losses/PoissonNLLLoss": {"validation/R2Score": 0.5},
    "losses/SmoothL1Loss": {"validation/R2Score": 0.5},
    "losses/SoftMarginLoss": {"validation/Accuracy": 0.96},
    "losses/TripletMarginLoss": {"validation/Accuracy": 0.96},
    "losses/TripletMarginWithDistanceLoss": {"validation/Accuracy": 0.97},
    "digit_images": {"validation/Accuracy": 0.95},
    "several_losses": {"validation/Accuracy": 0.85, "validation/R2Score": 0.8},
    "optimizers/ASGD": {"validation/Accuracy": 0.95},
    "optimizers/Adadelta": {"validation/Accuracy": 0.95},
    "optimizers/Adafactor": {"validation/Accuracy": 0.95},
    "optimizers/Adagrad": {"validation/Accuracy": 0.95},
    "optimizers/Adam": {"validation/Accuracy": 0.95},
    "optimizers/AdamW": {"validation/Accuracy": 0.95},
    "optimizers/Adamax": {"validation/Accuracy": 0.95},
    "optimizers/LBFGS": {"validation/Accuracy": 0.97},
    "optimizers/NAdam": {"validation/Accuracy": 0.95},
    "optimizers/RAdam": {"validation/Accuracy": 0.95},
    "optimizers/RMSprop": {"validation/Accuracy": 0.95},
    "optimizers/Rprop": {"validation/Accuracy": 0.93},
    "optimizers/Muon": {"validation/Accuracy": 0.96},
    "optimizers/SGD": {"validation/Accuracy": 0.95},
    "optimizers/SparseAdam": {"validation/Accuracy": 0.95},
    "tabular/Branches": {"validation/R2Score": 0.48},
    "tabular/FTTransformer": {"validation/R2Score": 0.43},
    "tabular/MLP": {"validation/Accuracy": 0.93},
    "tabular/RealMLP": {"validation/Accuracy": 0.93},
    "tabular/ResNet": {"validation/Accuracy": 0.94},
    "tabular/TabM": {"validation/Accuracy": 0.93, "validation/AUROC": 0.98},
}
"""The minimum result of each spec, well below the actual one, so that rounding on other machines does not matter."""

SAMPLE = [
    "callbacks/CutMix",
    "callbacks/EarlyStopping",
    "callbacks/ExponentialMovingAverage",
    "callbacks/GradientClipping",
    "callbacks/LearningRateFinder",
    "losses/BCEWithLogitsLoss",
    "losses/CosineEmbeddingLoss",
    "losses/HuberLoss",
    "losses/NLLLoss",
    "losses/TripletMarginLoss",
    "several_losses",
    "optimizers/AdamW",
    "optimizers/LBFGS",
    "optimizers/SparseAdam",
    "tabular/TabM",
]
"""Callbacks around each inner stage, losses of each kind of target, and optimizers with each kind of step."""

BESIDE_PLAIN = {
    "diabetes": 0.0,
    "callbacks/CSVLog": 0.005,
    "callbacks/LossPlot": 0.005,
    "losses/MSELoss": 0.005,
    "losses/HuberLoss": 0.01,
    "losses/L1Loss": 0.015,  # Its minimum is the median.
    "losses/PoissonNLLLoss": 0.01,
    "losses/SmoothL1Loss": 0.01,
    "losses/BCELoss": 0.009,  # One row of 113.
    "losses/CrossEntropyLoss": 0.0,
    "optimizers/Adam": 0.0,
    "optimizers/LBFGS": 0.009,  # One row of 113.
    "optimizers/Muon": 0.006,  # Two rows of 359, as below.
    "optimizers/Adafactor": 0.006,
    "optimizers/SparseAdam": 0.006,
    "optimizers/SGD": 0.0,
    "callbacks/ConfusionMatrix": 0.006,
    "callbacks/GradientClipping": 0.006,
}
"""How far the validation R2Score or Accuracy may be below that of a plain scikit-learn model."""

READ_BACK = {"MLflow", "WeightsAndBiases"}
"""Callbacks whose specs are tested elsewhere, since they need an environment of their own."""


@pytest.mark.parametrize("name", sampled(AT_LEAST, SAMPLE))
def test_a_spec_reaches_its_minimum_result(name, tmp_path, request):
    if request.node.get_closest_marker("exhaustive"):
        request.getfixturevalue("_real_curves")
    trial = hookline.train(hookline.load(SPECS / f"{name}.toml"), out=tmp_path / "run")
    reached = {metric: trial.metrics[metric] for metric in AT_LEAST[name]}
    assert {metric: value for metric, value in reached.items() if value < AT_LEAST[name][metric]} == {}


@pytest.mark.parametrize("name", sampled(BESIDE_PLAIN, ["diabetes", "losses/CrossEntropyLoss", "optimizers/SGD"]))
def test_a_spec_is_as_good_as_a_plain_model_on_the_same_split(name, tmp_path):
    trial = hookline.train(hookline.load(SPECS / f"{name}.toml"), out=tmp_path / "run")
    of_training, of_validation = (
        (next(iter(batches.all.inputs.values())).flatten(1).double().numpy(), next(iter(batches.all.targets.values())))
        for batches in (trial.data.training, trial.data.validation)
    )
    is_regression = "validation/R2Score" in trial.metrics
    plain = LinearRegression() if is_regression else LogisticRegression(max_iter=3000)
    plain = make_pipeline(StandardScaler(), plain).fit(of_training[0], of_training[1].numpy().ravel())
    reached = trial.metrics["validation/R2Score" if is_regression else "validation/Accuracy"]
    assert reached >= plain.score(of_validation[0], of_validation[1].numpy().ravel()) - BESIDE_PLAIN[name] - 1e-6


@pytest.mark.parametrize(
    ("section", "plugin", "family"),
    [
        ("callbacks", hookline_callbacks, hookline.spec.CallbackSpec),
        ("losses", hookline_losses, hookline.spec.LossSpec),
        ("optimizers", hookline_optimizers, hookline.spec.OptimizerSpec),
    ],
)
def test_every_component_has_a_spec_of_its_name_that_uses_it(section, plugin, family):
    names = {kind.__name__ for kind in plugin.register_specs().values() if issubclass(kind, family)} - {"Partition"}
    paths = list((SPECS / section).glob("*.toml"))
    assert {path.stem for path in paths} == names
    assert {name.partition("/")[2] for name in AT_LEAST if name.startswith(section)} == names - READ_BACK
    for path in paths:
        spec = hookline.load(path)
        used = {
            "callbacks": spec.callbacks,
            "losses": [spec.loss],
            "optimizers": [spec.optimizer, *_parts(spec.optimizer)],
        }[section]
        assert path.stem in [type(component).__name__ for component in used]


def test_every_model_for_tables_has_a_spec_of_its_name_that_uses_it():
    paths = {path.stem: path for path in (SPECS / "tabular").glob("*.toml")}
    models = {kind.__name__ for kind in hookline_tabular.register_specs().values() if kind.size_option is not None}
    assert set(paths) == models | {"Branches"}
    for name in models:
        assert type(hookline.load(paths[name]).model).__name__ == name


def _parts(optimizer):
    return [part.optimizer for part in getattr(optimizer, "parts", ())]
