import numpy
import pytest
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from hookline.trained.numbers.residuals import residual_histogram, residual_summary

RNG = numpy.random.default_rng(11)


@pytest.mark.parametrize("far", [0.0, 1e5])
def test_the_summary_is_that_of_scikit_learn(far):
    truth = (RNG.standard_normal(300) + far).astype(numpy.float32)
    predicted = truth + RNG.standard_normal(300).astype(numpy.float32) / 3
    found = residual_summary(truth, predicted)
    true, guess = truth.astype(numpy.float64), predicted.astype(numpy.float64)
    assert found.root_mean_square == pytest.approx(root_mean_squared_error(true, guess), rel=1e-14)
    assert found.mean_absolute == pytest.approx(mean_absolute_error(true, guess), rel=1e-14)
    assert found.r2 == pytest.approx(r2_score(true, guess), rel=1e-12)
    assert found.mean == (true - guess).mean()
    assert found.quantiles[0.5] == numpy.median(true - guess)
    assert (found.quantiles[0.0], found.quantiles[1.0]) == ((true - guess).min(), (true - guess).max())


def test_without_rows_or_spread_the_summary_is_nan():
    assert numpy.isnan(residual_summary(numpy.zeros(0), numpy.zeros(0)).root_mean_square)
    assert numpy.isnan(residual_summary(numpy.ones(3), numpy.zeros(3)).r2)


def test_the_histogram_counts_all_finite_residuals():
    predicted = RNG.standard_normal(1000)
    predicted[3] = numpy.nan
    found = residual_histogram(numpy.zeros(1000), predicted)
    assert found.rows.sum() == 999
    assert len(found.rows) == 20
