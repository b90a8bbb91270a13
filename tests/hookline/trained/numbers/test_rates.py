import numpy
import pytest
from sklearn.metrics import auc, average_precision_score, precision_recall_curve, roc_auc_score, roc_curve

from hookline.trained.numbers.rates import mean_curves, rate_curve

RNG = numpy.random.default_rng(5)
TRUTH = RNG.random(400) > 0.7
TIED = numpy.round(RNG.random(400) * 0.6 + TRUTH * 0.3, 1)
"""Scores of which many are equal."""


@pytest.mark.parametrize("scores", [TIED, RNG.standard_normal(400), numpy.zeros(400)], ids=["tied", "any", "equal"])
def test_curves_are_those_of_scikit_learn(scores):
    curve = rate_curve(TRUTH, scores)
    rates, recalls, thresholds = roc_curve(TRUTH, scores, drop_intermediate=False)
    assert curve.false_positive_rate.tolist() == rates.tolist()
    assert curve.recall.tolist() == recalls.tolist()
    assert curve.thresholds.tolist() == thresholds.tolist()
    precisions, recalls, _ = precision_recall_curve(TRUTH, scores)
    assert curve.precision[::-1].tolist() == [*precisions[:-1].tolist(), 1.0]
    assert curve.recall[::-1].tolist() == recalls.tolist()
    assert curve.area == pytest.approx(roc_auc_score(TRUTH, scores), rel=1e-14)
    assert curve.average_precision == pytest.approx(average_precision_score(TRUTH, scores), rel=1e-14)


def test_a_class_without_rows_has_no_area():
    curve = rate_curve(numpy.zeros(3, dtype=bool), numpy.array([0.1, 0.2, 0.3]))
    assert not curve.is_defined
    assert numpy.isnan(curve.area)
    assert numpy.isnan(curve.average_precision)
    assert mean_curves([curve]) is None
    assert len(rate_curve(numpy.zeros(0, dtype=bool), numpy.zeros(0)).thresholds) == 1


def test_a_thinned_curve_keeps_its_ends_and_its_shape():
    truth = RNG.random(20_000) > 0.9
    whole = rate_curve(truth, RNG.standard_normal(20_000) + truth)
    few = whole.thinned(500)
    assert len(few.thresholds) <= 501
    assert few.recall[[0, -1]].tolist() == [0, 1]
    assert few.area == pytest.approx(whole.area, abs=1e-3)
    assert few.average_precision == pytest.approx(whole.average_precision, abs=1e-2)
    points = set(zip(whole.thresholds, whole.recall, whole.precision, strict=True))
    assert points.issuperset(zip(few.thresholds, few.recall, few.precision, strict=True))


def test_the_mean_of_curves_is_a_macro_average():
    truth, scores = RNG.integers(0, 3, 300), RNG.random((300, 3))
    curves = [rate_curve(truth == index, scores[:, index]) for index in range(3)]
    mean = mean_curves(curves, points=1001)
    assert mean.area == pytest.approx(numpy.mean([roc_auc_score(truth == k, scores[:, k]) for k in range(3)]))
    assert auc(mean.false_positive_rate, mean.true_positive_rate) == pytest.approx(mean.area, abs=5e-3)
    assert auc(mean.recall, mean.precision) == pytest.approx(mean.average_precision, abs=2e-2)
