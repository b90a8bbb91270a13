"""Agreement beyond chance, compared with scikit-learn in float64."""

from math import isnan

import pytest
import torch
from metric_batches import check, drawn, evaluated
from sklearn import metrics as sklearn

from hookline_losses.classification import CrossEntropyLoss
from hookline_losses.labels import BCEWithLogitsLoss
from hookline_losses.margin import MultiLabelMarginLoss, SoftMarginLoss
from hookline_metrics.classification.agreement import CohenKappa, MatthewsCorrCoef


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
@pytest.mark.parametrize("ignored", [None, 2])
def test_kappa_of_several_classes_equals_scikit_learn(weights, ignored):
    outputs, targets = drawn("multiclass")
    kept = targets != (-1 if ignored is None else ignored)
    right = sklearn.cohen_kappa_score(targets[kept], outputs[kept].argmax(dim=1), weights=weights, labels=range(6))
    check(CohenKappa(weights=weights, ignore_index=ignored), CrossEntropyLoss(), outputs, targets, right)
    if ignored is not None:
        check(CohenKappa(weights=weights), CrossEntropyLoss(ignore_index=ignored), outputs, targets, right)


@pytest.mark.parametrize("metric", [CohenKappa, MatthewsCorrCoef])
@pytest.mark.parametrize("threshold", [0.5, 0.3])
def test_agreement_of_two_classes_equals_scikit_learn(metric, threshold):
    outputs, targets = drawn("binary")
    predicted = (outputs.sigmoid() >= threshold)[:, 0]
    theirs = sklearn.cohen_kappa_score if metric is CohenKappa else sklearn.matthews_corrcoef
    right = theirs(targets[:, 0] > 0, predicted)
    check(metric(threshold=threshold), BCEWithLogitsLoss(), outputs, targets, right)
    check(metric(threshold=threshold), SoftMarginLoss(), outputs, targets * 2 - 1, right)


@pytest.mark.parametrize("ignored", [None, 2])
def test_the_correlation_of_several_classes_equals_scikit_learn(ignored):
    outputs, targets = drawn("multiclass")
    kept = targets != (-1 if ignored is None else ignored)
    right = sklearn.matthews_corrcoef(targets[kept], outputs[kept].argmax(dim=1))
    check(MatthewsCorrCoef(ignore_index=ignored), CrossEntropyLoss(), outputs, targets, right)


def test_the_correlation_of_labels_counts_all_of_them_together():
    outputs, targets = drawn("multilabel")
    right = sklearn.matthews_corrcoef(targets.reshape(-1) > 0, (outputs >= 0).reshape(-1))
    check(MatthewsCorrCoef(), BCEWithLogitsLoss(), outputs, targets, right)


def test_one_class_has_no_agreement_beyond_chance():
    outputs, targets = drawn("binary")
    assert evaluated(MatthewsCorrCoef(), BCEWithLogitsLoss(), outputs.abs(), targets) == 0
    assert evaluated(MatthewsCorrCoef(), BCEWithLogitsLoss(), outputs.abs(), torch.ones_like(targets)) == 0
    assert evaluated(CohenKappa(), BCEWithLogitsLoss(), outputs.abs(), targets) == 0
    assert isnan(evaluated(CohenKappa(), BCEWithLogitsLoss(), outputs.abs(), torch.ones_like(targets)))


def test_kappa_has_no_task_of_several_labels():
    with pytest.raises(
        ValueError, match='is for the task "binary" or "multiclass", but the task of MultiLabelMarginLoss'
    ):
        CohenKappa().check(MultiLabelMarginLoss())
    CohenKappa().check(BCEWithLogitsLoss())
    with pytest.raises(ValueError, match='"binary" or "multiclass", but with 3 outputs, the task is "multilabel"'):
        CohenKappa().build(BCEWithLogitsLoss(), torch.zeros(2, 3))
