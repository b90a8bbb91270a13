"""A finished run of each shipped spec is evaluated exactly as it was in training, at any batch size."""

import math
import warnings
from pathlib import Path

import numpy
import pytest
from exhaustive import sampled
from sklearn import metrics as sklearn_metrics

import hookline

SPECS = Path(__file__).parents[2] / "specs"
NAMES = sorted(
    str(path.relative_to(SPECS).with_suffix("")) for path in SPECS.rglob("*.toml") if path.parent.name != "tuning"
)
SAMPLE = ["iris", "losses/CTCLoss", "losses/GaussianNLLLoss", "losses/MultiLabelMarginLoss", "several_losses"]
NEED_A_SERVER = {"callbacks/MLflow", "callbacks/WeightsAndBiases"}
CHANGES = {"callbacks/StochasticWeightAveraging": ["callbacks.0.start=1", "callbacks.0.anneal_epochs=1"]}
"""What must also change for two epochs."""
COUNTED = {"Accuracy", "F1Score", "Precision", "Recall", "SequenceAccuracy", "SymbolErrorRate"}
"""The metrics that only count rows: they are equal, not close, at any batch size."""


def same(one, other):
    """Whether numbers are equal, or NaN."""
    return one.keys() == other.keys() and all(
        one[name] == other[name] or (math.isnan(one[name]) and math.isnan(other[name])) for name in one
    )


@pytest.mark.parametrize("name", sampled([one for one in NAMES if one not in NEED_A_SERVER], SAMPLE))
def test_numbers_are_those_of_the_training_at_any_batch_size(name, tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", hookline.HooklineWarning)
        changes = ["run.epochs=2", *CHANGES.get(name, ())]
        trained = hookline.train(hookline.load(SPECS / f"{name}.toml", changes), out=tmp_path / "run")
        run = hookline.open_run(tmp_path / "run")
        for split in ("training", "validation", "test"):
            if split not in trained.data.splits():
                continue
            reported = {
                key.partition("/")[2]: value
                for key, value in run.metrics.items()
                if key.startswith(f"{split}/") and trained.measured[split] == "saved weights"
            }
            numbers = run.evaluate(split)
            assert same(numbers, reported) or not reported
            for batch_size in (1, 7, 32, run.data.rows[split]):
                if batch_size == 1 and run.data.rows[split] > 1000:
                    continue  # The other splits of such a file are evaluated row by row.
                other = run.evaluate(split, batch_size=batch_size)
                assert list(other) == list(numbers)
                for key, value in numbers.items():
                    exact = key in COUNTED
                    assert other[key] == (value if exact else pytest.approx(value, rel=2e-6, abs=1e-7, nan_ok=True))
            assert not run.model.training


@pytest.mark.parametrize("name", sampled(["iris", "breast_cancer", "diabetes", "digits"], ["iris", "diabetes"]))
def test_metrics_are_those_of_scikit_learn_for_the_predictions(name, tmp_path):
    hookline.train(hookline.load(SPECS / f"{name}.toml", ["run.epochs=3"]), out=tmp_path / "run")
    run = hookline.open_run(tmp_path / "run")
    numbers, found = run.metrics, run.evaluation()
    [details] = found.targets.values()
    true, predicted = details.truth.astype(numpy.float64), details.predicted.astype(numpy.float64)
    if details.kind == "numbers":
        assert numbers["test/R2Score"] == pytest.approx(sklearn_metrics.r2_score(true, predicted), rel=1e-12)
        [summary] = details.residuals().values()
        assert summary.root_mean_square**2 == pytest.approx(numbers["test/MeanSquaredError"], rel=1e-12)
        return
    assert numbers["test/Accuracy"] == sklearn_metrics.accuracy_score(true, predicted)
    average = "binary" if details.is_binary else "macro"
    if "test/F1Score" in numbers:
        f1 = sklearn_metrics.f1_score(true.ravel(), predicted.ravel(), average=average)
        assert numbers["test/F1Score"] == pytest.approx(f1, rel=1e-12)
    matrix = sklearn_metrics.confusion_matrix(true, predicted, labels=range(len(details.classes)))
    assert (details.confusion().matrix() == matrix).all()
