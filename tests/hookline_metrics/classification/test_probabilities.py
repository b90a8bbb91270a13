"""Metrics of probabilities, compared with scikit-learn and numpy in float64."""

from math import isnan

import numpy
import pytest
import torch
from metric_batches import SIZES, check, drawn, evaluated
from sklearn import metrics as sklearn

from hookline_losses.classification import CrossEntropyLoss, NLLLoss
from hookline_losses.labels import BCELoss, BCEWithLogitsLoss
from hookline_losses.margin import MultiMarginLoss
from hookline_losses.probabilistic import KLDivLoss
from hookline_metrics.classification.distributions import JensenShannonDivergence, KLDivergence, Perplexity
from hookline_metrics.classification.probabilities import CalibrationError, HingeLoss


def calibration(confidence, hits, bins, norm):
    places = numpy.minimum((confidence * bins).astype(int), bins - 1)
    present = numpy.unique(places)
    differences = numpy.array([abs(hits[places == one].mean() - confidence[places == one].mean()) for one in present])
    weights = numpy.array([(places == one).mean() for one in present])
    if norm == "max":
        return differences.max()
    return (differences @ weights) if norm == "l1" else ((differences**2) @ weights) ** 0.5


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
@pytest.mark.parametrize("bins", [15, 4, 1])
def test_calibration_compares_probabilities_with_frequencies(norm, bins):
    outputs, targets = drawn("multiclass")
    metric = CalibrationError(norm=norm, n_bins=bins)
    most = outputs.softmax(dim=1).max(dim=1)
    right = calibration(most.values.double().numpy(), (most.indices == targets).numpy(), bins, norm)
    check(metric, CrossEntropyLoss(), outputs, targets, right)
    kept = targets != 2
    right = calibration(most.values.double().numpy()[kept], (most.indices == targets).numpy()[kept], bins, norm)
    check(metric, CrossEntropyLoss(ignore_index=2), outputs, targets, right)
    outputs, targets = (part.double() for part in drawn("binary"))
    right = calibration(outputs.sigmoid().double().numpy()[:, 0], targets.numpy()[:, 0], bins, norm)
    check(metric, BCEWithLogitsLoss(), outputs, targets, right)


def test_calibration_is_the_same_for_batches_of_any_size():
    outputs, targets = drawn("binary")
    outputs = outputs.sigmoid()
    assert len({evaluated(CalibrationError(), BCELoss(), outputs, targets, size) for size in SIZES}) == 1


def test_a_probability_of_1_is_in_the_last_bin():
    outputs, targets = torch.tensor([[1.0], [0.96]]), torch.tensor([[1.0], [0.0]])
    assert evaluated(CalibrationError(), BCELoss(), outputs, targets, 1) == pytest.approx(0.98 - 0.5, abs=1e-7)


@pytest.mark.parametrize("squared", [False, True])
def test_the_hinge_loss_equals_scikit_learn(squared):
    def mean(margins):
        terms = (1 - margins).clip(min=0)
        return (terms**2 if squared else terms).mean()

    metric = HingeLoss(squared=squared)
    outputs, targets = drawn("multiclass")
    outputs = outputs[:, :4]
    scores, probabilities = outputs.double().numpy(), outputs.softmax(dim=1).double().numpy()
    own = numpy.arange(4) == targets.numpy()[:, None]
    if not squared:
        check(metric, MultiMarginLoss(), outputs, targets, sklearn.hinge_loss(targets, scores))
        check(metric, CrossEntropyLoss(), outputs, targets, sklearn.hinge_loss(targets, probabilities))
    margins = scores[own] - numpy.where(own, -numpy.inf, scores).max(axis=1)
    check(metric, MultiMarginLoss(), outputs, targets, mean(margins))
    kept = targets.numpy() != 1
    check(HingeLoss(squared=squared, ignore_index=1), MultiMarginLoss(), outputs, targets, mean(margins[kept]))
    each = HingeLoss(squared=squared, multiclass_mode="one-vs-all")
    check(each, MultiMarginLoss(), outputs, targets, mean(numpy.where(own, scores, -scores)))
    outputs, targets = (part.double() for part in drawn("binary"))
    signed = outputs.sigmoid().double().numpy() * (2 * targets.numpy() - 1)
    check(metric, BCEWithLogitsLoss(), outputs, targets, mean(signed))


def test_divergences_of_true_classes_follow_from_the_log_loss():
    outputs, targets = drawn("multiclass")
    outputs = outputs[:, :4].double()
    probabilities = outputs.softmax(dim=1).numpy()
    right = sklearn.log_loss(targets, probabilities)
    check(KLDivergence(), CrossEntropyLoss(), outputs, targets, right)
    check(KLDivergence(reduction="sum"), NLLLoss(), outputs.log_softmax(dim=1), targets, right * 60)
    check(Perplexity(), CrossEntropyLoss(), outputs, targets, numpy.exp(right))
    kept = targets.numpy() != 1
    some = numpy.exp(sklearn.log_loss(targets[kept], probabilities[kept], labels=range(4)))
    check(Perplexity(ignore_index=1), CrossEntropyLoss(), outputs, targets, some)
    check(Perplexity(), CrossEntropyLoss(ignore_index=1), outputs, targets, some)
    check(
        JensenShannonDivergence(), CrossEntropyLoss(), outputs, targets, shannon(numpy.eye(4)[targets], probabilities)
    )


def divergence(one, two):
    return numpy.where(one > 0, one * numpy.log(numpy.where(one > 0, one, 1) / two), 0).sum(axis=1)


def shannon(one, two):
    middle = (one + two) / 2
    return (divergence(one, middle) + divergence(two, middle)).mean() / 2


@pytest.mark.parametrize("is_logarithm", [False, True])
def test_divergences_compare_whole_distributions(is_logarithm):
    outputs, targets = torch.randn(2, 60, 4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    logs, targets = outputs.log_softmax(dim=1), targets.softmax(dim=1)
    loss, given = KLDivLoss(log_target=is_logarithm), targets.log() if is_logarithm else targets
    one, two = targets.numpy(), logs.exp().numpy()
    check(KLDivergence(), loss, logs, given, divergence(one, two).mean())
    check(JensenShannonDivergence(), loss, logs, given, shannon(one, two))
    check(KLDivergence(), CrossEntropyLoss(), outputs, targets, divergence(one, two).mean())


def test_a_probability_of_0_has_a_finite_logarithm():
    outputs, targets = torch.tensor([[-1e4, 0.0], [0.0, -1e4]]), torch.tensor([0, 0])
    right = -numpy.log(numpy.finfo(numpy.float32).eps) / 2
    assert evaluated(KLDivergence(), CrossEntropyLoss(), outputs, targets, 1) == pytest.approx(right, rel=1e-7)


@pytest.mark.parametrize("metric", [CalibrationError(), HingeLoss(), KLDivergence(), Perplexity()], ids=repr)
def test_a_nan_prediction_or_no_counted_row_makes_the_metric_undefined(metric):
    outputs, targets = drawn("multiclass")
    assert isnan(evaluated(metric, CrossEntropyLoss(ignore_index=2), outputs, targets * 0 + 2))
    outputs[3, 1] = torch.nan
    assert isnan(evaluated(metric, CrossEntropyLoss(), outputs, targets))


@pytest.mark.parametrize("metric", [CalibrationError(), KLDivergence(), Perplexity()], ids=repr)
def test_scores_are_not_probabilities(metric):
    with pytest.raises(ValueError, match="needs probabilities, but MultiMarginLoss predicts scores"):
        metric.check(MultiMarginLoss())
