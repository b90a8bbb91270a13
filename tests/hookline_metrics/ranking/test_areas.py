"""The area under the receiver operating characteristic curve, compared with scikit-learn in float64."""

import csv
from math import isnan

import numpy
import pytest
import torch
import torchmetrics
from metric_batches import SIZES, check, drawn, evaluated
from sklearn import metrics as sklearn
from small_training import SPECS

from hookline.data import Batch, Encoding, log_odds
from hookline.errors import OptionError
from hookline_losses.classification import CrossEntropyLoss, NLLLoss
from hookline_losses.embeddings.pairs import CosineEmbeddingLoss, HingeEmbeddingLoss, MarginRankingLoss
from hookline_losses.labels import BCELoss, BCEWithLogitsLoss
from hookline_losses.linear_cross_entropy import LinearCrossEntropyLoss
from hookline_losses.margin import MultiLabelMarginLoss, MultiMarginLoss, SoftMarginLoss
from hookline_losses.projecting import AdaptiveLogSoftmaxWithLoss
from hookline_losses.regression import MSELoss
from hookline_metrics.ranking.areas import AUROC


def tied(outputs):
    return (outputs * 4).round() / 4


@pytest.mark.parametrize("max_fpr", [None, 1.0, 0.5, 0.07, 0.001])
@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_the_area_of_two_classes_equals_scikit_learn(max_fpr, average):
    outputs, targets = drawn("binary")
    metric = AUROC(max_fpr=max_fpr, average=average)
    for given in (outputs, tied(outputs)):
        right = sklearn.roc_auc_score(targets.numpy()[:, 0], given.double().numpy()[:, 0], max_fpr=max_fpr)
        check(metric, BCEWithLogitsLoss(), given, targets, right)
        check(metric, SoftMarginLoss(), given, targets * 2 - 1, right)
        check(AUROC(max_fpr=max_fpr, task="binary"), MSELoss(), given, targets, right)
    right = sklearn.roc_auc_score(targets.numpy()[:, 0], outputs.sigmoid().numpy()[:, 0], max_fpr=max_fpr)
    check(metric, BCELoss(), outputs.sigmoid(), targets, right)


@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_the_area_of_labels_equals_scikit_learn(average):
    outputs, targets = drawn("multilabel")
    right = sklearn.roc_auc_score(targets.numpy(), outputs.double().numpy(), average=average)
    check(AUROC(average=average), BCEWithLogitsLoss(), outputs, targets, right)
    targets[:, 1] = 1  # All rows have it, so that there is nothing to rank.
    right = sklearn.roc_auc_score(targets.numpy()[:, ::2], outputs.double().numpy()[:, ::2], average=average)
    check(AUROC(average=average), BCEWithLogitsLoss(), outputs, targets, right)


def one_against_rest(true, scores, average, classes):
    areas = [sklearn.roc_auc_score(true == index, scores[:, index]) for index in classes]
    weights = [(true == index).sum() for index in classes] if average == "weighted" else None
    return numpy.average(areas, weights=weights)


@pytest.mark.parametrize("average", ["macro", "weighted"])
@pytest.mark.parametrize("ignored", [None, 2])
def test_the_area_of_several_classes_averages_present_classes_that_are_not_ignored(average, ignored):
    outputs, targets = drawn("multiclass")
    kept = targets != (-1 if ignored is None else ignored)
    true, present = targets[kept].numpy(), [index for index in range(4) if index != ignored]
    probabilities = outputs[kept].double().softmax(dim=1).numpy()
    right = one_against_rest(true, probabilities, average, present)
    metric = AUROC(average=average, ignore_index=ignored)
    check(metric, CrossEntropyLoss(), outputs, targets, right)
    if ignored is None:
        scores = one_against_rest(true, outputs[kept].double().numpy(), average, present)
        check(metric, MultiMarginLoss(), outputs, targets, scores)
        check(metric, NLLLoss(), outputs.double().log_softmax(dim=1), targets, right)
    else:
        check(AUROC(average=average), CrossEntropyLoss(ignore_index=ignored), outputs, targets, right)


def test_a_class_without_rows_is_ignored():
    outputs, targets = torch.eye(3)[[0, 1, 0, 1]], torch.tensor([0, 1, 0, 1])
    check(AUROC(), CrossEntropyLoss(), outputs, targets, 1.0)
    check(AUROC(average="weighted"), CrossEntropyLoss(), outputs, targets, 1.0)


def test_the_average_over_all_classes_equals_scikit_learn():
    outputs, _ = drawn("multiclass")
    outputs, targets = outputs[:, :4], torch.arange(60) % 4
    probabilities = outputs.double().softmax(dim=1).numpy()
    for average in ("macro", "weighted"):
        right = sklearn.roc_auc_score(targets.numpy(), probabilities, average=average, multi_class="ovr")
        check(AUROC(average=average), CrossEntropyLoss(), outputs, targets, right)


def test_a_single_class_or_a_nan_score_has_no_area():
    outputs, targets = drawn("binary")
    assert isnan(evaluated(AUROC(), BCEWithLogitsLoss(), outputs, torch.ones_like(targets)))
    assert isnan(evaluated(AUROC(thresholds=5), BCEWithLogitsLoss(), outputs, torch.zeros_like(targets)))
    assert isnan(evaluated(AUROC(max_fpr=0.5), BCEWithLogitsLoss(), outputs, torch.zeros_like(targets)))
    assert isnan(evaluated(AUROC(), CrossEntropyLoss(), torch.randn(60, 3), torch.zeros(60).long()))
    outputs[5] = torch.nan
    assert isnan(evaluated(AUROC(), BCEWithLogitsLoss(), outputs, targets))
    assert isnan(evaluated(AUROC(thresholds=5), BCEWithLogitsLoss(), outputs, targets))


def test_scores_are_ranked_even_if_their_probabilities_round_to_0_or_1():
    with (SPECS / "data/breast_cancer.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    outputs = 100 * torch.tensor([[float(row["mean_area"])] for row in rows])
    targets = torch.tensor([[float(row["diagnosis"] == "malignant")] for row in rows])
    assert (outputs.sigmoid() == 1).all()
    right = sklearn.roc_auc_score(targets.numpy()[:, 0], outputs.double().numpy()[:, 0])
    assert right > 0.9
    assert evaluated(AUROC(), BCEWithLogitsLoss(), outputs, targets, 32) == pytest.approx(right, abs=1e-12)
    both = torch.cat([torch.zeros_like(outputs), outputs], dim=1)
    assert evaluated(AUROC(), CrossEntropyLoss(), both, targets[:, 0].long(), 32) == pytest.approx(right, abs=1e-12)


def test_log_odds_distinguish_probabilities_that_round_to_1():
    scores = torch.tensor([[200.0, 0.0, 1.0], [201.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    exact = 1 + numpy.exp(-1)
    wanted = [199 - numpy.log(exact), 200 - numpy.log(exact), -numpy.log(2)]
    assert log_odds(scores)[:, 0].tolist() == pytest.approx(wanted, rel=1e-14)
    probabilities = scores.double()[2:].softmax(dim=1)
    assert torch.allclose(log_odds(scores)[2:], probabilities.logit(), rtol=1e-14)


A, B = torch.randn(2, 60, 5, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("loss", "criterion", "outputs"),
    [
        (BCEWithLogitsLoss(), None, A),
        (CrossEntropyLoss(), None, A),
        (NLLLoss(), None, A.log_softmax(dim=1)),
        (MultiMarginLoss(), None, A),
        (MultiLabelMarginLoss(), None, A),
        (SoftMarginLoss(), None, A),
        (HingeEmbeddingLoss(margin=3.0), None, A.abs()),
        (CosineEmbeddingLoss(), None, {"input1": A, "input2": B}),
        (MarginRankingLoss(), None, {"input1": A, "input2": B}),
        (LinearCrossEntropyLoss(in_features=5), torch.nn.LinearCrossEntropyLoss(5, 3), A),
        (AdaptiveLogSoftmaxWithLoss(in_features=5, cutoffs=(1,)), torch.nn.AdaptiveLogSoftmaxWithLoss(5, 3, [1]), A),
    ],
    ids=lambda value: type(value).__name__ if hasattr(value, "family") else "",
)
def test_the_scores_of_a_loss_rank_rows_like_its_predictions(loss, criterion, outputs):
    with torch.no_grad():
        scores, predictions = loss.scores(criterion, outputs, None), loss.predictions(criterion, outputs, None)
    assert scores.shape == predictions.shape
    order = scores.sort(dim=0).indices
    assert (predictions.gather(0, order).diff(dim=0) >= -1e-7).all()
    if loss.predicts == "probabilities":
        assert ((predictions >= 0) & (predictions <= 1)).all()


@pytest.mark.parametrize("thresholds", [10, (0.9, 0.1, 0.5), (0.5,)], ids=str)
def test_a_curve_at_thresholds_starts_and_ends_in_the_corners(thresholds):
    outputs, targets = drawn("binary")
    at = torch.linspace(0, 1, 10).tolist() if thresholds == 10 else [0.0, *sorted(thresholds), 1.0]
    theirs = torchmetrics.AUROC(task="binary", thresholds=at).set_dtype(torch.float64)
    right = float(theirs(outputs.double().sigmoid(), targets.int()))
    for size in SIZES:
        assert evaluated(AUROC(thresholds=thresholds), BCEWithLogitsLoss(), outputs, targets, size) == pytest.approx(
            right, abs=1e-6
        )


def test_a_curve_at_every_prediction_is_exact():
    outputs, targets = drawn("multiclass")
    outputs = outputs[:, :4].round()
    probabilities = outputs.softmax(dim=1)
    right = one_against_rest(targets.numpy(), probabilities.numpy(), "weighted", range(4))
    metric = AUROC(thresholds=tuple(probabilities.unique().tolist()), average="weighted")
    assert evaluated(metric, CrossEntropyLoss(), outputs, targets) == pytest.approx(right, abs=1e-12)
    outputs, targets = drawn("multilabel")
    metric = AUROC(thresholds=tuple(outputs.sigmoid().unique().tolist()))
    right = evaluated(AUROC(), BCEWithLogitsLoss(), outputs, targets)
    assert evaluated(metric, BCEWithLogitsLoss(), outputs, targets) == pytest.approx(right, abs=1e-12)


def test_half_precision_can_be_ranked():
    outputs, targets = drawn("binary")
    half = outputs.bfloat16()
    right = sklearn.roc_auc_score(targets.numpy()[:, 0], half.double().numpy()[:, 0])
    check(AUROC(), BCEWithLogitsLoss(), half, targets, right)
    assert evaluated(AUROC(thresholds=50), BCEWithLogitsLoss(), half, targets) == pytest.approx(right, abs=0.02)


def test_the_rows_of_all_batches_are_ranked_together():
    loss, batch = BCEWithLogitsLoss(), Batch({"input": torch.zeros(2, 1)})
    state = AUROC().build(loss, loss.scores(None, torch.zeros(2, 1), batch))
    state.update(torch.tensor([[1.0]]), torch.tensor([[1.0]]))
    state.update(torch.tensor([[2.0]]), torch.tensor([[0.0]]))
    state.update(torch.tensor([[3.0]]), torch.tensor([[1.0]]))
    assert state.compute() == 0.5


def test_neither_of_two_classes_can_be_ignored_for_any_encoding():
    class OwnLoss(BCEWithLogitsLoss):
        encoding = Encoding()

    metric = AUROC(ignore_index=1, task="binary")
    for refuse in (metric.check, lambda loss: metric.build(loss, torch.zeros(4, 1))):
        with pytest.raises(OptionError, match="so neither can be ignored") as raised:
            refuse(OwnLoss())
        assert raised.value.path == ("ignore_index",)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_scores_may_require_gradients(dtype):
    scores = torch.tensor([[0.1], [0.4], [0.35], [0.8]], dtype=dtype)
    targets = torch.tensor([[0.0], [0.0], [1.0], [1.0]])
    state = AUROC().build(BCEWithLogitsLoss(), scores)
    state.update(scores.requires_grad_(), targets)
    assert state.compute() == 0.75
