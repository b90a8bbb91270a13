"""What a loss says about a model that does not fit it, before anything is trained."""

import pytest
import torch

from hookline import Batch, Data, Target
from hookline_losses.classification import BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, NLLLoss
from hookline_losses.regression import HuberLoss, L1Loss, MSELoss, SmoothL1Loss


def data(*columns, classes=None):
    return Data(training=None, example=None, targets={"target": Target(columns=columns, classes=classes)})


def batch(targets):
    return Batch({"input": targets}, {"target": targets})


def told(loss, outputs, targets, data):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        loss.check(outputs, batch(targets), data)
    return str(raised.value)


SPECIES = data("species", classes=("a", "b", "c"))
INDICES = torch.tensor([0, 2])


@pytest.mark.parametrize("loss", [CrossEntropyLoss(), NLLLoss(), CrossEntropyLoss(weight=(1, 2, 3))])
def test_a_score_for_each_class_is_good(loss):
    loss.check(torch.randn(2, 3).log_softmax(dim=1), batch(INDICES), SPECIES)


@pytest.mark.parametrize("kind", [CrossEntropyLoss, NLLLoss])
@pytest.mark.parametrize("shape", [(2,), (4,), (1,), (3, 5), ()])
def test_another_number_of_scores_than_classes_is_told(kind, shape):
    assert told(kind(), torch.zeros(2, *shape), INDICES, SPECIES) == (
        f'{kind.__name__} compares a score for each class with the class: "species" has 3 classes, and the model '
        f"gives outputs of shape {shape} for each row."
    )


@pytest.mark.parametrize("weight", [(1.0, 2.0), (1.0, 2.0, 3.0, 4.0)])
def test_another_number_of_weights_than_classes_is_told(weight):
    assert told(CrossEntropyLoss(weight=weight), torch.zeros(2, 3), INDICES, SPECIES) == (
        f'"species" has 3 classes, and `weight` has {len(weight)} numbers.'
    )


ALIKE = [MSELoss(), L1Loss(), SmoothL1Loss(), HuberLoss(), BCELoss(), BCEWithLogitsLoss()]


@pytest.mark.parametrize("loss", ALIKE, ids=repr)
@pytest.mark.parametrize("columns", [1, 3])
def test_an_output_for_each_target_is_good(loss, columns):
    loss.check(torch.full((2, columns), 0.5), batch(torch.zeros(2, columns)), data(*"abc"[:columns]))


@pytest.mark.parametrize("loss", ALIKE, ids=repr)
@pytest.mark.parametrize("shape", [(2, 1), (2, 3), (2,), (2, 2, 1), (1, 2)])
def test_outputs_that_would_be_broadcast_against_the_targets_are_told(loss, shape):
    assert told(loss, torch.full(shape, 0.5), torch.zeros(2, 2), data("u", "v")) == (
        f"{type(loss).__name__} compares each output with a target: the model must give 2 for each row (u, v), and "
        f"its outputs for a batch of {shape[0]} rows have the shape {shape}."
    )


@pytest.mark.parametrize("option", ["weight", "pos_weight"])
def test_another_number_of_weights_than_target_columns_is_told(option):
    loss = BCEWithLogitsLoss(**{option: (1.0, 2.0, 3.0)})
    assert told(loss, torch.zeros(2, 2), torch.zeros(2, 2), data("u", "v")) == (
        f"There are 2 target columns, and `{option}` has 3 numbers."
    )


@pytest.mark.parametrize("option", ["weight", "pos_weight"])
@pytest.mark.parametrize("numbers", [(2.0,), (1.0, 2.0)])
def test_one_weight_or_one_for_each_target_column_is_good(option, numbers):
    loss = BCEWithLogitsLoss(**{option: numbers})
    loss.check(torch.zeros(2, 2), batch(torch.zeros(2, 2)), data("u", "v"))


@pytest.mark.parametrize("output", [-0.1, 1.1])
def test_outputs_that_are_no_probabilities_are_told_by_the_loss_that_needs_them(output):
    assert "Sigmoid" in told(BCELoss(), torch.tensor([[0.5], [output]]), torch.zeros(2, 1), data("u"))


def test_outputs_that_are_no_log_probabilities_are_told_by_the_loss_that_needs_them():
    assert "LogSoftmax" in told(NLLLoss(), torch.tensor([[0.5, 1.0, -2.0], [1.0, 0.0, 0.0]]), INDICES, SPECIES)
