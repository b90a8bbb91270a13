"""Which metrics fit which losses: `check` accepts exactly the pairs that compute numbers."""

import math
import warnings
from pathlib import Path

import pytest

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
DECIDING, NUMBERS = ("Accuracy", "F1Score", "Precision", "Recall"), ("MeanAbsoluteError", "MeanSquaredError", "R2Score")
SIGNS = ("CosineEmbeddingLoss", "HingeEmbeddingLoss", "MarginRankingLoss", "SoftMarginLoss")
JUDGED_BY = {
    "classes": {*DECIDING, "AUROC"},
    "labels": {*DECIDING, "AUROC", *NUMBERS},
    "numbers": {*NUMBERS},
    "sequences": {"SequenceAccuracy", "SymbolErrorRate"},
    "triplets": {*DECIDING},
}
"""The metrics that are accepted without options, by what the loss offers."""


def problems(loss, metric):
    try:
        hookline.load(SPECS / f"{loss}.toml", [f'metrics=[{{type = "{metric}"}}]'])
    except hookline.errors.SpecError as error:
        return [problem.path for problem in error.problems]
    return []


@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_works_with_the_metrics_that_take_its_predictions(loss):
    offered = hookline.load(SPECS / f"{loss}.toml").loss.offers
    assert offered == OFFERS[loss]
    accepted = JUDGED_BY[offered] - ({*NUMBERS} if loss in SIGNS else set())
    for metric in METRICS:
        assert problems(loss, metric) == ([] if metric in accepted else [("metrics", 0, "type")]), metric


@pytest.mark.parametrize("loss", ["BCELoss", "CTCLoss", "MSELoss", "MultiMarginLoss", "TripletMarginLoss"])
def test_accepted_pairs_compute_numbers(loss, tmp_path):
    accepted = [metric for metric in METRICS if not problems(loss, metric)]
    listed = ", ".join(f'{{type = "{metric}"}}' for metric in accepted)
    made = hookline.load(SPECS / f"{loss}.toml", [f"metrics=[{listed}]", "run.epochs=1", "callbacks=[]", "deploy=[]"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        trial = hookline.train(made, out=tmp_path / "run")
    assert [metric for metric in accepted if not math.isfinite(trial.metrics[f"validation/{metric}"])] == []


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


@pytest.mark.parametrize("metric", [*METRICS, "Spread"])
def test_a_loss_of_embeddings_works_only_with_metrics_of_embeddings(metric):
    table = {
        "data": {"type": "Random", "features": 1, "targets": [0, 1]},
        "model": {"type": "Linear", "out_features": 8},
        "loss": {"type": "Contrastive"},
        "optimizer": {"type": "SGD"},
        "metrics": [{"type": metric}],
    }
    if metric == "Spread":
        hookline.load(table, plugins=[Plugin()])
        return
    with pytest.raises(hookline.errors.SpecError) as raised:
        hookline.load(table, plugins=[Plugin()])
    [problem] = raised.value.problems
    assert problem.path == ("metrics", 0, "type")
    assert problem.message.endswith("but Contrastive trains embeddings.")
