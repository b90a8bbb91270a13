"""Precision, equal error rate and operating points of curves, compared with scikit-learn in float64."""

from math import isnan, log

import numpy
import pytest
import torch
from metric_batches import check, drawn, evaluated
from sklearn import metrics as sklearn

from hookline_losses.classification import CrossEntropyLoss
from hookline_losses.labels import BCEWithLogitsLoss
from hookline_losses.regression import MSELoss
from hookline_metrics.ranking.areas import EER, AveragePrecision, LogAUC
from hookline_metrics.ranking.operating_points import (
    PrecisionAtFixedRecall,
    RecallAtFixedPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
)


def roc(true, scores):
    return sklearn.roc_curve(true, scores, drop_intermediate=False)[:2]


def error_rate(true, scores):
    accepted, found = roc(true, scores)
    nearest = abs(1 - found - accepted).argmin()
    return (1 - found[nearest] + accepted[nearest]) / 2


def log_area(true, scores, low=0.05, high=0.5):
    rates, heights = roc(true, scores)
    is_inside = (rates > low) & (rates < high)
    upper = [heights[rates <= low][-1]] if low in rates else [numpy.interp(low, rates, heights)]
    points = numpy.concatenate([upper, heights[is_inside], [numpy.interp(high, rates, heights)]])
    places = numpy.log(numpy.concatenate([[low], rates[is_inside], [high]]))
    return numpy.trapezoid(points, places) / log(high / low)


def recall_at(true, scores):
    precision, recall, _ = sklearn.precision_recall_curve(true, scores)
    return recall[precision >= 0.6].max()


def precision_at(true, scores):
    precision, recall, _ = sklearn.precision_recall_curve(true, scores)
    return precision[recall >= 0.6].max()


def sensitivity_at(true, scores):
    accepted, found = roc(true, scores)
    return found[1 - accepted >= 0.6].max()


def specificity_at(true, scores):
    accepted, found = roc(true, scores)
    return (1 - accepted[found >= 0.6]).max()


THEIRS = {
    AveragePrecision(): sklearn.average_precision_score,
    EER(): error_rate,
    LogAUC(fpr_range=(0.05, 0.5)): log_area,
    RecallAtFixedPrecision(min_precision=0.6): recall_at,
    PrecisionAtFixedRecall(min_recall=0.6): precision_at,
    SensitivityAtSpecificity(min_specificity=0.6): sensitivity_at,
    SpecificityAtSensitivity(min_sensitivity=0.6): specificity_at,
}


@pytest.mark.parametrize("metric", THEIRS, ids=repr)
def test_numbers_of_curves_equal_scikit_learn(metric):
    def right(true, scores):
        return THEIRS[metric](true.numpy(), scores.double().numpy())

    outputs, targets = drawn("binary")
    for given in (outputs, (outputs * 4).round() / 4):
        check(metric, BCEWithLogitsLoss(), given, targets, right(targets[:, 0], given[:, 0]))
    outputs, targets = drawn("multilabel")
    mean = numpy.mean([right(targets[:, label], outputs[:, label]) for label in range(3)])
    check(metric, BCEWithLogitsLoss(), outputs, targets, mean)
    outputs, targets = drawn("multiclass")
    kept = targets != 2
    for loss, rows, classes in (
        (CrossEntropyLoss(), kept | True, [0, 1, 2, 3]),
        (CrossEntropyLoss(ignore_index=2), kept, [0, 1, 3]),
    ):
        scores = loss.scores(None, outputs, None)[rows]
        mean = numpy.mean([right(targets[rows] == index, scores[:, index]) for index in classes])
        check(metric, loss, outputs, targets, mean)


def test_averages_over_classes():
    outputs, targets = drawn("multiclass")
    outputs = outputs[:, :4].double()
    probabilities, true = outputs.softmax(dim=1).numpy(), numpy.eye(4)[targets]
    right = sklearn.average_precision_score(true, probabilities, average="weighted")
    check(AveragePrecision(average="weighted"), CrossEntropyLoss(), outputs, targets, right)
    together = error_rate(true.ravel(), probabilities.ravel())
    check(EER(average="micro"), CrossEntropyLoss(), outputs, targets, together)
    thresholds = tuple(numpy.unique(probabilities).tolist())
    check(EER(average="micro", thresholds=thresholds), CrossEntropyLoss(), outputs, targets, together)


@pytest.mark.parametrize("metric", THEIRS, ids=repr)
def test_thresholds_at_every_prediction_give_the_exact_number(metric):
    outputs, targets = drawn("binary")
    options = {"thresholds": tuple(outputs.sigmoid().unique().tolist())}
    for name in ("fpr_range", "min_precision", "min_recall", "min_specificity", "min_sensitivity"):
        if hasattr(metric, name):
            options[name] = getattr(metric, name)
    right = THEIRS[metric](targets.numpy()[:, 0], outputs.double().numpy()[:, 0])
    check(type(metric)(**options), BCEWithLogitsLoss(), outputs, targets, right)
    check(type(metric)(**options, task="binary"), MSELoss(), outputs.sigmoid(), targets, right)


@pytest.mark.parametrize("metric", THEIRS, ids=repr)
def test_a_split_without_positive_rows_has_no_curve(metric):
    outputs, targets = drawn("binary")
    assert isnan(evaluated(metric, BCEWithLogitsLoss(), outputs, targets * 0))
    # Precision and recall do not need negative rows.
    needs_both = isinstance(metric, (EER, LogAUC, SensitivityAtSpecificity, SpecificityAtSensitivity))
    assert isnan(evaluated(metric, BCEWithLogitsLoss(), outputs, targets * 0 + 1)) == needs_both
    outputs[5] = torch.nan
    assert isnan(evaluated(metric, BCEWithLogitsLoss(), outputs, targets))


def test_a_rate_that_is_never_reached_gives_0():
    outputs, targets = torch.tensor([[2.0], [1.0]]), torch.tensor([[0.0], [1.0]])
    assert evaluated(RecallAtFixedPrecision(min_precision=0.9), BCEWithLogitsLoss(), outputs, targets) == 0


def test_a_specificity_of_one_tenth_is_reached_by_one_of_ten_rows():
    outputs = torch.arange(11.0).unsqueeze(1)
    targets = (outputs == 1).float()
    assert evaluated(SensitivityAtSpecificity(min_specificity=0.1), BCEWithLogitsLoss(), outputs, targets) == 1


def test_the_range_of_rates_must_not_be_empty():
    with pytest.raises(ValueError, match="The first rate must be less than the second") as raised:
        LogAUC(fpr_range=(0.5, 0.5))
    assert raised.value.path == ("fpr_range",)
