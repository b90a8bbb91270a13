"""Classification metrics, compared with scikit-learn in float64."""

import warnings
from itertools import product
from math import isnan

import numpy
import pytest
import torch
from metric_batches import SIZES, check, drawn, evaluated
from sklearn import metrics as sklearn

from hookline_losses.classification import CrossEntropyLoss, NLLLoss
from hookline_losses.embeddings.pairs import CosineEmbeddingLoss
from hookline_losses.labels import BCELoss, BCEWithLogitsLoss
from hookline_losses.linear_cross_entropy import LinearCrossEntropyLoss
from hookline_losses.margin import MultiMarginLoss, SoftMarginLoss
from hookline_losses.regression import HuberLoss, MSELoss
from hookline_metrics.classification.decisions import Accuracy, F1Score, FBetaScore, HammingDistance, JaccardIndex
from hookline_metrics.classification.rates import NegativePredictiveValue, Precision, Recall, Specificity

THEIRS = {F1Score: sklearn.f1_score, Precision: sklearn.precision_score, Recall: sklearn.recall_score}
KINDS = (Accuracy, *THEIRS)
AVERAGES = (None, "micro", "macro", "weighted")


def expected(kind, task, average, true, predicted, labels=None, zero_division=0.0):
    """Return the result of scikit-learn, which has no averages over labels for accuracy."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It tells of classes that are not there.
        if kind is not Accuracy:
            average = average or ("binary" if task == "binary" else "micro")
            labels = None if average == "micro" or task == "multilabel" else labels
            return THEIRS[kind](true, predicted, average=average, labels=labels, zero_division=zero_division)
        if task == "multilabel" and average in ("macro", "weighted"):
            weights = true.sum(axis=0) if average == "weighted" else None
            return numpy.average((true == predicted).mean(axis=0), weights=weights)
        if average == "macro":
            return sklearn.balanced_accuracy_score(true, predicted)
        return (true == predicted).mean()


@pytest.mark.parametrize(("kind", "average"), [*product(KINDS, AVERAGES)])
@pytest.mark.parametrize("threshold", [0.5, 0.3])
def test_metrics_of_two_classes_equal_scikit_learn(kind, average, threshold):
    outputs, targets = drawn("binary")
    predicted = (outputs.double().sigmoid() >= threshold).int().numpy()[:, 0]
    right = expected(kind, "binary", average, targets.int().numpy()[:, 0], predicted)
    metric = kind(average=average, threshold=threshold)
    check(metric, BCEWithLogitsLoss(), outputs, targets, right)
    check(metric, BCELoss(), outputs.sigmoid(), targets, right)
    check(metric, SoftMarginLoss(), outputs, targets * 2 - 1, right)


@pytest.mark.parametrize(("kind", "average"), [*product(KINDS, AVERAGES)])
@pytest.mark.parametrize("threshold", [0.5, 0.3])
def test_metrics_of_labels_equal_scikit_learn(kind, average, threshold):
    outputs, targets = drawn("multilabel")
    predicted = (outputs.double().sigmoid() >= threshold).int().numpy()
    right = expected(kind, "multilabel", average, targets.int().numpy(), predicted)
    check(kind(average=average, threshold=threshold, num_labels=3), BCEWithLogitsLoss(), outputs, targets, right)


@pytest.mark.parametrize(("kind", "average"), [*product(KINDS, AVERAGES)])
@pytest.mark.parametrize("ignored", [None, 2])
def test_metrics_of_several_classes_equal_scikit_learn(kind, average, ignored):
    outputs, targets = drawn("multiclass")
    kept = targets != (-1 if ignored is None else ignored)
    true, predicted = targets[kept].numpy(), outputs[kept].argmax(dim=1).numpy()
    assert ignored is None or ignored in predicted
    labels = sorted({*true, *predicted} - {ignored})
    right = expected(kind, "multiclass", average, true, predicted, labels)
    check(kind(average=average, ignore_index=ignored, num_classes=6), CrossEntropyLoss(), outputs, targets, right)
    # The default is the class that the loss ignores.
    losses = {
        CrossEntropyLoss: outputs,
        NLLLoss: outputs.log_softmax(dim=1),
    }
    for loss, given in losses.items() if ignored is not None else ():
        check(kind(average=average), loss(ignore_index=ignored), given, targets, right)
    if ignored is None:
        check(kind(average=average), MultiMarginLoss(), outputs, targets, right)


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("task", ["binary", "multilabel", "multiclass"])
def test_other_metrics_of_counts_equal_scikit_learn(task, average):
    outputs, targets = drawn(task)
    loss = CrossEntropyLoss() if task == "multiclass" else BCEWithLogitsLoss()
    true, predicted = targets.int().numpy(), (outputs >= 0).int().numpy()
    if task == "multiclass":
        predicted = outputs.argmax(dim=1).int().numpy()
    elif task == "binary":
        true, predicted = true[:, 0], predicted[:, 0]
    mean = average or ("binary" if task == "binary" else "micro")
    options = {"average": average}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fraction = sklearn.fbeta_score(true, predicted, beta=2.0, average=mean, zero_division=1.0)
        check(FBetaScore(beta=2.0, zero_division=1.0, **options), loss, outputs, targets, fraction)
        usual = "macro" if average is None and task != "binary" else mean
        labels = sorted({*true.ravel(), *predicted.ravel()}) if task == "multiclass" else None
        fraction = sklearn.jaccard_score(true, predicted, average=usual, labels=labels)
        check(JaccardIndex(**options), loss, outputs, targets, fraction)
    wrong = 1 - evaluated(Accuracy(**options), loss, outputs, targets)
    check(HammingDistance(**options), loss, outputs, targets, wrong)
    check(Specificity(**options), loss, outputs, targets, of_others(task, average, true, predicted))
    check(NegativePredictiveValue(**options), loss, outputs, targets, of_others(task, average, predicted, true, true))


def of_others(task, average, divisor, other, weights=None):
    """Return the fraction of the rows outside of a class in one array that are outside in the other one too."""
    if task == "binary" and average is None:
        return 1 - other[divisor == 0].mean()
    if task != "multilabel":
        present = sorted({*divisor, *other})
        divisor, other = ((part[:, None] == present).astype(int) for part in (divisor, other))
        weights = None if weights is None else (weights[:, None] == present).astype(int)
    outside, both = (divisor == 0).sum(axis=0), ((divisor == 0) & (other == 0)).sum(axis=0)
    if task == "multiclass" and average in (None, "micro"):
        # Of 6 classes, one is neither true nor predicted.
        absent = (6 - len(present)) * len(divisor)
        return (both.sum() + absent) / (outside.sum() + absent)
    if average in (None, "micro"):
        return both.sum() / outside.sum()
    true = (divisor if weights is None else weights).sum(axis=0)
    return numpy.average(both / outside, weights=true if average == "weighted" else None)


def test_a_loss_that_contains_a_layer_also_sets_the_ignored_class():
    outputs, targets = drawn("multiclass")
    metric, loss = Accuracy(), LinearCrossEntropyLoss(in_features=4, ignore_index=1)
    state = metric.build(loss, outputs)
    state.update(outputs.softmax(dim=1), targets)
    kept = targets != 1
    assert state.compute() == (outputs.argmax(dim=1) == targets)[kept].double().mean()


def test_an_ignored_class_is_excluded_from_averages_even_if_it_is_predicted():
    true = torch.tensor([0] * 4 + [1] * 4 + [2] * 2)
    predicted = torch.tensor([0, 0, 0, 2, 1, 1, 2, 1, 0, 2])
    outputs = torch.nn.functional.one_hot(predicted, 3).float()
    for kind, right in ((Accuracy, 0.75), (Recall, 0.75), (Precision, 1.0), (F1Score, 6 / 7)):
        check(kind(average="macro"), CrossEntropyLoss(ignore_index=2), outputs, true, right)


@pytest.mark.parametrize(("kind", "average"), [*product(KINDS, AVERAGES)])
def test_the_true_class_may_be_among_the_most_probable_classes(kind, average):
    outputs, targets = drawn("multiclass")
    scores, true = outputs.double().numpy(), targets.numpy()
    first = numpy.argsort(-scores, axis=1, kind="stable")[:, :2]
    predicted = numpy.where((first == true[:, None]).any(axis=1), true, first[:, 0])
    right = expected(kind, "multiclass", average, true, predicted)
    check(kind(average=average, top_k=2), CrossEntropyLoss(), outputs, targets, right)
    if average is None and kind is Accuracy:
        assert right == sklearn.top_k_accuracy_score(true, scores, k=2, labels=range(6))


def test_among_equal_scores_the_first_classes_are_chosen():
    outputs, targets = torch.zeros(4, 4), torch.arange(4)
    assert [evaluated(Accuracy(top_k=k), CrossEntropyLoss(), outputs, targets, 4) for k in (1, 2, 3, 4)] == [
        0.25,
        0.5,
        0.75,
        1.0,
    ]


@pytest.mark.parametrize("kind", THEIRS)
@pytest.mark.parametrize("quotient", [0.0, 1.0])
def test_zero_division_sets_the_result_if_the_divisor_is_0(kind, quotient):
    metric = kind(zero_division=quotient)
    assert evaluated(metric, BCELoss(), torch.zeros(60, 1), torch.zeros(60, 1)) == quotient
    outputs, targets = drawn("multiclass")
    options = {"average": "macro", "zero_division": quotient}
    right = expected(kind, "multiclass", "macro", targets.numpy(), outputs.argmax(dim=1).numpy(), None, quotient)
    check(kind(**options), CrossEntropyLoss(), outputs, targets, right)


def test_a_probability_at_the_threshold_counts_as_1():
    outputs, targets = torch.tensor([[0.25], [0.75], [0.5], [0.4999]]), torch.tensor([[0.0], [1.0], [1.0], [0.0]])
    check(Accuracy(), BCELoss(), outputs, targets, 1.0)
    check(Accuracy(threshold=0.25), BCELoss(), outputs, targets, 0.5)
    # Targets may be probabilities as well.
    check(Accuracy(), BCELoss(), torch.full((4, 1), 0.9), torch.tensor([[0.0], [0.49], [0.5], [1.0]]), 0.5)


def test_the_numbers_of_a_batch_do_not_change_their_interpretation():
    outputs, targets = drawn("binary")
    outputs = outputs * 0.3 + 0.5
    assert (outputs < 0).any()
    assert (outputs > 1).any()
    right = float(((outputs >= 0.5) == (targets > 0)).double().mean())
    for loss in (MSELoss(), HuberLoss()):
        check(Accuracy(task="binary"), loss, outputs, targets, right)


def test_rounding_does_not_turn_a_cosine_into_a_score():
    drawn = torch.randn(500, 40, generator=torch.Generator().manual_seed(3))
    beyond = drawn[torch.nn.functional.cosine_similarity(drawn, 1.7 * drawn) > 1.0000001]
    one = torch.cat([beyond, drawn])[:60]
    targets = torch.where(torch.arange(60) % 4 == 0, -1.0, 1.0)
    two = torch.where(targets[:, None] > 0, 1.7 * one, 3 - 0.2 * one)
    loss, outputs = CosineEmbeddingLoss(), {"input1": one, "input2": two}
    assert ((1 + torch.nn.functional.cosine_similarity(one, two)) / 2 > 1).any(), "Otherwise it shows nothing."
    predictions = loss.predictions(None, outputs, None)
    assert (predictions.min() >= 0, predictions.max()) == (True, 1)
    for size in SIZES:
        state = Accuracy().build(loss, predictions)
        for some, others in zip(predictions.split(size), targets.split(size), strict=True):
            state.update(some, others)
        assert state.compute() == ((predictions >= 0.5) == (targets > 0)).double().mean()


@pytest.mark.parametrize("kind", KINDS)
def test_a_nan_prediction_or_no_counted_row_makes_the_metric_undefined(kind):
    outputs, targets = drawn("multiclass")
    broken = outputs.clone()
    broken[3, 1] = torch.nan
    assert isnan(evaluated(kind(), CrossEntropyLoss(), broken, targets))
    assert isnan(evaluated(kind(average="macro", ignore_index=2), CrossEntropyLoss(), outputs, targets * 0 + 2))


def test_each_position_of_a_row_is_evaluated():
    outputs = torch.randn(6, 3, 5, generator=torch.Generator().manual_seed(1))
    targets = torch.randint(3, (6, 5), generator=torch.Generator().manual_seed(2))
    right = (outputs.argmax(dim=1) == targets).double().mean()
    for size in (1, 6):
        assert evaluated(Accuracy(), CrossEntropyLoss(), outputs, targets, size) == right


def test_a_loss_may_predict_class_indices():
    class Rounding(CrossEntropyLoss):
        def predictions(self, criterion, outputs, batch):
            return outputs.argmax(dim=1)

    outputs, targets = drawn("multiclass")
    right = expected(F1Score, "multiclass", "macro", targets.numpy(), outputs.argmax(dim=1).numpy())
    check(F1Score(average="macro", num_classes=6), Rounding(), outputs, targets, right)
