"""Metrics have the options of torchmetrics, each of which is used, or refused where it stands."""

from inspect import signature
from pathlib import Path

import pytest
import torch
import torchmetrics
from attrs import fields
from metric_batches import drawn, judged

import hookline
from hookline_losses.classification import BCELoss, BCEWithLogitsLoss, CrossEntropyLoss
from hookline_losses.margin import MultiLabelMarginLoss
from hookline_losses.regression import MSELoss
from hookline_metrics import register_specs
from hookline_metrics.classification import Accuracy
from hookline_metrics.ranking import AUROC
from hookline_metrics.regression import R2Score

SPECS = Path(__file__).parents[2] / "specs"
DECIDING = ("Accuracy", "F1Score", "Precision", "Recall")
CLASSES = (*DECIDING, "AUROC")
NUMBERS = ("MeanAbsoluteError", "MeanSquaredError", "R2Score")


def problems(name, options, loss):
    spec = {
        "data": {"type": "Random", "features": 1, "targets": [0, 1]},
        "model": {"type": "Linear", "out_features": 1},
        "loss": {"type": loss} if isinstance(loss, str) else loss,
        "optimizer": {"type": "SGD"},
        "metrics": [{"type": name, **options}],
    }
    try:
        hookline.load(spec)
    except hookline.errors.SpecError as error:
        return [(problem.path, problem.text) for problem in error.problems]
    return []


OF_SEQUENCES = {"SequenceAccuracy", "SymbolErrorRate"}
"""Metrics that torchmetrics does not have."""


def test_every_metric_is_compared_with_torchmetrics():
    assert set(register_specs()) == {*CLASSES, *NUMBERS} | OF_SEQUENCES


def test_lower_errors_are_better_and_so_are_higher_scores():
    kinds = register_specs()
    assert {kinds[name].__name__: kinds[name].higher_is_better for name in (*CLASSES, *NUMBERS)} == {
        **dict.fromkeys(CLASSES, True),
        "R2Score": True,
        "MeanAbsoluteError": False,
        "MeanSquaredError": False,
    }


NOT_ONE_NUMBER = {"multidim_average", "num_outputs", "kwargs", "cls"}
WITHOUT_EFFECT = {"validate_args"}  # Targets are checked when the data is read.
BY_KEYWORD = {"Precision": {"zero_division": 0.0}, "Recall": {"zero_division": 0.0}}
BY_TASK = {"task": None, **dict.fromkeys(["average"])}
"""torchmetrics leaves `average` aside for binary tasks, so that its default means two things."""


@pytest.mark.parametrize("name", [*CLASSES, *NUMBERS])
def test_a_metric_has_the_options_of_torchmetrics_with_its_defaults(name):
    theirs, kind = getattr(torchmetrics, name), register_specs()[name]
    parameters = signature(theirs.__new__ if name in CLASSES else theirs).parameters.values()
    expected = {p.name: p.default for p in parameters if p.name not in NOT_ONE_NUMBER | WITHOUT_EFFECT}
    expected |= {option: None for option in BY_TASK if option in expected and (name, option) != ("AUROC", "average")}
    expected |= BY_KEYWORD.get(name, {})
    assert {option.name: option.default for option in fields(kind) if option.name not in ("name", "target")} == expected


@pytest.mark.parametrize("name", CLASSES)
@pytest.mark.parametrize("task", ["binary", "multilabel", "multiclass"])
def test_without_options_a_metric_is_that_of_torchmetrics(name, task):
    outputs, targets = drawn(task)
    loss = CrossEntropyLoss() if task == "multiclass" else BCEWithLogitsLoss()
    if task == "multiclass":
        outputs = outputs[:, :4]
    numbers = {"multilabel": {"num_labels": 3}, "multiclass": {"num_classes": 4}}.get(task, {})
    theirs = getattr(torchmetrics, name)(task=task, **numbers)
    expected = theirs(loss.predictions(None, outputs, None), targets.int())
    assert judged(register_specs()[name](), loss, outputs, targets, 25) == pytest.approx(float(expected), abs=1e-6)


def test_a_metric_is_called_as_its_type_unless_it_has_a_name():
    assert Accuracy().label == "Accuracy"
    assert R2Score(name="fit").label == "fit"


@pytest.mark.parametrize("name", CLASSES)
def test_a_task_that_cannot_be_known_is_a_problem_of_the_spec(name):
    [(path, message)] = problems(name, {}, "MSELoss")
    assert path == ("metrics", 0, "type")
    assert message == f"MSELoss is a loss of numbers: {name} must be told its `task`."
    assert problems(name, {"task": "binary"}, "MSELoss") == []


@pytest.mark.parametrize("name", NUMBERS)
def test_a_metric_of_numbers_does_not_judge_classes(name):
    assert problems(name, {}, "CrossEntropyLoss") == [
        (("metrics", 0, "type"), f"{name} judges numbers or labels, and CrossEntropyLoss predicts classes.")
    ]


BOTH = '"binary" or "multilabel"'


@pytest.mark.parametrize(
    ("names", "options", "loss", "option", "message"),
    [
        (
            DECIDING,
            {"threshold": 0.3},
            "CrossEntropyLoss",
            "threshold",
            f'is for the task {BOTH}, and this is "multiclass"',
        ),
        (DECIDING, {"top_k": 2}, "BCELoss", "top_k", f'is for the task "multiclass", and this is {BOTH}'),
        (DECIDING, {"top_k": 2}, "TripletMarginLoss", "top_k", f'is for the task "multiclass", and this is {BOTH}'),
        (CLASSES, {"num_classes": 3}, "BCELoss", "num_classes", f'is for the task "multiclass", and this is {BOTH}'),
        (CLASSES, {"num_labels": 3}, "NLLLoss", "num_labels", 'is for the task "multilabel", and this is "multiclass"'),
        (
            CLASSES,
            {"num_labels": 3, "task": "binary"},
            "BCELoss",
            "num_labels",
            'is for the task "multilabel", and this is "binary"',
        ),
        (
            CLASSES,
            {"num_labels": 3},
            "CosineEmbeddingLoss",
            "num_labels",
            'is for the task "multilabel", and this is "binary"',
        ),
        (
            ["AUROC"],
            {"max_fpr": 0.3},
            "CrossEntropyLoss",
            "max_fpr",
            'is for the task "binary", and this is "multiclass"',
        ),
        (
            ["AUROC"],
            {"max_fpr": 0.3},
            "MultiLabelMarginLoss",
            "max_fpr",
            'is for the task "binary", and this is "multilabel"',
        ),
    ],
    ids=str,
)
def test_an_option_of_another_task_is_refused_where_it_stands(names, options, loss, option, message):
    for name in names:
        assert problems(name, options, loss) == [(("metrics", 0, option), f"`{option}` {message}: leave it out.")]


@pytest.mark.parametrize(
    ("name", "options", "loss", "path", "message"),
    [
        ("Accuracy", {"task": "binary"}, "NLLLoss", "task", 'The task of NLLLoss is "multiclass", and not "binary".'),
        ("AUROC", {"task": "multiclass"}, "BCELoss", "task", f'The task of BCELoss is {BOTH}, and not "multiclass".'),
        ("Recall", {"task": "multiclass"}, "MSELoss", "task", f'The task of MSELoss is {BOTH}, and not "multiclass".'),
        (
            "Accuracy",
            {},
            "CTCLoss",
            "type",
            "Accuracy judges classes, labels, numbers or triplets, and CTCLoss predicts sequences.",
        ),
        ("Accuracy", {"ignore_index": -1}, "NLLLoss", "ignore_index", "-1 is out of bounds: it must be at least 0."),
        ("AUROC", {"ignore_index": -100}, "NLLLoss", "ignore_index", "-100 is out of bounds: it must be at least 0."),
        (
            "Accuracy",
            {"ignore_index": 2},
            "BCELoss",
            "ignore_index",
            "Accuracy counts 2 classes from 0 on, and `ignore_index` is 2.",
        ),
        (
            "Accuracy",
            {"ignore_index": 9, "num_classes": 3},
            "NLLLoss",
            "ignore_index",
            "Accuracy counts 3 classes from 0 on, and `ignore_index` is 9.",
        ),
        (
            "AUROC",
            {"ignore_index": 1},
            "BCELoss",
            "ignore_index",
            "Of two classes that are to be ranked none can be left out: leave `ignore_index` out.",
        ),
        (
            "AUROC",
            {"thresholds": 5},
            "MultiMarginLoss",
            "thresholds",
            "Thresholds are probabilities, and MultiMarginLoss predicts scores: leave `thresholds` out.",
        ),
        ("AUROC", {"thresholds": 1}, "BCELoss", "thresholds", "There must be two at least, and it is 1."),
        ("AUROC", {"thresholds": []}, "BCELoss", "thresholds", "There must be one at least."),
    ],
)
def test_what_a_metric_cannot_do_is_a_problem_of_the_spec(name, options, loss, path, message):
    assert problems(name, options, loss) == [(("metrics", 0, path), message)]


def test_a_threshold_is_a_probability():
    assert problems("AUROC", {"thresholds": [0.5, 2]}, "BCELoss") == [
        (("metrics", 0, "thresholds", 1), "A probability is at most 1, and this is 2.")
    ]


@pytest.mark.parametrize(
    ("metric", "loss", "outputs", "path", "message"),
    [
        (Accuracy(num_classes=7), CrossEntropyLoss(), 4, "num_classes", "There are 4 outputs, and `num_classes` is 7"),
        (Accuracy(num_labels=9), BCELoss(), 4, "num_labels", "There are 4 outputs, and `num_labels` is 9"),
        (Accuracy(top_k=5), CrossEntropyLoss(), 4, "top_k", "There are 4 classes, and `top_k` is 5."),
        (
            Accuracy(ignore_index=4),
            CrossEntropyLoss(),
            4,
            "ignore_index",
            "There are 4 classes, counted from 0 on, and",
        ),
        (Accuracy(num_labels=2), BCELoss(), 1, "num_labels", '`num_labels` is for the task "multilabel", and this is'),
        (AUROC(max_fpr=0.5), BCELoss(), 4, "max_fpr", '`max_fpr` is for the task "binary", and this is "multilabel"'),
        (
            Accuracy(task="binary"),
            BCELoss(),
            3,
            "task",
            'The number of outputs is 3, for which the task is "multilabel"',
        ),
        (
            Accuracy(task="multilabel"),
            MSELoss(),
            1,
            "task",
            'The number of outputs is 1, for which the task is "binary"',
        ),
        (AUROC(), MultiLabelMarginLoss(), 1, "type", "The number of outputs is 1"),
    ],
    ids=repr,
)
def test_what_does_not_go_with_the_outputs_is_told_with_its_option(metric, loss, outputs, path, message):
    metric.check(loss)
    with pytest.raises(hookline.errors.OptionError) as raised:
        metric.build(loss, torch.zeros(2, outputs))
    assert raised.value.path == (path,)
    assert str(raised.value).startswith(message)


@pytest.mark.parametrize(
    ("spec", "options"),
    [
        ("iris", {"num_classes": 7}),
        ("iris", {"top_k": 5}),
        ("iris", {"ignore_index": 3}),
        ("losses/BCEWithLogitsLoss", {"num_labels": 9}),
    ],
    ids=str,
)
def test_options_that_do_not_fit_the_model_are_told_with_the_name_of_the_metric(spec, options, tmp_path):
    table = ", ".join(f"{name}={value!r}" for name, value in {"type": "Accuracy", **options}.items())
    spec = hookline.load(SPECS / f"{spec}.toml", ["run.epochs=1", f"metrics=[{{{table}}}]"])
    with pytest.raises(hookline.errors.MisfitError, match=r"^metrics.*Accuracy") as raised:
        hookline.train(spec, out=tmp_path / "run")
    assert raised.value.path == ("metrics", 0, *options)
    assert not (tmp_path / "run").exists()
