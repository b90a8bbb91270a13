"""Partitions and nominal association, compared with scikit-learn and scipy in float64."""

from math import isnan

import numpy
import pytest
import torch
from metric_batches import SIZES, check, drawn, evaluated
from scipy.optimize import linear_sum_assignment
from scipy.stats import contingency
from sklearn import metrics as sklearn

from hookline.errors import OptionError
from hookline_losses.classification import CrossEntropyLoss
from hookline_losses.labels import BCEWithLogitsLoss
from hookline_losses.margin import SoftMarginLoss
from hookline_metrics.clustering import clusters, nominal, pairs
from hookline_metrics.clustering.assignment import most_assigned

METHODS = ("min", "geometric", "arithmetic", "max")


def association(method, *, correction=False):
    def statistic(true, predicted):
        table = sklearn.cluster.contingency_matrix(true, predicted)
        return contingency.association(table, method=method, correction=correction)

    return statistic


def of_two(kind, method):
    return {kind(average_method=mean): lambda *both, mean=mean: method(*both, average_method=mean) for mean in METHODS}


def accuracy(true, predicted):
    table = sklearn.cluster.contingency_matrix(true, predicted)
    return table[linear_sum_assignment(table, maximize=True)].sum() / len(true)


THEIRS = {
    clusters.ClusterAccuracy(): accuracy,
    **of_two(clusters.AdjustedMutualInfoScore, sklearn.adjusted_mutual_info_score),
    **of_two(clusters.NormalizedMutualInfoScore, sklearn.normalized_mutual_info_score),
    pairs.AdjustedRandScore(): sklearn.adjusted_rand_score,
    clusters.CompletenessScore(): sklearn.completeness_score,
    pairs.FowlkesMallowsIndex(): sklearn.fowlkes_mallows_score,
    clusters.HomogeneityScore(): sklearn.homogeneity_score,
    clusters.MutualInfoScore(): sklearn.mutual_info_score,
    pairs.RandScore(): sklearn.rand_score,
    clusters.VMeasureScore(): sklearn.v_measure_score,
    clusters.VMeasureScore(beta=0.3): lambda *both: sklearn.v_measure_score(*both, beta=0.3),
    nominal.CramersV(bias_correction=False): association("cramer"),
    nominal.TschuprowsT(bias_correction=False): association("tschuprow"),
    nominal.PearsonsContingencyCoefficient(): association("pearson"),
    nominal.TheilsU(): sklearn.completeness_score,
}


@pytest.mark.parametrize("metric", THEIRS, ids=repr)
def test_metrics_of_the_table_equal_scikit_learn(metric):
    outputs, targets = drawn("multiclass")
    predicted = outputs.argmax(dim=1)
    check(metric, CrossEntropyLoss(), outputs, targets, THEIRS[metric](targets.numpy(), predicted.numpy()))
    kept = targets != 2
    right = THEIRS[metric](targets[kept].numpy(), predicted[kept].numpy())
    check(metric, CrossEntropyLoss(ignore_index=2), outputs, targets, right)
    outputs, targets = drawn("binary")
    right = THEIRS[metric](targets[:, 0].numpy(), (outputs[:, 0] >= 0).numpy())
    check(metric, BCEWithLogitsLoss(), outputs, targets, right)
    check(metric, SoftMarginLoss(), outputs, targets * 2 - 1, right)
    assert len({evaluated(metric, SoftMarginLoss(), outputs, targets * 2 - 1, size) for size in SIZES}) == 1


@pytest.mark.parametrize("metric", list(THEIRS)[:-4], ids=repr)
@pytest.mark.parametrize("is_one", [(True, True), (True, False), (False, True)], ids=str)
def test_a_single_class_gives_what_scikit_learn_gives(metric, is_one):
    outputs, targets = drawn("binary")
    outputs = outputs.abs() if is_one[0] else outputs
    targets = torch.ones_like(targets) if is_one[1] else targets
    right = THEIRS[metric](targets[:, 0].numpy(), (outputs[:, 0] >= 0).numpy())
    check(metric, BCEWithLogitsLoss(), outputs, targets, right)


def corrected(table, by):
    """Return the bias-corrected statistic of Bergsma, https://doi.org/10.1016/j.jkss.2012.10.002."""
    rows = table.sum()
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / rows
    phi = ((table - expected) ** 2 / expected).sum() / rows
    one, two = (width - (width - 1) ** 2 / (rows - 1) - 1 for width in table.shape)
    phi = max(0, phi - (table.shape[0] - 1) * (table.shape[1] - 1) / (rows - 1))
    return (phi / by(one, two)) ** 0.5


def test_the_bias_of_small_samples_is_corrected():
    outputs, targets = drawn("multiclass")
    table = sklearn.cluster.contingency_matrix(targets, outputs.argmax(dim=1)).astype(float)
    check(nominal.CramersV(), CrossEntropyLoss(), outputs, targets, corrected(table, min))
    right = corrected(table, lambda one, two: (one * two) ** 0.5)
    check(nominal.TschuprowsT(num_classes=6), CrossEntropyLoss(), outputs, targets, right)


def test_independent_classes_have_no_association():
    targets, predicted = (part.reshape(-1) for part in torch.meshgrid(torch.arange(3), torch.arange(3), indexing="ij"))
    outputs = torch.nn.functional.one_hot(predicted, 3).float()
    for metric in (nominal.CramersV(), nominal.CramersV(bias_correction=False), nominal.TheilsU()):
        assert evaluated(metric, CrossEntropyLoss(), outputs, targets) == 0
    assert evaluated(nominal.PearsonsContingencyCoefficient(), CrossEntropyLoss(), outputs, targets) == 0


def test_the_best_assignment_equals_that_of_scipy():
    generator = numpy.random.default_rng(1)
    for rows, columns, most in ((1, 1, 9), (3, 7, 2), (7, 3, 100), (40, 40, 5), (60, 50, 10**12)):
        table = generator.integers(most, size=(rows, columns))
        assert most_assigned(table) == table[linear_sum_assignment(table, maximize=True)].sum()


def test_many_classes_of_many_rows():
    generator = torch.Generator().manual_seed(0)
    targets = torch.randint(50, (5000,), generator=generator)
    predicted = torch.where(torch.rand(5000, generator=generator) < 0.5, targets, torch.randint(50, (5000,)))
    outputs = torch.nn.functional.one_hot(predicted, 50).float()
    right = sklearn.adjusted_mutual_info_score(targets, predicted)
    assert evaluated(clusters.AdjustedMutualInfoScore(), CrossEntropyLoss(), outputs, targets, 5000) == pytest.approx(
        right, rel=1e-9
    )


@pytest.mark.parametrize("metric", THEIRS, ids=repr)
def test_a_nan_prediction_or_no_counted_row_makes_the_metric_undefined(metric):
    outputs, targets = drawn("multiclass")
    assert isnan(evaluated(metric, CrossEntropyLoss(ignore_index=2), outputs, targets * 0 + 2))
    outputs[3, 1] = numpy.nan
    assert isnan(evaluated(metric, CrossEntropyLoss(), outputs, targets))


def test_a_table_of_too_many_classes_is_refused():
    with pytest.raises(OptionError, match="RandScore needs a table of classes, at most 4096, but there are 5000"):
        pairs.RandScore().build(CrossEntropyLoss(), torch.zeros(1, 5000))
