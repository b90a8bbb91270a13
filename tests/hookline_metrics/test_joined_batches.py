"""A metric that joins batches is equal, and not only close, for the rows of several batches at once."""

from math import isnan

import attrs
import pytest
from metric_batches import OPTIONS, SIZES, drawn, evaluated

from hookline_losses.classification import CrossEntropyLoss
from hookline_losses.labels import BCEWithLogitsLoss
from hookline_losses.regression import MSELoss
from hookline_metrics import register_specs

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


@pytest.mark.parametrize(("task", "kind", "options"), CASES, ids=str)
def test_the_number_is_the_same_for_batches_of_every_size(task, kind, options):
    metric = kind(**OPTIONS.get(kind.__name__, {}), **options)
    outputs, targets = drawn(task)
    numbers = {evaluated(metric, LOSSES[task], outputs, targets, size) for size in SIZES}
    assert len(numbers) == 1
    assert not any(map(isnan, numbers))
