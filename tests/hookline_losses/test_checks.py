"""Losses report models and data that do not fit them before training."""

from functools import partial

import pytest
import torch
from torch import nn

import hookline
import hookline_models.containers.parallel
import hookline_models.containers.residual
import hookline_models.shape
from hookline.data import (
    Batch,
    Classes,
    ClassesOrDistribution,
    Data,
    Distribution,
    Numbers,
    Probabilities,
    Sequences,
    Signs,
    Target,
)
from hookline.errors import MismatchError
from hookline_losses.classification import CrossEntropyLoss, NLLLoss
from hookline_losses.embeddings.pairs import HingeEmbeddingLoss
from hookline_losses.gaussian import GaussianNLLLoss
from hookline_losses.labels import BCELoss, BCEWithLogitsLoss, MultiLabelSoftMarginLoss
from hookline_losses.linear_cross_entropy import LinearCrossEntropyLoss
from hookline_losses.margin import MultiLabelMarginLoss, MultiMarginLoss, SoftMarginLoss
from hookline_losses.probabilistic import PoissonNLLLoss
from hookline_losses.regression import HuberLoss, L1Loss, MSELoss, SmoothL1Loss
from hookline_models.activations.sigmoids import Sigmoid
from hookline_models.containers.sequential import Sequential
from hookline_models.linear import Linear


def data(*columns, classes=None):
    return Data(training=None, example=None, targets={"target": Target(columns=columns, classes=classes)})


def batch(targets):
    return Batch({"input": targets}, {"target": targets})


def message_of(loss, outputs, targets, data):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        loss.check(outputs, batch(targets), data)
    return str(raised.value)


SPECIES = data("species", classes=("a", "b", "c"))
INDICES = torch.tensor([0, 2])


@pytest.mark.parametrize("loss", [CrossEntropyLoss(), NLLLoss(), CrossEntropyLoss(weight=(1, 2, 3))])
def test_a_score_for_each_class_is_accepted(loss):
    loss.check(torch.randn(2, 3).log_softmax(dim=1), batch(INDICES), SPECIES)


@pytest.mark.parametrize("kind", [CrossEntropyLoss, NLLLoss])
@pytest.mark.parametrize("shape", [(2,), (4,), (1,), (3, 5), ()])
def test_a_wrong_number_of_scores_is_reported(kind, shape):
    assert message_of(kind(), torch.zeros(2, *shape), INDICES, SPECIES) == (
        f'{kind.__name__} takes one score per class: "species" has 3 classes, but the outputs of the model '
        f"have shape {shape} for each row."
    )


@pytest.mark.parametrize("weight", [(1.0, 2.0), (1.0, 2.0, 3.0, 4.0)])
def test_a_wrong_number_of_class_weights_is_reported(weight):
    assert message_of(CrossEntropyLoss(weight=weight), torch.zeros(2, 3), INDICES, SPECIES) == (
        f'"species" has 3 classes, but `weight` has {len(weight)} numbers.'
    )


ALIKE = [MSELoss(), L1Loss(), SmoothL1Loss(), HuberLoss(), BCELoss(), BCEWithLogitsLoss()]


@pytest.mark.parametrize("loss", ALIKE, ids=repr)
@pytest.mark.parametrize("columns", [1, 3])
def test_an_output_for_each_target_is_accepted(loss, columns):
    loss.check(torch.full((2, columns), 0.5), batch(torch.zeros(2, columns)), data(*"abc"[:columns]))


@pytest.mark.parametrize("loss", ALIKE, ids=repr)
@pytest.mark.parametrize("shape", [(2, 1), (2, 3), (2,), (2, 2, 1), (1, 2)])
def test_outputs_that_would_be_broadcast_against_the_targets_are_reported(loss, shape):
    assert message_of(loss, torch.full(shape, 0.5), torch.zeros(2, 2), data("u", "v")) == (
        f"{type(loss).__name__} compares each output with a target: the model must return 2 for each row (u, v), but "
        f"its outputs for a batch of {shape[0]} rows have shape {shape}."
    )


@pytest.mark.parametrize("option", ["weight", "pos_weight"])
def test_a_wrong_number_of_column_weights_is_reported(option):
    loss = BCEWithLogitsLoss(**{option: (1.0, 2.0, 3.0)})
    assert message_of(loss, torch.zeros(2, 2), torch.zeros(2, 2), data("u", "v")) == (
        f"There are 2 target columns, but `{option}` has 3 numbers."
    )


@pytest.mark.parametrize("option", ["weight", "pos_weight"])
@pytest.mark.parametrize("numbers", [(2.0,), (1.0, 2.0)])
def test_one_weight_or_one_for_each_target_column_is_accepted(option, numbers):
    loss = BCEWithLogitsLoss(**{option: numbers})
    loss.check(torch.zeros(2, 2), batch(torch.zeros(2, 2)), data("u", "v"))


@pytest.mark.parametrize("output", [-0.1, 1.1])
def test_a_loss_of_probabilities_reports_other_outputs(output):
    assert "Sigmoid" in message_of(BCELoss(), torch.tensor([[0.5], [output]]), torch.zeros(2, 1), data("u"))


def test_a_loss_of_log_probabilities_reports_other_outputs():
    assert "LogSoftmax" in message_of(NLLLoss(), torch.tensor([[0.5, 1.0, -2.0], [1.0, 0.0, 0.0]]), INDICES, SPECIES)


def test_the_ignored_class_must_exist():
    CrossEntropyLoss(ignore_index=2).check(torch.randn(2, 3), batch(INDICES), SPECIES)
    assert message_of(CrossEntropyLoss(ignore_index=42), torch.randn(2, 3), INDICES, SPECIES) == (
        "There are 3 classes, counted from 0 in sorted order, so there is no class 42."
    )


@pytest.mark.parametrize("index", [-1, -100])
@pytest.mark.parametrize("kind", ["CrossEntropyLoss", "NLLLoss", "LinearCrossEntropyLoss"])
def test_a_negative_class_index_is_refused(kind, index):
    features = {"in_features": 3} if kind == "LinearCrossEntropyLoss" else {}
    with pytest.raises(hookline.errors.SpecError) as raised:
        hookline.load(
            {
                "data": {"type": "Random", "features": 1, "targets": [0, 1]},
                "model": {"type": "Linear", "out_features": 1},
                "loss": {"type": kind, "ignore_index": index, **features},
                "optimizer": {"type": "SGD"},
            }
        )
    [problem] = raised.value.problems
    assert problem.path == ("loss", "ignore_index")
    assert problem.text == (
        f"{index} is not a class index: classes are sorted and counted from 0. Remove the option to ignore no "
        f"class. To ignore a class with the name {index}, set its position in sorted order, which is usually 0."
    )


@pytest.mark.parametrize(
    ("classes", "ignored", "doubted"),
    [
        ((-100, 0, 1), None, "-100"),
        ((-100, 0, 1), 0, None),
        ((-100, 0, 1), 1, "-100"),
        ((-100, 5), None, "-100"),
        ((-1, 0, 1, 2), None, "-1"),
        (("-1", "0", "1"), None, "-1"),
        ((-1, 0, 1), 0, None),
        ((-1, 1), None, None),
        ((-1, 0), None, None),
        ((-2, -1, 0), None, None),
        (("a", "b", "c"), None, None),
    ],
)
@pytest.mark.parametrize("kind", [CrossEntropyLoss, NLLLoss, partial(LinearCrossEntropyLoss, in_features=2)])
def test_a_class_that_may_mark_rows_without_a_class_is_a_warning(kind, classes, ignored, doubted):
    doubts = list(kind(ignore_index=ignored).doubts_of_data(data("y", classes=classes)))
    sentence = (
        f'The class {doubted} of "y" is trained like any other. If it marks rows without a class, set `ignore_index = 0`, '
        f"which is its index."
    )
    assert doubts == ([] if doubted is None else [sentence])


def test_a_class_that_may_mark_rows_is_warned_about_before_training(tmp_path):
    (tmp_path / "rows.csv").write_text("x,y\n" + "1,-100\n2,0\n3,1\n" * 4)
    table = {
        "run": {"epochs": 1},
        "data": {"type": "CSV", "path": str(tmp_path / "rows.csv"), "targets": "y"},
        "model": {"type": "Linear", "out_features": 3},
        "loss": {"type": "CrossEntropyLoss"},
        "optimizer": {"type": "SGD"},
    }
    with pytest.warns(hookline.HooklineWarning, match="loss: The class -100"):
        hookline.train(hookline.load(table), out=tmp_path / "run")


def test_weights_that_are_all_zero_are_reported():
    assert message_of(CrossEntropyLoss(weight=(0.0, 0.0, 0.0)), torch.randn(2, 3), INDICES, SPECIES) == (
        "At least one number of `weight` must be greater than 0."
    )


def test_target_distributions_cannot_ignore_a_class():
    targets = torch.full((2, 3), 1 / 3)
    assert message_of(CrossEntropyLoss(ignore_index=0), torch.randn(2, 3), targets, SPECIES) == (
        "`ignore_index` ignores a class, but the targets are probabilities: remove it."
    )


LINEAR, SIGMOID, HALVES = nn.Linear(2, 2), nn.Sigmoid(), torch.full((2, 2), 0.5)


def residual(*layers):
    made = hookline_models.containers.residual.Residual(layers=layers)
    return made.build(torch.zeros(1, 2))


def parallel(*branches):
    return hookline_models.containers.parallel.Parallel(branches=branches, join="product").build(torch.zeros(1, 2))


TRANSPOSE = hookline_models.shape.Transpose().build(torch.zeros(1, 2, 2))
ENDS_IN_LINEAR = [
    LINEAR,
    nn.Sequential(nn.ReLU(), nn.Sequential(LINEAR)),
    nn.Sequential(SIGMOID, LINEAR, nn.Flatten()),
    nn.Sequential(nn.Sequential(LINEAR, nn.Sequential(nn.Unflatten(1, (1, 2)))), TRANSPOSE, nn.Identity()),
    nn.Sequential(LINEAR, nn.Dropout(), nn.AlphaDropout()),
]
ENDS_IN_SIGMOID = [
    SIGMOID,
    nn.Sequential(LINEAR, nn.Sequential(SIGMOID, nn.Flatten()), nn.Dropout()),
]
ENDS_IN_NO_LAYER = [
    parallel(Linear(out_features=2), Sequential(layers=(Linear(out_features=2), Sigmoid()))),
    residual(Linear(out_features=2), Sigmoid()),
    residual(Linear(out_features=2)),
    nn.Sequential(),
    nn.Flatten(),
]


@pytest.mark.parametrize("model", ENDS_IN_LINEAR, ids=str)
def test_a_loss_of_probabilities_refuses_a_last_layer_that_can_return_other_numbers(model):
    with pytest.raises(ValueError, match=r"must end in Sigmoid\. It ends in Linear\.$"):
        BCELoss().doubts(model, HALVES)
    assert list(BCEWithLogitsLoss().doubts(model, HALVES)) == []


@pytest.mark.parametrize("last", [nn.BatchNorm1d(2), nn.LayerNorm(2), nn.ReLU(), nn.Softplus(), nn.Tanh(), nn.GELU()])
def test_a_loss_of_probabilities_refuses_other_layers_without_bounds(last):
    with pytest.raises(ValueError, match=rf"It ends in {type(last).__name__}\.$"):
        BCELoss().doubts(nn.Sequential(LINEAR, last), HALVES)


@pytest.mark.parametrize("model", [*ENDS_IN_SIGMOID, *ENDS_IN_NO_LAYER], ids=str)
def test_a_model_that_may_end_in_probabilities_is_accepted(model):
    assert list(BCELoss().doubts(model, HALVES)) == []


OF_SCORES = [
    (CrossEntropyLoss(), " and turns them into probabilities itself"),
    (BCEWithLogitsLoss(), " and turns them into probabilities itself"),
    (MultiLabelSoftMarginLoss(), " and turns them into probabilities itself"),
    (SoftMarginLoss(), " and turns them into probabilities itself"),
    (MultiMarginLoss(), ""),
    (MultiLabelMarginLoss(), ""),
]


@pytest.mark.parametrize(("loss", "itself"), OF_SCORES, ids=str)
@pytest.mark.parametrize("last", [SIGMOID, nn.Hardsigmoid(), nn.Softmax(dim=0), nn.Softmax(dim=1), nn.LogSoftmax(1)])
def test_a_loss_of_scores_warns_about_probabilities(loss, itself, last):
    message = f"{type(loss).__name__} takes raw scores{itself}, but the model ends in {type(last).__name__}: remove that layer."
    for model in (last, nn.Sequential(LINEAR, last), nn.Sequential(nn.Sequential(LINEAR, last), nn.Flatten())):
        assert list(loss.doubts(model, HALVES)) == [message]


@pytest.mark.parametrize(("loss", "itself"), OF_SCORES, ids=str)
@pytest.mark.parametrize("last", [nn.ReLU(), nn.Softplus()])
def test_a_loss_of_scores_warns_about_layers_without_negative_outputs(loss, itself, last):
    assert list(loss.doubts(nn.Sequential(LINEAR, last), HALVES)) == [
        f"{type(loss).__name__} takes raw scores, but the model ends in {type(last).__name__}, which returns none "
        f"below 0."
    ]


@pytest.mark.parametrize(("loss", "itself"), OF_SCORES, ids=str)
@pytest.mark.parametrize("model", [*ENDS_IN_LINEAR, *ENDS_IN_NO_LAYER, nn.Sequential(SIGMOID, nn.Tanh())], ids=str)
def test_a_loss_of_scores_does_not_warn_about_other_layers(loss, itself, model):
    assert list(loss.doubts(model, HALVES)) == []


def test_a_variance_from_a_layer_that_can_return_negative_numbers_is_refused():
    outputs = {"input": HALVES, "var": HALVES}
    for heads in ({"input": LINEAR, "var": LINEAR}, {"input": LINEAR, "var": nn.Sequential(nn.Softplus(), LINEAR)}):
        with pytest.raises(ValueError, match=r"such as Softplus\. It ends in Linear\.$"):
            GaussianNLLLoss().doubts(nn.Sequential(LINEAR, nn.ModuleDict(heads)), outputs)
    for last in (nn.Softplus(), nn.ReLU(), SIGMOID):
        heads = {"input": LINEAR, "var": nn.Sequential(LINEAR, last)}
        assert list(GaussianNLLLoss().doubts(nn.Sequential(LINEAR, nn.ModuleDict(heads)), outputs)) == []
    assert list(GaussianNLLLoss().doubts(LINEAR, HALVES)) == []


def test_a_variance_that_becomes_negative_during_training_is_reported():
    rows = Batch({"x": HALVES}, {"y": HALVES})
    with pytest.raises(MismatchError, match=r"^loss: A variance is not negative: the head `var` must end in a layer"):
        GaussianNLLLoss().compute(nn.GaussianNLLLoss(), {"input": HALVES, "var": -HALVES}, rows)
    with pytest.raises(ValueError, match="other is not valid"):
        GaussianNLLLoss().compute(nn.GaussianNLLLoss(reduction="other"), {"input": HALVES, "var": HALVES}, rows)


def test_distances_without_a_column_dimension_are_reported_with_the_option_that_keeps_it():
    assert message_of(HingeEmbeddingLoss(), torch.ones(2), torch.ones(2, 1), data("target")) == (
        "HingeEmbeddingLoss takes distances of shape (N, 1), but the model returns (N,): set `keepdim = true` "
        "in PairwiseDistance."
    )


def test_counts_and_distances_from_a_layer_that_can_return_negative_numbers_are_reported():
    with pytest.raises(ValueError, match=r"such as Softplus\. It ends in Linear\.$"):
        PoissonNLLLoss(log_input=False).doubts(LINEAR, HALVES)
    assert list(PoissonNLLLoss().doubts(LINEAR, HALVES)) == []
    assert list(PoissonNLLLoss(log_input=False).doubts(nn.Softplus(), HALVES)) == []
    assert list(HingeEmbeddingLoss().doubts(LINEAR, HALVES)) == [
        "HingeEmbeddingLoss takes distances, but the model ends in Linear, which can return negative numbers."
    ]
    assert list(HingeEmbeddingLoss().doubts(nn.PairwiseDistance(), HALVES)) == []
    assert list(HingeEmbeddingLoss().doubts(nn.Flatten(), -HALVES)) == [
        "HingeEmbeddingLoss takes distances, but the model returns negative numbers."
    ]


def test_negative_counts_are_reported():
    assert message_of(PoissonNLLLoss(log_input=False), torch.tensor([[-1.0], [1.0]]), torch.ones(2, 1), data("n")) == (
        "Without `log_input` the outputs are counts, which are not negative: the model must end in a layer such as Softplus."
    )


def test_a_variance_from_two_sources_is_reported():
    both = Batch({"x": torch.ones(2, 1)}, {"y": torch.ones(2, 1), "var": torch.ones(2, 1)})
    with pytest.raises(ValueError, match='The data has a target "var", which is the variance'):
        GaussianNLLLoss().check({"mean": torch.ones(2, 1), "var": torch.ones(2, 1)}, both, data("y"))


@pytest.mark.parametrize(
    ("one", "other", "common"),
    [
        (Numbers(), Numbers(minimum=0), Numbers(minimum=0)),
        (Classes(), ClassesOrDistribution(), Classes()),
        (ClassesOrDistribution(), ClassesOrDistribution(), ClassesOrDistribution()),
        (Distribution(), Distribution(logarithms=True), None),
        (Sequences(0), Sequences(1), None),
        (Sequences(1), Sequences(1), Sequences(1)),
        (Signs(flat=True), Signs(), None),
        (Numbers(), Classes(), None),
        (Probabilities(), Signs(), None),
    ],
    ids=str,
)
def test_two_losses_share_a_target_with_a_common_encoding(one, other, common):
    assert one.common(other) == common
    assert other.common(one) == common
