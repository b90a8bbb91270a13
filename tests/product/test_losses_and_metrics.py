"""Which metrics fit which losses: `check` accepts exactly the pairs that compute numbers."""

import json
import math
import warnings
from pathlib import Path

import pytest
from metric_batches import OPTIONS

import hookline
import hookline_losses
import hookline_metrics
from hookline.data import Classes
from hookline.spec import LossSpec, MetricSpec, spec

SPECS = Path(__file__).parents[2] / "specs/losses"
LOSSES = sorted(name for name, kind in hookline_losses.register_specs().items() if issubclass(kind, LossSpec))
METRICS = hookline_metrics.register_specs()
OFFERS = {
    "AdaptiveLogSoftmaxWithLoss": "classes",
    "BCELoss": "labels",
    "BCEWithLogitsLoss": "labels",
    "CTCLoss": "sequences",
    "CosineEmbeddingLoss": "labels",
    "CrossEntropyLoss": "classes",
    "GaussianNLLLoss": "numbers",
    "HingeEmbeddingLoss": "labels",
    "HuberLoss": "numbers",
    "KLDivLoss": "classes",
    "L1Loss": "numbers",
    "LinearCrossEntropyLoss": "classes",
    "MSELoss": "numbers",
    "MarginRankingLoss": "labels",
    "MultiLabelMarginLoss": "labels",
    "MultiLabelSoftMarginLoss": "labels",
    "MultiMarginLoss": "classes",
    "NLLLoss": "classes",
    "PoissonNLLLoss": "numbers",
    "SmoothL1Loss": "numbers",
    "SoftMarginLoss": "labels",
    "TripletMarginLoss": "triplets",
    "TripletMarginWithDistanceLoss": "triplets",
}
SIGNS = ("CosineEmbeddingLoss", "HingeEmbeddingLoss", "MarginRankingLoss", "SoftMarginLoss")


def in_modules(*names):
    """Return the metrics of these modules."""
    found = {name for name, kind in METRICS.items() if kind.__module__.removeprefix("hookline_metrics.") in names}
    assert found
    return found


DECIDING = in_modules("classification.decisions", "classification.rates") - {"Specificity", "NegativePredictiveValue"}
OF_TWO_CLASSES = in_modules("ranking.areas", "ranking.operating_points")
OF_TWO_CLASSES |= {"Specificity", "NegativePredictiveValue", "MatthewsCorrCoef"}
ONE_CLASS = in_modules("clustering.clusters", "clustering.nominal", "clustering.pairs") | {
    "CohenKappa",
    "CalibrationError",
    "HingeLoss",
}
DISTRIBUTIONS = in_modules("classification.distributions")
LABELS = in_modules("ranking.labels") | {"ExactMatch"}
NUMBERS = in_modules("regression.errors", "regression.ranks", "regression.relative", "regression.variance")
JUDGED_BY = {
    "classes": {*DECIDING, *OF_TWO_CLASSES, *ONE_CLASS, *DISTRIBUTIONS, "ExactMatch"},
    "labels": {*DECIDING, *OF_TWO_CLASSES, *ONE_CLASS, *LABELS, *NUMBERS},
    "numbers": NUMBERS,
    "sequences": in_modules("sequence"),
    "triplets": DECIDING,
}
"""The metrics that are accepted without a task, by what the loss offers."""
EXCEPT = {
    **dict.fromkeys(SIGNS, NUMBERS),
    "CosineEmbeddingLoss": NUMBERS | LABELS,  # One label for each pair.
    "MultiLabelMarginLoss": ONE_CLASS,
    "MultiMarginLoss": {"CalibrationError", *DISTRIBUTIONS},  # They need probabilities.
}
WITH_ANOTHER_NUMBER_OF_OUTPUTS = {"BCELoss": LABELS, "MultiLabelSoftMarginLoss": ONE_CLASS}


def listed(metrics):
    tables = [{"type": metric, **OPTIONS.get(metric, {})} for metric in metrics]
    lines = (", ".join(f"{key} = {json.dumps(value)}" for key, value in table.items()) for table in tables)
    return "metrics=[" + ", ".join(f"{{{line}}}" for line in lines) + "]"


def problems(loss, metrics):
    try:
        hookline.load(SPECS / f"{loss}.toml", [listed(metrics)])
    except hookline.errors.SpecError as error:
        return [problem.path for problem in error.problems]
    return []


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_works_with_the_metrics_that_take_its_predictions(loss):
    offered = hookline.load(SPECS / f"{loss}.toml").loss.offers
    assert offered == OFFERS[loss]
    accepted = JUDGED_BY[offered] - EXCEPT.get(loss, set())
    refused = [("metrics", index, "type") for index, metric in enumerate(METRICS) if metric not in accepted]
    assert problems(loss, METRICS) == refused


@pytest.mark.parametrize(
    "loss", ["BCELoss", "CTCLoss", "CrossEntropyLoss", "MSELoss", "MultiLabelSoftMarginLoss", "TripletMarginLoss"]
)
def test_accepted_pairs_compute_numbers(loss, tmp_path):
    made = hookline.load(SPECS / f"{loss}.toml", ["run.epochs=1", "callbacks=[]", "deploy=[]"])
    accepted = sorted(
        JUDGED_BY[made.loss.offers] - EXCEPT.get(loss, set()) - WITH_ANOTHER_NUMBER_OF_OUTPUTS.get(loss, set())
    )
    made = hookline.load(SPECS / f"{loss}.toml", ["run.epochs=1", "callbacks=[]", "deploy=[]", listed(accepted)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trial = hookline.train(made, out=tmp_path / "run")
    undefined = [metric for metric in accepted if not math.isfinite(trial.metrics[f"validation/{metric}"])]
    assert undefined == (["MeanSquaredLogError"] if loss == "MSELoss" else [])  # A prediction is below -1.


@spec
class Contrastive(LossSpec):
    """A loss of embeddings that moves rows of one class together."""

    encoding = Classes()
    offers = "embeddings"


@spec
class Spread(MetricSpec):
    """A metric of embeddings."""

    takes = ("embeddings",)


class Plugin:
    @hookline.hookimpl
    def register_specs(self):
        return [Contrastive, Spread]


def test_a_loss_of_embeddings_works_only_with_metrics_of_embeddings():
    table = {
        "data": {"type": "Random", "features": 1, "targets": [0, 1]},
        "model": {"type": "Linear", "out_features": 8},
        "loss": {"type": "Contrastive"},
        "optimizer": {"type": "SGD"},
        "metrics": [{"type": "Spread"}, *({"type": metric, **OPTIONS.get(metric, {})} for metric in METRICS)],
    }
    with pytest.raises(hookline.errors.SpecError) as raised:
        hookline.load(table, plugins=[Plugin()])
    problems = raised.value.problems
    assert [problem.path for problem in problems] == [("metrics", index + 1, "type") for index in range(len(METRICS))]
    assert {problem.message.endswith("but Contrastive trains embeddings.") for problem in problems} == {True}
