"""Every metric of torchmetrics is a metric here with the same options and defaults, or is listed with the reason."""

import pkgutil
import warnings
from importlib import import_module
from inspect import Parameter, signature
from math import isnan
from types import UnionType
from typing import Literal, Union, get_args, get_origin, get_type_hints

import attrs
import numpy
import pytest
import torch
import torchmetrics
import torchmetrics.classification
import torchmetrics.text
from metric_batches import OPTIONS, drawn, evaluated

from hookline_losses.classification import CrossEntropyLoss
from hookline_losses.labels import BCEWithLogitsLoss
from hookline_losses.regression import MSELoss
from hookline_metrics import register_specs
from hookline_metrics.clustering.table import TableMetric
from hookline_metrics.regression.base import RegressionMetric

METRICS = {kind.__name__: kind for kind in register_specs().values()}
OWN = {"SequenceAccuracy", "SymbolErrorRate"}
"""Metrics that torchmetrics does not have."""

COMPARED = ("classification", "clustering", "nominal", "regression", "retrieval")
LEFT_OUT_MODULES = {
    "audio": "audio is not a prediction of a loss",
    "detection": "boxes are not a prediction of a loss",
    "image": "images are not a prediction of a loss",
    "multimodal": "images and text are not a prediction of a loss",
    "segmentation": "masks; F1Score and JaccardIndex count each position of a row",
    "shape": "point clouds are not a prediction of a loss",
    "text": "sentences; only Perplexity is of classes, and SymbolErrorRate is CharErrorRate for any symbols",
    "video": "video is not a prediction of a loss",
    "wrappers": "wrappers of metrics, which are not data",
    "functional": "functions of the metrics",
    "utilities": "no metrics",
}
_QUERY = "needs to know which rows belong to the same query"
_POINTS = "compares clusters of points, without targets"
LEFT_OUT = {
    "ConfusionMatrix": "a table, which the callback ConfusionMatrix draws",
    "PrecisionRecallCurve": "a curve",
    "ROC": "a curve",
    "StatScores": "five counts",
    "BinaryFairness": "needs the group of each row",
    "BinaryGroupStatRates": "needs the group of each row",
    "ContinuousRankedProbabilityScore": "needs several predictions for each row",
    "FleissKappa": "needs several ratings of each row",
    "CalinskiHarabaszScore": _POINTS,
    "DaviesBouldinScore": _POINTS,
    "DunnIndex": _POINTS,
    "RetrievalPrecisionRecallCurve": "a curve",
    "RetrievalRecallAtFixedPrecision": _QUERY,
    **dict.fromkeys((f"Retrieval{name}" for name in ("AUROC", "FallOut", "HitRate", "MAP", "MRR")), _QUERY),
    **dict.fromkeys((f"Retrieval{name}" for name in ("NormalizedDCG", "Precision", "RPrecision", "Recall")), _QUERY),
}
"""Metrics that cannot be one number computed from the predictions and targets of a split."""
LEFT_OUT_OPTIONS = {
    "multidim_average": "a number for each row",
    "num_outputs": "a number for each column; columns are averaged",
    "keep_sequence_dim": "a number for each position",
    "t_test": "a second number",
    "alternative": "of t_test",
    "log_prob": "follows from the loss",
    "nan_strategy": "classes are never NaN",
    "nan_replace_value": "classes are never NaN",
    "validate_args": "targets are checked when the data is read",
    "kwargs": "of distributed computation",
    "cls": "the class",
}
OTHER_OPTIONS = {
    "Precision": {"zero_division": 0.0},
    "Recall": {"zero_division": 0.0},
    "JaccardIndex": {"zero_division": 0.0},
    "EER": {"average": "macro"},
    "ExactMatch": {"task": None},
}
"""Options that torchmetrics takes by keyword, and defaults that it does not have for a single number."""
ONLY_MULTILABEL = {name for name in METRICS if name.startswith("Multilabel")}
WITHOUT_ONE_NUMBER = {"none", "raw_values"}
"""Values that mean a number for each class, label, row or column."""


def base_names(module):
    """Return the names of a module, where a class for all tasks stands for those of one task."""
    names = set(import_module(f"torchmetrics.{module}").__all__)
    bases = {name: name.removeprefix("Binary").removeprefix("Multiclass").removeprefix("Multilabel") for name in names}
    return {bases[name] if bases[name] in names else name for name in names}


def theirs(name):
    """Return the class of torchmetrics and what creates it."""
    rooms = (import_module(f"torchmetrics.{room}") for room in (*COMPARED, "text"))
    kind = next(getattr(room, name) for room in rooms if hasattr(room, name))
    is_of_all_tasks = name in torchmetrics.classification.__all__ and name not in ONLY_MULTILABEL
    return kind, kind.__new__ if is_of_all_tasks else kind.__init__


def test_every_metric_of_torchmetrics_is_here_or_has_a_reason_not_to_be():
    modules = {module.name for module in pkgutil.iter_modules(torchmetrics.__path__) if module.ispkg}
    assert modules == {*COMPARED, *LEFT_OUT_MODULES}
    names = set().union(*map(base_names, COMPARED))
    assert names - set(METRICS) == set(LEFT_OUT)
    assert set(METRICS) - names == OWN | {"Perplexity"}
    assert "Perplexity" in torchmetrics.text.__all__


@pytest.mark.parametrize("name", sorted(set(METRICS) - OWN))
def test_a_metric_has_the_options_of_torchmetrics_with_its_defaults(name):
    _, make = theirs(name)
    parameters = [p for p in signature(make).parameters.values() if p.name not in {*LEFT_OUT_OPTIONS, "self"}]
    expected = {p.name: attrs.NOTHING if p.default is Parameter.empty else p.default for p in parameters}
    # The task and the number of classes follow from the loss. torchmetrics ignores `average` for binary tasks, so that
    # its default has two meanings.
    follows = {"task", "num_classes", "num_labels"} | (
        {"average"} if hasattr(METRICS[name], "usual_average") else set()
    )
    expected |= dict.fromkeys(follows & set(expected)) | OTHER_OPTIONS.get(name, {})
    if name in ONLY_MULTILABEL:
        del expected["ignore_index"]  # Targets are 0 or 1, and a ranking needs both.
    options = {field.name: field for field in attrs.fields(METRICS[name]) if field.name not in ("name", "target")}
    assert {option.name: option.default for option in options.values()} == expected
    hints = get_type_hints(make)
    for option in options.values():
        if missing := choices(hints.get(option.name)) - choices(option.type):
            assert missing <= WITHOUT_ONE_NUMBER | ({"binary"} if name == "ExactMatch" else set()), option.name
        assert name in ("AUROC", "AveragePrecision") or choices(option.type) or not choices(hints.get(option.name))


def choices(annotation):
    """Return the values of a literal type, also of an optional one."""
    if get_origin(annotation) is Literal:
        return {value for value in get_args(annotation) if value is not None}
    if get_origin(annotation) in (Union, UnionType):
        return set().union(*map(choices, get_args(annotation)))
    return set()


@pytest.mark.parametrize("name", sorted(set(METRICS) - OWN))
def test_a_metric_says_whether_larger_is_better_and_where_it_comes_from(name):
    kind, _ = theirs(name)
    of_task = getattr(torchmetrics.classification, f"Multiclass{name}", kind)
    wanted = {"EER": False, "CalibrationError": False, "TweedieDevianceScore": False}.get(
        name, of_task.higher_is_better
    )
    assert METRICS[name].higher_is_better == (True if wanted is None else wanted)
    room = kind.__module__.split(".")[1]
    assert f"Source: https://lightning.ai/docs/torchmetrics/stable/{room}/" in METRICS[name].__doc__


TASKS = [(task, name) for name in sorted(METRICS) for task in getattr(METRICS[name], "tasks", ())]
OF_CLASSES = [
    (task, name)
    for task, name in TASKS
    if (task == "multiclass" or "labels" in METRICS[name].takes)
    and name != "ClusterAccuracy"  # torchmetrics needs another package for it; scipy computes it in its own test.
]


def in_the_form_of(name, metric, predictions, targets):
    """Return predictions and targets as this metric of torchmetrics takes them."""
    if name == "Perplexity":
        return predictions.log().unsqueeze(0), targets.unsqueeze(0)
    if "Divergence" in name:
        return torch.nn.functional.one_hot(targets, 4).double(), predictions
    if issubclass(METRICS[name], TableMetric):
        predicted = predictions.argmax(dim=1) if predictions.shape[1] > 1 else (predictions[:, 0] >= 0.5).long()
        return predicted, targets.reshape(-1)
    return predictions, targets


@pytest.mark.parametrize(("task", "name"), OF_CLASSES)
def test_without_options_a_metric_of_classes_equals_torchmetrics(name, task):
    kind, options = METRICS[name], OPTIONS.get(name, {})
    loss = CrossEntropyLoss() if task == "multiclass" else BCEWithLogitsLoss()
    outputs, targets = drawn(task)
    if task == "multiclass":
        outputs = outputs[:, :4]
    number = {"multilabel": {"num_labels": 3}, "multiclass": {"num_classes": 4}}.get(task, {"num_classes": 2})
    base, make = theirs(name)
    needs = {"task": task, **number} if "task" in signature(make).parameters else number
    metric = base(**{key: value for key, value in needs.items() if key in signature(make).parameters}, **options)
    given = in_the_form_of(name, metric, loss.predictions(None, outputs.double(), None), targets.long())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns about sparse tensors.
        expected = metric.set_dtype(torch.float64)(*given)
    if isinstance(expected, tuple):
        expected = expected[0]  # The other is the threshold.
    right = numpy.nanmean(torch.as_tensor(expected).double().numpy())
    assert evaluated(kind(**options), loss, outputs, targets, 25) == pytest.approx(float(right), abs=1e-6)


@pytest.mark.parametrize("name", sorted(name for name in METRICS if issubclass(METRICS[name], RegressionMetric)))
def test_without_options_a_metric_of_numbers_equals_torchmetrics(name):
    outputs, targets = (part.double().exp() for part in drawn("numbers"))
    options = OPTIONS.get(name, {})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # It tells that it keeps all rows.
        metric = theirs(name)[0](**options).set_dtype(torch.float64)
    flat = (part if name == "CosineSimilarity" else part.reshape(-1) for part in (outputs, targets))
    right = float(metric(*flat))
    assert not isnan(right)
    assert evaluated(METRICS[name](**options), MSELoss(), outputs, targets, 25) == pytest.approx(right, rel=1e-6)
