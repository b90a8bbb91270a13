"""Correlations of ranks, compared with scipy in float64."""

from math import isnan

import pytest
import torch
from metric_batches import SIZES, check, drawn, evaluated
from scipy import stats

from hookline_losses.labels import BCEWithLogitsLoss
from hookline_losses.regression import MSELoss
from hookline_metrics.regression.ranks import KendallRankCorrCoef, SpearmanCorrCoef

THEIRS = {
    SpearmanCorrCoef(): stats.spearmanr,
    KendallRankCorrCoef(): stats.kendalltau,
    KendallRankCorrCoef(variant="c"): lambda *both: stats.kendalltau(*both, variant="c"),
}


@pytest.mark.parametrize("metric", THEIRS, ids=repr)
@pytest.mark.parametrize("step", [0, 0.5])
@pytest.mark.parametrize("offset", [0, 1e5])
def test_correlations_of_ranks_equal_scipy(metric, step, offset):
    outputs, targets = (part.double() for part in torch.randn(2, 60, 3, generator=torch.Generator().manual_seed(4)))
    outputs = outputs + targets / 2 + offset
    if step:  # Equal numbers.
        outputs, targets = (outputs / step).round(), (targets / step).round()
    theirs = [THEIRS[metric](*pair).statistic for pair in zip(targets.T.numpy(), outputs.T.numpy(), strict=True)]
    check(metric, MSELoss(), outputs, targets, sum(theirs) / 3)
    check(metric, MSELoss(), outputs[:, 0], targets[:, 0], theirs[0])
    assert len({evaluated(metric, MSELoss(), outputs, targets, size) for size in SIZES}) == 1


def test_pairs_are_compared_one_by_one():
    outputs, targets = torch.randint(6, (2, 37), generator=torch.Generator().manual_seed(5)).double()
    signs = [(part[:, None] - part).sign() for part in (outputs, targets)]
    product = (signs[0] * signs[1]).triu()
    right = product.sum() / product.abs().sum()
    assert evaluated(KendallRankCorrCoef(variant="a"), MSELoss(), outputs, targets) == pytest.approx(float(right))


def test_probabilities_of_two_classes_are_ranked():
    outputs, targets = drawn("binary")
    right = stats.spearmanr(targets[:, 0], outputs[:, 0].sigmoid()).statistic
    check(SpearmanCorrCoef(), BCEWithLogitsLoss(), outputs, targets, right)


@pytest.mark.parametrize("metric", [*THEIRS, KendallRankCorrCoef(variant="a")], ids=repr)
def test_equal_or_nan_numbers_have_no_rank(metric):
    outputs, targets = drawn("numbers")
    assert isnan(evaluated(metric, MSELoss(), outputs, torch.ones_like(targets)))
    assert isnan(evaluated(metric, MSELoss(), outputs[:1], targets[:1]))
    outputs[2] = torch.nan
    assert isnan(evaluated(metric, MSELoss(), outputs, targets))


def test_batches_may_reuse_their_memory():
    numbers, targets = torch.tensor([[1.0], [2.0], [3.0]]), torch.tensor([[10.0], [20.0], [30.0]])
    state = SpearmanCorrCoef().build(MSELoss(), numbers)
    state.update(numbers, targets)
    numbers.neg_()
    assert state.compute() == pytest.approx(1)
