"""A metric that joins batches is equal, and not only close, for the rows of several batches at once."""

from math import isnan

import attrs
import numpy
import pytest
import torch
from metric_batches import OPTIONS, SIZES, drawn, evaluated
from sklearn.metrics import confusion_matrix

from hookline.data import Batch
from hookline_losses.classification import CrossEntropyLoss
from hookline_losses.labels import BCEWithLogitsLoss
from hookline_losses.regression import MSELoss
from hookline_metrics import arrays, register_specs

LOSSES = {
    "binary": BCEWithLogitsLoss(),
    "multilabel": BCEWithLogitsLoss(),
    "multiclass": CrossEntropyLoss(ignore_index=1),
    "numbers": MSELoss(),
}
CASES = [
    (task, kind, options)
    for kind in register_specs().values()
    if kind.joins_batches
    for task in getattr(kind, "tasks", kind.takes[:1])
    if task not in ("binary", "multilabel") or "labels" in kind.takes
    for options in ({}, {"thresholds": 5}, {"weights": "quadratic"}, {"top_k": 2})
    if options.keys() <= attrs.fields_dict(kind).keys()
    if task == "multiclass" or not {"weights", "top_k"} & options.keys()
]
COUNTING = [case for case in CASES if case[1].__module__.endswith((".agreement", ".decisions"))]


@pytest.mark.parametrize(("task", "kind", "options"), CASES, ids=str)
def test_the_number_is_the_same_for_batches_of_every_size(task, kind, options):
    metric = kind(**OPTIONS.get(kind.__name__, {}), **options)
    outputs, targets = drawn(task)
    numbers = {evaluated(metric, LOSSES[task], outputs, targets, size) for size in SIZES}
    assert len(numbers) == 1
    assert not any(map(isnan, numbers))


@pytest.mark.parametrize(("task", "kind", "options"), [case for case in CASES if case[1].resets], ids=str)
def test_a_metric_that_is_reset_is_the_same_as_a_new_one(task, kind, options):
    metric, loss = kind(**OPTIONS.get(kind.__name__, {}), **options), LOSSES[task]
    state = None
    for seed in (8, 9):
        outputs, targets = drawn(task, seed=seed)
        batch = Batch({"input": outputs}, {"target": targets})
        predictions = (loss.scores if metric.ranks else loss.predictions)(None, outputs, batch)
        state = state or metric.build(loss, predictions)
        state.update(predictions, loss.truth(batch))
        assert float(state.compute()) == evaluated(metric, loss, outputs, targets)
        state.reset()


@pytest.mark.parametrize("most", [0, 30])  # With 30 elements at most, only the last batches of a size are arrays.
@pytest.mark.parametrize("ignored", [None, 1])
@pytest.mark.parametrize(("task", "kind", "options"), COUNTING, ids=str)
def test_the_number_is_the_same_for_arrays_and_tensors(task, kind, options, ignored, most, monkeypatch):
    loss = CrossEntropyLoss(ignore_index=ignored) if task == "multiclass" else LOSSES[task]
    outputs, targets = drawn(task)
    number = evaluated(kind(**options), loss, outputs, targets)
    monkeypatch.setattr(arrays, "MOST", most)
    assert {evaluated(kind(**options), loss, outputs, targets, size) for size in SIZES} == {number}


@pytest.mark.parametrize("index", [-1, 3, -(2**62), 2**62])
def test_an_index_of_no_class_is_an_error(index):
    with pytest.raises(IndexError, match=rf"^index {index} is out of bounds for 3 classes$"):
        arrays.count(numpy.array([0, index]), 3)
    with pytest.raises(IndexError, match=rf"^index {index} is out of bounds for 3 classes$"):
        arrays.count_pairs(numpy.array([0, 0]), numpy.array([0, index]), 3)


@pytest.mark.parametrize("where", [None, numpy.arange(50) % 3 > 0], ids=["all", "some"])
def test_pairs_are_counted_as_by_scikit_learn(where):
    true, predicted = numpy.random.default_rng(0).integers(4, size=(2, 50))
    matrix = confusion_matrix(true, predicted, sample_weight=where)
    expected = [matrix.diagonal(), matrix.sum(axis=0), matrix.sum(axis=1), [matrix.sum()] * 4]
    assert arrays.count_pairs(predicted, true, 4, where).tolist() == numpy.array(expected).tolist()
    of_tensors = None if where is None else torch.from_numpy(where)
    found = arrays.count_pairs(torch.from_numpy(predicted), torch.from_numpy(true), 4, of_tensors)
    assert found.tolist() == numpy.array(expected).tolist()


@pytest.mark.parametrize("columns", [1, 3])
def test_true_values_are_counted_by_column(columns):
    first, second = numpy.random.default_rng(1).random((2, 9, columns)) > 0.4
    expected = [first.sum(axis=0).tolist(), second.sum(axis=0).tolist()]
    assert arrays.count_true([first, second]).tolist() == expected
    assert arrays.count_true([torch.from_numpy(first), torch.from_numpy(second)]).tolist() == expected


def test_no_rows_are_counted():
    assert arrays.count(numpy.array([], dtype=numpy.int64), 3).tolist() == [0, 0, 0]
