"""Each metric is that of torchmetrics, fed with predictions."""

from inspect import signature
from pathlib import Path

import pytest
import torch
import torchmetrics
from attrs import fields

import hookline
from hookline_losses.classification import BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, NLLLoss
from hookline_losses.projecting import LinearCrossEntropyLoss
from hookline_losses.regression import HuberLoss, MSELoss
from hookline_metrics import classification, regression
from hookline_metrics import register_specs as register_all
from hookline_metrics.base import TorchMetric

SPECS = Path(__file__).parent.parent.parent / "specs"


def register_specs():
    """Those of torchmetrics."""
    return [kind for kind in register_all().values() if issubclass(kind, TorchMetric)]


DECIDING = ("Accuracy", "F1Score", "Precision", "Recall")
CLASSES = (*DECIDING, "AUROC")
NUMBERS = ("MeanAbsoluteError", "MeanSquaredError", "R2Score")


def loaded(name, options, loss):
    spec = {
        "data": {"type": "Random", "features": 1, "targets": [0, 1]},
        "model": {"type": "Linear", "out_features": 1},
        "loss": {"type": loss},
        "optimizer": {"type": "SGD"},
        "metrics": [{"type": name, **options}],
    }
    [metric] = hookline.load(spec).metrics
    return metric


def drawn(task, rows=60):
    """Outputs and targets as a loss for this task has them."""
    generator = torch.Generator().manual_seed(8)
    if task == "multiclass":
        return torch.randn(rows, 4, generator=generator), torch.randint(4, (rows,), generator=generator)
    columns = 3 if task == "multilabel" else 1
    outputs, targets = torch.randn(2, rows, columns, generator=generator)
    return outputs, targets if task == "numbers" else (targets > 0).float()


@pytest.mark.parametrize("name", DECIDING)
@pytest.mark.parametrize(
    ("loss", "ignored"),
    [
        (CrossEntropyLoss(ignore_index=2), 2),
        (NLLLoss(ignore_index=0), 0),
        (LinearCrossEntropyLoss(in_features=4, ignore_index=1), 1),
        (CrossEntropyLoss(), None),
        (LinearCrossEntropyLoss(in_features=4), None),
    ],
    ids=repr,
)
def test_rows_of_the_class_that_the_loss_ignores_do_not_count(name, loss, ignored):
    scores, targets = drawn("multiclass")
    predictions = scores.softmax(dim=1)
    kept = targets != (-1 if ignored is None else ignored)
    expected = getattr(torchmetrics, name)(task="multiclass", num_classes=4)(predictions[kept], targets[kept])
    metric = loaded(name, {}, "CrossEntropyLoss")
    assert metric.build(loss, predictions)(predictions, targets) == expected
    # A class that the metric itself is told comes first.
    other = loaded(name, {"ignore_index": 3}, "CrossEntropyLoss").build(loss, predictions)
    kept = targets != 3
    expected = getattr(torchmetrics, name)(task="multiclass", num_classes=4)(predictions[kept], targets[kept])
    assert other(predictions, targets) == expected


def judged(metric, loss, outputs, targets, batches=(25, 25, 10)):
    predictions = loss.predictions(None, outputs, None)
    state = metric.build(loss, predictions[:25])
    for some, others in zip(predictions.split(batches), targets.split(batches), strict=True):
        state.update(*metric.prepare(some, others))
    return state.compute()


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *((name, {}) for name in CLASSES),
        *((name, {"average": average}) for name in CLASSES for average in ("macro", "weighted")),
        *((name, {"ignore_index": 2, "average": "macro"}) for name in DECIDING),
    ],
)
@pytest.mark.parametrize("loss", [CrossEntropyLoss(), NLLLoss()], ids=repr)
def test_several_classes_are_the_task_multiclass_and_outputs_become_probabilities(name, options, loss):
    outputs, targets = drawn("multiclass")
    probabilities = outputs.softmax(dim=1)
    if isinstance(loss, NLLLoss):
        outputs = outputs.log_softmax(dim=1)
        probabilities = outputs.exp()
    expected = getattr(torchmetrics, name)(task="multiclass", num_classes=4, **options)
    expected.update(probabilities, targets)
    metric = loaded(name, options, type(loss).__name__)
    assert judged(metric, loss, outputs, targets) == expected.compute()


@pytest.mark.parametrize("name", DECIDING)
def test_the_right_class_may_be_among_the_most_probable_ones(name):
    outputs, targets = drawn("multiclass")
    options = {"top_k": 2, "average": "macro"}
    expected = getattr(torchmetrics, name)(task="multiclass", num_classes=4, **options)
    assert torch.equal(
        judged(loaded(name, options, "CrossEntropyLoss"), CrossEntropyLoss(), outputs, targets),
        expected(outputs.softmax(dim=1), targets),
    )


@pytest.mark.parametrize(
    ("name", "options"), [*((name, {}) for name in CLASSES), *((name, {"threshold": 0.3}) for name in DECIDING)]
)
@pytest.mark.parametrize("loss", [BCEWithLogitsLoss(), BCELoss()], ids=repr)
@pytest.mark.parametrize(("task", "shape"), [("binary", {}), ("multilabel", {"num_labels": 3})])
def test_probabilities_are_the_task_binary_or_multilabel_by_their_number(name, options, loss, task, shape):
    outputs, targets = drawn(task)
    probabilities = outputs.sigmoid()
    if isinstance(loss, BCELoss):
        outputs = probabilities
    expected = getattr(torchmetrics, name)(task=task, **shape, **options)
    expected.update(probabilities, targets.int())
    metric = loaded(name, options, type(loss).__name__)
    assert judged(metric, loss, outputs, targets) == expected.compute()


@pytest.mark.parametrize("name", ["F1Score", "Precision", "Recall"])
@pytest.mark.parametrize("quotient", [0.0, 1.0])
def test_what_there_is_nothing_to_divide_by_is_what_the_option_says(name, quotient):
    metric = loaded(name, {"zero_division": quotient}, "BCELoss")
    assert judged(metric, BCELoss(), torch.zeros(60, 1), torch.zeros(60, 1)) == quotient


def test_probabilities_between_0_and_1_count_as_1_from_one_half_on():
    metric = loaded("Accuracy", {}, "BCELoss")
    predictions, targets = torch.full((4, 1), 0.9), torch.tensor([[0.0], [0.49], [0.5], [1.0]])
    state = metric.build(BCELoss(), predictions)
    state.update(*metric.prepare(predictions, targets))
    assert state.compute() == 0.5


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("MeanAbsoluteError", {}),
        ("MeanSquaredError", {}),
        ("MeanSquaredError", {"squared": False}),
        ("R2Score", {}),
        ("R2Score", {"adjusted": 3}),
    ],
)
def test_numbers_are_compared_as_they_are(name, options):
    outputs, targets = drawn("numbers")
    expected = getattr(torchmetrics, name)(**options)
    for part, true in zip(outputs.squeeze(1).split([25, 25, 10]), targets.squeeze(1).split([25, 25, 10]), strict=True):
        expected.update(part, true)
    assert judged(loaded(name, options, "HuberLoss"), HuberLoss(), outputs, targets) == expected.compute()


@pytest.mark.parametrize(
    ("name", "options"), [*((name, {}) for name in NUMBERS), ("R2Score", {"multioutput": "variance_weighted"})]
)
def test_several_numbers_a_row_are_compared_column_by_column(name, options):
    outputs, targets = torch.randn(2, 60, 3, generator=torch.Generator().manual_seed(1))
    expected = getattr(torchmetrics, name)(**options)
    for part, true in zip(outputs.split([25, 25, 10]), targets.split([25, 25, 10]), strict=True):
        expected.update(part, true)
    assert judged(loaded(name, options, "MSELoss"), MSELoss(), outputs, targets) == expected.compute()


@pytest.mark.parametrize("options", [{"thresholds": 10}, {"thresholds": [0.1, 0.5, 0.9]}, {"max_fpr": 0.5}], ids=str)
def test_auroc_takes_thresholds_as_torchmetrics_does(options):
    outputs, targets = drawn("binary")
    expected = torchmetrics.AUROC(task="binary", **options)
    expected.update(outputs.sigmoid(), targets.int())
    metric = loaded("AUROC", options, "BCEWithLogitsLoss")
    assert judged(metric, BCEWithLogitsLoss(), outputs, targets) == expected.compute()


def test_a_task_that_is_told_is_used_whatever_the_loss_is():
    metric = loaded("Accuracy", {"task": "binary"}, "MSELoss")
    outputs, targets = torch.tensor([[0.9], [0.2], [0.6]]), torch.tensor([[1.0], [0.0], [0.0]])
    state = metric.build(MSELoss(), outputs)
    state.update(*metric.prepare(outputs, targets))
    assert isinstance(state, torchmetrics.classification.BinaryAccuracy)
    assert state.compute() == torch.tensor(2 / 3)


@pytest.mark.parametrize("name", CLASSES)
def test_a_task_that_cannot_be_known_is_a_problem_of_the_spec(name):
    with pytest.raises(hookline.SpecError) as raised:
        loaded(name, {}, "MSELoss")
    assert f"MSELoss is a loss of numbers: {name} must be told its `task`." in str(raised.value)


@pytest.mark.parametrize("name", NUMBERS)
def test_a_metric_of_numbers_does_not_judge_classes(name):
    with pytest.raises(hookline.SpecError) as raised:
        loaded(name, {}, "CrossEntropyLoss")
    assert f"{name} compares numbers, and CrossEntropyLoss tells classes apart." in str(raised.value)


def test_lower_errors_are_better_and_so_are_higher_scores():
    assert {kind.__name__: kind.higher_is_better for kind in register_specs()} == {
        **dict.fromkeys(CLASSES, True),
        "R2Score": True,
        "MeanAbsoluteError": False,
        "MeanSquaredError": False,
    }


NOT_ONE_NUMBER = {"multidim_average", "num_outputs", "kwargs", "cls"}
BY_KEYWORD = {"Precision": {"zero_division": 0.0}, "Recall": {"zero_division": 0.0}}


@pytest.mark.parametrize("kind", register_specs(), ids=lambda kind: kind.__name__)
def test_a_metric_has_the_options_of_torchmetrics_with_its_defaults(kind):
    theirs = getattr(torchmetrics, kind.__name__)
    parameters = signature(theirs.__new__ if kind.__name__ in CLASSES else theirs).parameters.values()
    expected = {p.name: p.default for p in parameters if p.name not in NOT_ONE_NUMBER}
    if "task" in expected:
        expected["task"] = None
    expected |= BY_KEYWORD.get(kind.__name__, {})
    assert {option.name: option.default for option in fields(kind) if option.name not in ("name", "target")} == expected


def test_a_metric_is_called_as_its_type_unless_it_has_a_name():
    assert classification.Accuracy().label == "Accuracy"
    assert regression.R2Score(name="fit").label == "fit"


@pytest.mark.parametrize(
    "options", [{"num_classes": 7}, {"top_k": 5}, {"task": "multilabel", "num_labels": 9}], ids=str
)
def test_options_that_do_not_fit_the_model_are_told_with_the_name_of_the_metric(options, tmp_path):
    table = ", ".join(f"{name}={value!r}" for name, value in {"type": "Accuracy", **options}.items())
    spec = hookline.load(SPECS / "iris.toml", ["run.epochs=1", f"metrics=[{{{table}}}]"])
    with pytest.raises(hookline.MisfitError, match=r"^metrics.*Accuracy"):
        hookline.train(spec, out=tmp_path / "run")
