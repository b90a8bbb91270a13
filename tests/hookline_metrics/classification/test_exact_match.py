"""Exact matches, compared with scikit-learn and counted by hand."""

from math import isnan

import torch
from metric_batches import check, drawn, evaluated
from sklearn import metrics as sklearn

from hookline_losses.classification import CrossEntropyLoss
from hookline_losses.labels import BCEWithLogitsLoss
from hookline_metrics.classification.exact_match import ExactMatch


def test_all_labels_of_a_row_must_be_right():
    outputs, targets = drawn("multilabel")
    right = sklearn.accuracy_score(targets.int(), (outputs.sigmoid() >= 0.4).int())
    check(ExactMatch(threshold=0.4), BCEWithLogitsLoss(), outputs, targets, right)
    # False labels do not count.
    right = ((outputs >= 0) | (targets == 0)).all(dim=1)[targets.any(dim=1)].double().mean()
    check(ExactMatch(ignore_index=0), BCEWithLogitsLoss(), outputs, targets, float(right))


def test_all_positions_of_a_row_must_be_right():
    targets = torch.tensor([[0, 1, 2], [0, 1, 2], [2, 2, 2], [1, 1, 0]])
    predicted = torch.tensor([[0, 1, 2], [0, 1, 0], [0, 2, 2], [1, 1, 0]])
    outputs = torch.nn.functional.one_hot(predicted, 3).float().movedim(-1, 1)
    for size in (1, 3, 4):
        assert evaluated(ExactMatch(), CrossEntropyLoss(), outputs, targets, size) == 0.5
        # The third row has no other class.
        assert evaluated(ExactMatch(), CrossEntropyLoss(ignore_index=2), outputs, targets, size) == 1.0
        assert evaluated(ExactMatch(ignore_index=0), CrossEntropyLoss(), outputs, targets, size) == 0.5


def test_one_class_for_each_row_is_the_accuracy():
    outputs, targets = drawn("multiclass")
    check(ExactMatch(), CrossEntropyLoss(), outputs, targets, sklearn.accuracy_score(targets, outputs.argmax(dim=1)))
    outputs[3, 1] = torch.nan
    assert isnan(evaluated(ExactMatch(), CrossEntropyLoss(), outputs, targets))
