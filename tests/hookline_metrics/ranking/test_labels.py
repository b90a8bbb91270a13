"""The ranking of the labels of each row, compared with scikit-learn in float64."""

from math import isnan

import pytest
import torch
from metric_batches import check, drawn, evaluated
from sklearn import metrics as sklearn

from hookline_losses.labels import BCEWithLogitsLoss
from hookline_losses.margin import SoftMarginLoss
from hookline_metrics.ranking.labels import (
    MultilabelCoverageError,
    MultilabelRankingAveragePrecision,
    MultilabelRankingLoss,
)

THEIRS = {
    MultilabelCoverageError: sklearn.coverage_error,
    MultilabelRankingAveragePrecision: sklearn.label_ranking_average_precision_score,
    MultilabelRankingLoss: sklearn.label_ranking_loss,
}


@pytest.mark.parametrize("kind", THEIRS)
@pytest.mark.parametrize("step", [0, 1])
def test_rankings_of_labels_equal_scikit_learn(kind, step):
    outputs, targets = torch.randn(2, 60, 6, generator=torch.Generator().manual_seed(2))
    outputs = outputs.round() if step else outputs  # Equal scores.
    targets = (targets + outputs / 2 > 0.4).float()
    targets[:3], targets[3:6] = 0, 1
    right = THEIRS[kind](targets.numpy(), outputs.double().numpy())
    check(kind(), BCEWithLogitsLoss(), outputs, targets, right)
    check(kind(num_labels=6), SoftMarginLoss(), outputs, targets * 2 - 1, right)
    check(kind(), BCEWithLogitsLoss(), outputs.bfloat16(), targets, THEIRS[kind](targets, outputs.bfloat16().double()))


@pytest.mark.parametrize("kind", THEIRS)
def test_labels_are_ranked_by_scores_that_differ_where_probabilities_do_not(kind):
    outputs, targets = torch.tensor([[200.0, 100.0, 0.0]]), torch.tensor([[0.0, 1.0, 0.0]])
    assert (outputs.sigmoid()[0, :2] == 1).all()
    right = THEIRS[kind](targets.numpy(), outputs.numpy())
    assert evaluated(kind(), BCEWithLogitsLoss(), outputs, targets) == right


@pytest.mark.parametrize("kind", THEIRS)
def test_a_single_output_has_no_labels_to_rank(kind):
    with pytest.raises(ValueError, match=r'for the task "multilabel", but with 1 output, the task is "binary"\.'):
        kind().build(BCEWithLogitsLoss(), torch.zeros(2, 1))
    outputs, targets = drawn("multilabel")
    outputs[3, 1] = torch.nan
    assert isnan(evaluated(kind(), BCEWithLogitsLoss(), outputs, targets))
