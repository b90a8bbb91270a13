"""Means and sums of errors, compared with scikit-learn and numpy in float64."""

from math import isnan

import numpy
import pytest
import torch
from metric_batches import SIZES, check, evaluated
from sklearn import metrics as sklearn

from hookline_losses.regression import MSELoss
from hookline_metrics.regression import errors, relative


def logarithms_of_cosh(true, said):
    return numpy.logaddexp(said - true, true - said).mean() - numpy.log(2)


def relative_sum(true, said):
    return abs(said - true).sum() / abs(true).sum()


def normalized(divisor):
    return lambda true, said: (((said - true) ** 2).mean(axis=0) ** 0.5 / divisor(true)).mean()


def cosines(true, said):
    return sklearn.pairwise.paired_cosine_distances(true, said)


def tweedie(power):
    # Only one column: scikit-learn has no deviance of several.
    return lambda true, said: sklearn.mean_tweedie_deviance(true.ravel(), said.ravel(), power=power)


NORMALIZED = relative.NormalizedRootMeanSquaredError
THEIRS = {
    errors.MeanAbsoluteError(): sklearn.mean_absolute_error,
    errors.MeanSquaredError(): sklearn.mean_squared_error,
    errors.MeanSquaredError(squared=False): lambda *both: sklearn.mean_squared_error(*both) ** 0.5,
    errors.MeanSquaredLogError(): sklearn.mean_squared_log_error,
    errors.LogCoshError(): logarithms_of_cosh,
    errors.MinkowskiDistance(p=1.5): lambda true, said: (abs(said - true) ** 1.5).sum() ** (1 / 1.5),
    errors.TweedieDevianceScore(): sklearn.mean_squared_error,
    **{errors.TweedieDevianceScore(power=power): tweedie(power) for power in (-1.0, 1.0, 1.5, 2.0, 3.0)},
    relative.MeanAbsolutePercentageError(): sklearn.mean_absolute_percentage_error,
    relative.SymmetricMeanAbsolutePercentageError(): lambda t, s: (2 * abs(s - t) / (abs(s) + abs(t))).mean(),
    relative.WeightedMeanAbsolutePercentageError(): relative_sum,
    NORMALIZED(): normalized(lambda true: true.mean(axis=0)),
    NORMALIZED(normalization="range"): normalized(lambda true: numpy.ptp(true, axis=0)),
    NORMALIZED(normalization="std"): normalized(lambda true: true.std(axis=0)),
    NORMALIZED(normalization="l2"): normalized(lambda true: (true**2).sum(axis=0) ** 0.5),
    relative.CosineSimilarity(): lambda *both: (1 - cosines(*both)).sum(),
    relative.CosineSimilarity(reduction="mean"): lambda *both: (1 - cosines(*both)).mean(),
}


@pytest.mark.parametrize("metric", THEIRS, ids=repr)
@pytest.mark.parametrize("offset", [0.0, 1e5])
@pytest.mark.parametrize("columns", [1, 3])
def test_errors_equal_scikit_learn_even_far_from_0(metric, offset, columns):
    outputs, targets = torch.randn(2, 60, columns, generator=torch.Generator().manual_seed(1)).abs() * 5 + offset + 0.1
    outputs = (outputs + targets) / 2
    right = THEIRS[metric](targets.double().numpy(), outputs.double().numpy())
    # Deviances far from 0 are small differences of large numbers, in scikit-learn too.
    tolerance = 1e-12 if not (offset and "Tweedie" in repr(metric)) else 1e-4
    for size in SIZES:
        assert evaluated(metric, MSELoss(), outputs, targets, size) == pytest.approx(right, rel=tolerance), size


def test_events_are_counted_from_the_threshold():
    outputs, targets = torch.randn(2, 60, 2, generator=torch.Generator().manual_seed(1))
    metric = errors.CriticalSuccessIndex(threshold=0.3)
    right = sklearn.jaccard_score((targets >= 0.3).ravel(), (outputs >= 0.3).ravel())
    check(metric, MSELoss(), outputs, targets, right)
    assert evaluated(metric, MSELoss(), -outputs.abs(), -targets.abs()) == 0
    outputs[3] = torch.nan
    assert isnan(evaluated(metric, MSELoss(), outputs, targets))


def test_small_and_large_errors_keep_their_digits():
    zeros = torch.zeros(60, 1, dtype=torch.float64)
    check(errors.LogCoshError(), MSELoss(), zeros + 1e-6, zeros, 5e-13)
    assert evaluated(errors.LogCoshError(), MSELoss(), zeros + 1e-6, zeros) == pytest.approx(5e-13, rel=1e-9)
    check(errors.LogCoshError(), MSELoss(), zeros + 1e4, zeros, 1e4 - numpy.log(2))


def test_targets_of_0_have_finite_relative_errors():
    outputs, targets = torch.ones(4, 1), torch.zeros(4, 1)
    assert evaluated(relative.MeanAbsolutePercentageError(), MSELoss(), outputs, targets) == pytest.approx(1 / 1.17e-6)
    assert evaluated(relative.WeightedMeanAbsolutePercentageError(), MSELoss(), outputs, targets) == 4 / 1.17e-6
    assert evaluated(relative.SymmetricMeanAbsolutePercentageError(), MSELoss(), outputs, targets) == 2
    assert evaluated(relative.SymmetricMeanAbsolutePercentageError(), MSELoss(), targets, targets) == 0
    assert evaluated(relative.CosineSimilarity(), MSELoss(), outputs, targets) == 0


@pytest.mark.parametrize(
    ("metric", "said", "true"),
    [
        (errors.MeanSquaredLogError(), -1.5, 1.0),
        (errors.TweedieDevianceScore(power=1.0), 0.0, 1.0),
        (errors.TweedieDevianceScore(power=1.5), 1.0, -1.0),
        (errors.TweedieDevianceScore(power=2.0), 1.0, 0.0),
        (errors.TweedieDevianceScore(power=-1.0), -1.0, 1.0),
        (NORMALIZED(), 1.0, 0.0),
        (NORMALIZED(normalization="std"), 1.0, 2.0),
        *((metric, float("nan"), 1.0) for metric in THEIRS),
    ],
    ids=repr,
)
def test_numbers_for_which_the_metric_is_not_defined_give_nan(metric, said, true):
    assert isnan(evaluated(metric, MSELoss(), torch.full((4, 1), said), torch.full((4, 1), true)))


def test_there_is_no_distribution_between_normal_and_poisson():
    with pytest.raises(ValueError, match=r"There is no Tweedie distribution for 0\.5") as raised:
        errors.TweedieDevianceScore(power=0.5)
    assert raised.value.path == ("power",)
