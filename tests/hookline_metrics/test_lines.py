"""The lines of metrics compute what the metrics compute."""

from types import SimpleNamespace

import pytest
import torch

import hookline
from hookline.errors import MismatchError
from hookline.script import PredictionNames, Script, refuse_inherited_lines
from hookline.script.written import is_written
from hookline_metrics import register_specs
from hookline_metrics.regression.errors import MeanAbsoluteError

ROWS = 60
GENERATOR = torch.Generator().manual_seed(1)


def drawn(*shape):
    return torch.randn(shape, generator=GENERATOR)


def rounded(*shape):
    """Numbers of which many are equal."""
    return (2 * drawn(*shape)).round() / 2


POSITIVE = drawn(ROWS, 2).abs() + 0.1, drawn(ROWS, 2).abs() + 0.1
REGRESSION = {
    "of positive numbers": (POSITIVE[0], POSITIVE[1]),
    "of one column": (rounded(ROWS, 1), rounded(ROWS, 1)),
    "of two columns": (drawn(ROWS, 2), drawn(ROWS, 2)),
}
OF_NUMBERS = [
    *((name, {}) for name in ("MeanAbsoluteError", "MeanSquaredError", "LogCoshError", "MeanAbsolutePercentageError")),
    *((name, {}) for name in ("SymmetricMeanAbsolutePercentageError", "WeightedMeanAbsolutePercentageError")),
    *((name, {}) for name in ("PearsonCorrCoef", "SpearmanCorrCoef", "ConcordanceCorrCoef", "ExplainedVariance")),
    *(("KendallRankCorrCoef", {"variant": variant}) for variant in "abc"),
    *(("NormalizedRootMeanSquaredError", {"normalization": name}) for name in ("mean", "range", "std", "l2")),
    *(("CosineSimilarity", {"reduction": name}) for name in ("sum", "mean")),
    *(("RelativeSquaredError", {"squared": squared}) for squared in (True, False)),
    *(("R2Score", options) for options in ({}, {"adjusted": 3}, {"multioutput": "variance_weighted"})),
    *(("TweedieDevianceScore", {"power": power}) for power in (-0.5, 0.0, 1.0, 1.5, 2.0, 3.0)),
    ("MeanSquaredError", {"squared": False}),
    ("MeanSquaredLogError", {}),
    ("ExplainedVariance", {"multioutput": "variance_weighted"}),
    ("MinkowskiDistance", {"p": 3.0}),
    ("CriticalSuccessIndex", {"threshold": 0.5}),
]
ONLY_POSITIVE = {"TweedieDevianceScore", "MeanSquaredLogError"}


def metrics(loss, given):
    """The metrics of these types and options, and their loss."""
    spec = {
        "data": {"type": "Random", "features": 2, "targets": [0.0, 1.0, 1.0]},
        "model": {"type": "Linear", "out_features": 1},
        "loss": loss,
        "optimizer": {"type": "SGD"},
        "metrics": [{"type": name, "name": str(index), **options} for index, (name, options) in enumerate(given)],
    }
    loaded = hookline.load(spec)
    return loaded.metrics, loaded.loss


def computed(metric, loss, predictions, scores, targets):
    """What a metric computes, and what its lines do."""
    used = scores if metric.ranks else predictions
    state = metric.build(loss, used)
    for part in zip(used.split(7), targets.split(7), strict=True):
        state.update(*part)
    script = Script(seed=0, epochs=1, dtype="float32")
    script.use("import torch")
    refuse_inherited_lines(metric)
    names = {"predictions": "predictions", "scores": "scores", "truth": "targets", "distribution": "targets"}
    example = SimpleNamespace(
        predictions=predictions[:7], scores=scores[:7], truth=targets[:7], distribution=targets[:7]
    )
    script.add("result", f"number = {metric.eject(script, loss, PredictionNames(**names, example=example))}")
    variables = {"predictions": predictions, "scores": scores, "targets": targets}
    exec(script.text('"""A metric."""'), variables)  # noqa: S102 - Hookline wrote it.
    return state.compute(), variables["number"]


def differing(loss, given, cases):
    """The metrics whose lines compute something else."""
    made, loss = metrics(loss, given)
    found = {}
    for metric, (name, options) in zip(made, given, strict=True):
        for case, (predictions, scores, targets) in cases.items():
            if name in ONLY_POSITIVE and "positive" not in case:
                continue
            expected, number = computed(metric, loss, predictions, scores, targets)
            if number != pytest.approx(expected, rel=1e-12, abs=1e-13, nan_ok=True) or not isinstance(number, float):
                found[name, str(options), case] = number, expected
    return found


def test_the_lines_of_metrics_of_numbers_compute_the_same():
    cases = {name: (predictions, predictions, targets) for name, (predictions, targets) in REGRESSION.items()}
    assert differing({"type": "MSELoss"}, OF_NUMBERS, cases) == {}


def test_every_metric_of_numbers_is_tested():
    tested = {name for name, _ in OF_NUMBERS}
    kinds = {
        name: kind for name, kind in register_specs().items() if kind.__module__.startswith("hookline_metrics.regr")
    }
    assert tested == set(kinds)


LOGITS = rounded(ROWS, 1), (drawn(ROWS, 1) > 0).float()
OF_CLASSES = rounded(ROWS, 3), torch.randint(3, (ROWS,), generator=GENERATOR)
OF_LABELS = rounded(ROWS, 3), (drawn(ROWS, 3) > 0).float()
CURVES = [
    *((name, {}) for name in ("AUROC", "AveragePrecision", "EER", "LogAUC")),
    *((name, {"thresholds": 5}) for name in ("AUROC", "AveragePrecision", "EER", "LogAUC")),
    *((name, {"average": "weighted", "thresholds": [0.5, 0.2]}) for name in ("AUROC", "AveragePrecision")),
    ("AUROC", {"average": "weighted"}),
    ("EER", {"average": "micro"}),
    ("LogAUC", {"fpr_range": [0.01, 0.9]}),
    ("RecallAtFixedPrecision", {"min_precision": 0.4}),
    ("PrecisionAtFixedRecall", {"min_recall": 0.6}),
    ("SensitivityAtSpecificity", {"min_specificity": 0.5}),
    ("SpecificityAtSensitivity", {"min_sensitivity": 0.5}),
]
BINARY = [("AUROC", {"max_fpr": 0.3}), ("AUROC", {"max_fpr": 1.0})]
IGNORING = [("AUROC", {"ignore_index": 1}), ("EER", {"ignore_index": 1, "average": "micro"})]


def test_the_lines_of_metrics_of_curves_compute_the_same():
    logits, truth = LOGITS
    of_one = {"of one label": (logits.sigmoid(), logits, truth)}
    assert differing({"type": "BCEWithLogitsLoss"}, [*CURVES, *BINARY], of_one) == {}
    logits, truth = OF_LABELS
    assert differing({"type": "BCEWithLogitsLoss"}, CURVES, {"of labels": (logits.sigmoid(), logits, truth)}) == {}
    logits, truth = OF_CLASSES
    of_classes = {"of classes": (logits.softmax(dim=1), logits, truth)}
    images = logits.reshape(4, 15, 3).movedim(2, 1)
    of_classes["of steps"] = images.softmax(dim=1), images, truth.reshape(4, 15)
    assert differing({"type": "CrossEntropyLoss"}, [*CURVES, *IGNORING], of_classes) == {}


OF_LABELS_OR_CLASSES = [
    *(("CalibrationError", {"n_bins": 4, "norm": norm}) for norm in ("l1", "l2", "max")),
    *(("HingeLoss", {"squared": squared}) for squared in (True, False)),
    ("CohenKappa", {}),
    ("MatthewsCorrCoef", {}),
    *((name, {"average": "macro"}) for name in ("Accuracy", "F1Score", "Precision", "Specificity")),
]
ONLY_OF_CLASSES = [
    *((name, {"ignore_index": 1}) for name in ("CohenKappa", "MatthewsCorrCoef", "ExactMatch", "Perplexity")),
    *(("CohenKappa", {"weights": weights}) for weights in ("linear", "quadratic")),
    *(("CohenKappa", {"weights": weights, "ignore_index": 1}) for weights in ("linear", "quadratic")),
    *((name, {"ignore_index": 1}) for name in ("CalibrationError", "HingeLoss")),
    ("HingeLoss", {"multiclass_mode": "one-vs-all"}),
    *((name, {"top_k": 2}) for name in ("Accuracy", "F1Score")),
    ("Recall", {"top_k": 2, "average": "macro", "ignore_index": 1}),
    *((name, {}) for name in ("ExactMatch", "KLDivergence", "JensenShannonDivergence", "Perplexity")),
    *((name, {"reduction": "sum"}) for name in ("KLDivergence", "JensenShannonDivergence")),
]


def test_the_lines_of_metrics_of_classes_compute_the_same():
    logits, truth = LOGITS
    of_one = {"of one label": (logits.sigmoid(), logits, truth)}
    assert differing({"type": "BCEWithLogitsLoss"}, OF_LABELS_OR_CLASSES, of_one) == {}
    logits, truth = OF_LABELS
    labels = {"of labels": (logits.sigmoid(), logits, truth)}
    rankings = ("MultilabelCoverageError", "MultilabelRankingAveragePrecision", "MultilabelRankingLoss")
    of_labels = [one for one in OF_LABELS_OR_CLASSES if one[0] not in ("CalibrationError", "HingeLoss", "CohenKappa")]
    of_labels += [*((name, {}) for name in rankings), ("ExactMatch", {}), ("ExactMatch", {"ignore_index": 0})]
    assert differing({"type": "BCEWithLogitsLoss"}, of_labels, labels) == {}
    logits, truth = OF_CLASSES
    images = logits.reshape(4, 15, 3).movedim(2, 1)
    of_classes = {
        "of classes": (logits.softmax(dim=1), logits, truth),
        "of steps": (images.softmax(dim=1), images, truth.reshape(4, 15)),
    }
    given = [*OF_LABELS_OR_CLASSES, *ONLY_OF_CLASSES]
    assert differing({"type": "CrossEntropyLoss"}, given, of_classes) == {}


def test_the_lines_of_metrics_of_distributions_compute_the_same():
    logits, others = drawn(ROWS, 3), drawn(ROWS, 3)
    case = {"of distributions": (logits.softmax(dim=1), logits, others.softmax(dim=1))}
    given = [(name, {}) for name in ("KLDivergence", "JensenShannonDivergence", "Perplexity")]
    assert differing({"type": "CrossEntropyLoss"}, given, case) == {}


def test_a_metric_that_computes_something_else_does_not_inherit_the_lines():
    class OtherError(MeanAbsoluteError):
        def terms(self, predictions, targets):
            return (2 * (predictions - targets).abs(),)

    assert is_written(MeanAbsoluteError)
    assert not is_written(OtherError)
    with pytest.raises(
        MismatchError, match="OtherError has no lines of torch: it overrides `terms`, but not `formula`"
    ):
        refuse_inherited_lines(OtherError())


OF_TABLES = [
    *((name, {}) for name in ("MutualInfoScore", "HomogeneityScore", "CompletenessScore", "RandScore", "TheilsU")),
    *((name, {}) for name in ("AdjustedRandScore", "FowlkesMallowsIndex", "PearsonsContingencyCoefficient")),
    *((name, {"bias_correction": one}) for name in ("CramersV", "TschuprowsT") for one in (True, False)),
    *(("NormalizedMutualInfoScore", {"average_method": name}) for name in ("min", "geometric", "arithmetic", "max")),
    ("VMeasureScore", {"beta": 2.0}),
    ("ClusterAccuracy", {}),
]


def test_the_lines_of_metrics_of_tables_compute_the_same():
    logits, truth = LOGITS
    of_one = {"of one label": (logits.sigmoid(), logits, truth)}
    assert differing({"type": "BCEWithLogitsLoss"}, OF_TABLES, of_one) == {}
    logits, truth = OF_CLASSES
    one = torch.tensor([[0.0, 9.0, 0.0]]).expand(ROWS, 3)
    cases = {
        "of classes": (logits.softmax(dim=1), logits, truth),
        "of one predicted class": (one.softmax(dim=1), one, truth),
        "of equal classes": (one.softmax(dim=1), one, torch.ones_like(truth)),
    }
    assert differing({"type": "CrossEntropyLoss"}, OF_TABLES, cases) == {}
