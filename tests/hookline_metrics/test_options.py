"""Each option of a metric is used, or refused at its path."""

from pathlib import Path

import pytest
import torch

import hookline
from hookline_losses.classification import CrossEntropyLoss
from hookline_losses.labels import BCELoss
from hookline_losses.margin import MultiLabelMarginLoss
from hookline_losses.regression import MSELoss
from hookline_metrics.classification.decisions import Accuracy
from hookline_metrics.ranking.areas import AUROC
from hookline_metrics.regression.variance import R2Score

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


def test_the_default_name_of_a_metric_is_its_type():
    assert Accuracy().label == "Accuracy"
    assert R2Score(name="fit").label == "fit"


@pytest.mark.parametrize("name", CLASSES)
def test_a_missing_task_is_reported(name):
    [(path, message)] = problems(name, {}, "MSELoss")
    assert path == ("metrics", 0, "type")
    assert message == (
        f"MSELoss predicts numbers, but {name} evaluates classes or labels. If all targets are 0 or 1, set the `task` of "
        f'{name} to "binary" or "multilabel".'
    )
    assert problems(name, {"task": "binary"}, "MSELoss") == []


@pytest.mark.parametrize("name", NUMBERS)
def test_a_metric_of_numbers_refuses_classes(name):
    assert problems(name, {}, "CrossEntropyLoss") == [
        (("metrics", 0, "type"), f"{name} evaluates numbers or labels, but CrossEntropyLoss predicts classes.")
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
            f'is for the task {BOTH}, not "multiclass"',
        ),
        (DECIDING, {"top_k": 2}, "BCELoss", "top_k", f'is for the task "multiclass", not {BOTH}'),
        (DECIDING, {"top_k": 2}, "TripletMarginLoss", "top_k", f'is for the task "multiclass", not {BOTH}'),
        (CLASSES, {"num_classes": 3}, "BCELoss", "num_classes", f'is for the task "multiclass", not {BOTH}'),
        (CLASSES, {"num_labels": 3}, "NLLLoss", "num_labels", 'is for the task "multilabel", not "multiclass"'),
        (
            CLASSES,
            {"num_labels": 3, "task": "binary"},
            "BCELoss",
            "num_labels",
            'is for the task "multilabel", not "binary"',
        ),
        (
            CLASSES,
            {"num_labels": 3},
            "CosineEmbeddingLoss",
            "num_labels",
            'is for the task "multilabel", not "binary"',
        ),
        (
            ["AUROC"],
            {"max_fpr": 0.3},
            "CrossEntropyLoss",
            "max_fpr",
            'is for the task "binary", not "multiclass"',
        ),
        (
            ["AUROC"],
            {"max_fpr": 0.3},
            "MultiLabelMarginLoss",
            "max_fpr",
            'is for the task "binary", not "multilabel"',
        ),
    ],
    ids=str,
)
def test_an_option_of_another_task_is_reported_at_its_path(names, options, loss, option, message):
    for name in names:
        assert problems(name, options, loss) == [(("metrics", 0, option), f"`{option}` {message}: remove it.")]


@pytest.mark.parametrize(
    ("name", "options", "loss", "path", "message"),
    [
        ("Accuracy", {"task": "binary"}, "NLLLoss", "task", 'The task of NLLLoss is "multiclass", not "binary".'),
        ("AUROC", {"task": "multiclass"}, "BCELoss", "task", f'The task of BCELoss is {BOTH}, not "multiclass".'),
        ("Recall", {"task": "multiclass"}, "MSELoss", "task", f'The task of MSELoss is {BOTH}, not "multiclass".'),
        (
            "Accuracy",
            {},
            "CTCLoss",
            "type",
            "Accuracy evaluates classes, labels, numbers or triplets, but CTCLoss predicts sequences.",
        ),
        ("Accuracy", {"ignore_index": -1}, "NLLLoss", "ignore_index", "-1 is out of bounds: it must be at least 0."),
        ("AUROC", {"ignore_index": -100}, "NLLLoss", "ignore_index", "-100 is out of bounds: it must be at least 0."),
        (
            "Accuracy",
            {"ignore_index": 2},
            "BCELoss",
            "ignore_index",
            "Accuracy has 2 classes, counted from 0, so there is no class 2.",
        ),
        (
            "Accuracy",
            {"ignore_index": 9, "num_classes": 3},
            "NLLLoss",
            "ignore_index",
            "Accuracy has 3 classes, counted from 0, so there is no class 9.",
        ),
        (
            "AUROC",
            {"ignore_index": 1},
            "BCELoss",
            "ignore_index",
            "Ranking needs both classes, so neither can be ignored: remove `ignore_index`.",
        ),
        (
            "AUROC",
            {"thresholds": 5},
            "MultiMarginLoss",
            "thresholds",
            "Thresholds are probabilities, but MultiMarginLoss predicts scores: remove `thresholds`.",
        ),
        ("AUROC", {"thresholds": 1}, "BCELoss", "thresholds", "There must be at least 2 thresholds, not 1."),
        ("AUROC", {"thresholds": []}, "BCELoss", "thresholds", "There must be at least one threshold."),
    ],
)
def test_options_that_do_not_fit_the_loss_are_reported(name, options, loss, path, message):
    assert problems(name, options, loss) == [(("metrics", 0, path), message)]


def test_a_threshold_is_a_probability():
    assert problems("AUROC", {"thresholds": [0.5, 2]}, "BCELoss") == [
        (("metrics", 0, "thresholds", 1), "A probability is at most 1, not 2.")
    ]


@pytest.mark.parametrize(
    ("metric", "loss", "outputs", "path", "message"),
    [
        (Accuracy(num_classes=7), CrossEntropyLoss(), 4, "num_classes", "There are 4 outputs, but `num_classes` is 7"),
        (Accuracy(num_labels=9), BCELoss(), 4, "num_labels", "There are 4 outputs, but `num_labels` is 9"),
        (Accuracy(top_k=5), CrossEntropyLoss(), 4, "top_k", "There are 4 classes, but `top_k` is 5."),
        (
            Accuracy(ignore_index=4),
            CrossEntropyLoss(),
            4,
            "ignore_index",
            "There are 4 classes, counted from 0, so",
        ),
        (Accuracy(num_labels=2), BCELoss(), 1, "num_labels", '`num_labels` is for the task "multilabel", not'),
        (AUROC(max_fpr=0.5), BCELoss(), 4, "max_fpr", '`max_fpr` is for the task "binary", not "multilabel"'),
        (
            Accuracy(task="binary"),
            BCELoss(),
            3,
            "task",
            'With 3 outputs, the task is "multilabel"',
        ),
        (
            Accuracy(task="multilabel"),
            MSELoss(),
            1,
            "task",
            'With 1 output, the task is "binary"',
        ),
        (AUROC(), MultiLabelMarginLoss(), 1, "type", "With 1 output, the task is"),
    ],
    ids=repr,
)
def test_options_that_do_not_fit_the_outputs_are_reported(metric, loss, outputs, path, message):
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
def test_options_that_do_not_fit_the_model_are_reported_with_the_name_of_the_metric(spec, options, tmp_path):
    table = ", ".join(f"{name}={value!r}" for name, value in {"type": "Accuracy", **options}.items())
    spec = hookline.load(SPECS / f"{spec}.toml", ["run.epochs=1", f"metrics=[{{{table}}}]"])
    with pytest.raises(hookline.errors.MismatchError, match=r"^metrics.*Accuracy") as raised:
        hookline.train(spec, out=tmp_path / "run")
    assert raised.value.path == ("metrics", 0, *options)
    assert not (tmp_path / "run").exists()
