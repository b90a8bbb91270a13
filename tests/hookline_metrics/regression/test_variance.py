"""Metrics of numbers, compared with scikit-learn in float64."""

from itertools import product
from math import isnan, sqrt

import numpy
import pytest
import torch
from metric_batches import SIZES, drawn, evaluated
from sklearn import metrics as sklearn

from hookline_losses.classification import CrossEntropyLoss
from hookline_losses.labels import BCEWithLogitsLoss
from hookline_losses.margin import SoftMarginLoss
from hookline_losses.probabilistic import KLDivLoss
from hookline_losses.regression import HuberLoss, MSELoss
from hookline_losses.sequence import CTCLoss
from hookline_metrics.regression.errors import MeanAbsoluteError, MeanSquaredError
from hookline_metrics.regression.variance import (
    ConcordanceCorrCoef,
    ExplainedVariance,
    PearsonCorrCoef,
    R2Score,
    RelativeSquaredError,
)


def concordance(true, said):
    covariances = [numpy.cov(*pair) for pair in zip(true.T, said.T, strict=True)]
    steps = (true.mean(axis=0) - said.mean(axis=0)) ** 2
    return numpy.mean([2 * c[0, 1] / (c[0, 0] + c[1, 1] + step) for c, step in zip(covariances, steps, strict=True)])


def relative(true, said):
    return (((true - said) ** 2).sum(axis=0) / ((true - true.mean(axis=0)) ** 2).sum(axis=0)).mean()


def correlation(true, said):
    return numpy.mean([numpy.corrcoef(*pair)[0, 1] for pair in zip(true.T, said.T, strict=True)])


def explained(average):
    return lambda *both: sklearn.explained_variance_score(*both, multioutput=average)


THEIRS = {
    ConcordanceCorrCoef(): concordance,
    ExplainedVariance(): explained("uniform_average"),
    ExplainedVariance(multioutput="variance_weighted"): explained("variance_weighted"),
    PearsonCorrCoef(): correlation,
    RelativeSquaredError(): relative,
    R2Score(): sklearn.r2_score,
    R2Score(multioutput="variance_weighted"): lambda *both: sklearn.r2_score(*both, multioutput="variance_weighted"),
    R2Score(adjusted=3): lambda *both: 1 - (1 - sklearn.r2_score(*both)) * 59 / 56,
}


@pytest.mark.parametrize("metric", THEIRS, ids=repr)
@pytest.mark.parametrize("offset", [0.0, 2e3, 1e6, 3e7])
@pytest.mark.parametrize("columns", [1, 3])
def test_metrics_of_numbers_equal_scikit_learn_even_far_from_0(metric, offset, columns):
    outputs, targets = torch.randn(2, 60, columns, generator=torch.Generator().manual_seed(1)) * 50 + offset
    outputs = (outputs + targets) / 2
    right = THEIRS[metric](targets.double().numpy(), outputs.double().numpy())
    for size, loss in product(SIZES, (MSELoss(), HuberLoss())):
        assert evaluated(metric, loss, outputs, targets, size) == pytest.approx(right, rel=1e-12), size


def test_the_root_of_the_relative_error_of_one_column():
    outputs, targets = drawn("numbers")
    right = sqrt(relative(targets.double().numpy(), outputs.double().numpy()))
    assert evaluated(RelativeSquaredError(squared=False), MSELoss(), outputs, targets) == pytest.approx(
        right, rel=1e-12
    )


@pytest.mark.parametrize("offset", [0.0, 1e5])
def test_a_constant_error_is_explained_but_not_concordant(offset):
    targets = torch.arange(60.0).unsqueeze(1) + offset
    for size in SIZES:
        assert evaluated(ExplainedVariance(), MSELoss(), targets + 7, targets, size) == 1
        assert evaluated(PearsonCorrCoef(), MSELoss(), targets + 7, targets, size) == pytest.approx(1, abs=1e-15)
        assert evaluated(ConcordanceCorrCoef(), MSELoss(), targets + 7, targets, size) < 0.95


@pytest.mark.parametrize("metric", [ConcordanceCorrCoef(), PearsonCorrCoef(), RelativeSquaredError()], ids=repr)
def test_equal_targets_have_no_variance(metric):
    outputs, targets = drawn("numbers")
    constant = torch.full_like(targets, 0.1)
    for size in SIZES:
        assert isnan(evaluated(metric, MSELoss(), constant, constant, size))
        assert isnan(evaluated(metric, MSELoss(), outputs, constant, size)) == (
            not isinstance(metric, ConcordanceCorrCoef)
        )


@pytest.mark.parametrize("offset", [0, 2_000, 20_000, 100_000, 1_000_000])
def test_half_of_the_deviation_explains_three_quarters_of_the_variance(offset):
    x = torch.arange(-32.0, 33).unsqueeze(1)
    for size in SIZES:
        assert evaluated(R2Score(), MSELoss(), offset + x / 2, offset + x, size) == pytest.approx(0.75, abs=1e-12)


def test_float64_and_tiny_targets_keep_their_digits():
    x = torch.arange(-32.0, 33, dtype=torch.float64).unsqueeze(1)
    for size in SIZES:
        assert evaluated(R2Score(), MSELoss(), 1e9 + x / 2, 1e9 + x, size) == pytest.approx(0.75, abs=1e-12)
        assert evaluated(R2Score(), MSELoss(), 1e-9 * x / 2, 1e-9 * x, size) == pytest.approx(0.75, abs=1e-12)


def test_many_small_numbers_are_added_without_rounding():
    errors = torch.full((500, 1), 0.1)
    errors[0] = 1e4
    right = float(errors.double().mean())
    assert evaluated(MeanAbsoluteError(), MSELoss(), errors, torch.zeros_like(errors), 1) == pytest.approx(
        right, rel=1e-13
    )


@pytest.mark.parametrize(("said", "right"), [(0.1, 1.0), (0.2, 0.0)])
def test_equal_targets_have_score_1_or_0(said, right):
    # scikit-learn returns the same for 0.25, but -6e30 for 0.1, whose mean is rounded.
    targets = torch.full((60, 1), 0.1, dtype=torch.float64)
    for size in SIZES:
        assert evaluated(R2Score(), MSELoss(), torch.full_like(targets, said), targets, size) == right


@pytest.mark.parametrize(("metric", "rows"), [(R2Score(), 1), (R2Score(adjusted=3), 4), (R2Score(adjusted=3), 3)])
def test_too_few_rows_have_no_score(metric, rows):
    outputs, targets = drawn("numbers", rows + 1)
    assert isnan(evaluated(metric, MSELoss(), outputs[:rows], targets[:rows]))
    assert isnan(evaluated(metric, MSELoss(), outputs, targets)) == (rows == 3)


@pytest.mark.parametrize("metric", [MeanAbsoluteError(), MeanSquaredError(squared=False), R2Score()])
def test_a_nan_prediction_makes_the_metric_undefined(metric):
    outputs, targets = drawn("numbers")
    outputs[3] = torch.nan
    assert isnan(evaluated(metric, MSELoss(), outputs, targets))


def test_probabilities_are_compared_with_0_and_1():
    outputs, targets = drawn("binary")
    right = sklearn.brier_score_loss(targets[:, 0].numpy(), outputs.double().sigmoid().numpy()[:, 0])
    assert evaluated(MeanSquaredError(), BCEWithLogitsLoss(), outputs, targets, 7) == pytest.approx(right, rel=1e-6)


def test_different_shapes_are_not_broadcast():
    state = MeanSquaredError().build(MSELoss(), None)
    with pytest.raises(ValueError, match=r"must have the same shape, not \(3, 1\) and \(3,\)\."):
        state.update(torch.zeros(3, 1), torch.zeros(3))


@pytest.mark.parametrize("metric", [MeanAbsoluteError(), MeanSquaredError(), R2Score()])
@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (CrossEntropyLoss(), "evaluates numbers or labels, but CrossEntropyLoss predicts classes."),
        (KLDivLoss(), "evaluates numbers or labels, but KLDivLoss predicts classes."),
        (SoftMarginLoss(), "evaluates numbers, but the targets of SoftMarginLoss are signs."),
        (CTCLoss(), "evaluates numbers or labels, but CTCLoss predicts sequences."),
    ],
    ids=repr,
)
def test_a_loss_without_numbers_is_refused(metric, loss, message):
    refuse = metric.check if loss.offers in metric.takes else metric.refuse_other_kinds
    with pytest.raises(ValueError, match="evaluates numbers") as raised:
        refuse(loss)
    assert str(raised.value) == f"{type(metric).__name__} {message}"
