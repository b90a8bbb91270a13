"""Metrics accumulate batches without reading their values, which would wait for the device after each batch."""

import pytest
import torch
from metric_batches import OPTIONS

from hookline_losses.classification import CrossEntropyLoss
from hookline_losses.labels import BCEWithLogitsLoss
from hookline_losses.regression import MSELoss
from hookline_losses.sequence import CTCLoss
from hookline_metrics import register_specs

METRICS = {kind.__name__: kind for kind in register_specs().values()}
CASES = [
    (task, name, options)
    for name, kind in METRICS.items()
    for task in getattr(kind, "tasks", kind.takes[:1])
    if task not in ("binary", "multilabel") or "labels" in kind.takes
    for options in ({}, {"thresholds": 5})
    if not options or ".ranking.areas" in kind.__module__ or ".operating_points" in kind.__module__
]
LOSSES = {
    "binary": BCEWithLogitsLoss(),
    "multilabel": BCEWithLogitsLoss(),
    "multiclass": CrossEntropyLoss(ignore_index=1),
    "numbers": MSELoss(),
    "sequences": CTCLoss(),
}


@pytest.mark.parametrize(("task", "name", "options"), CASES, ids=str)
def test_no_value_of_a_batch_is_read(task, name, options):
    # Tensors on the device "meta" have no values, so that reading one is an error.
    columns = 1 if task == "binary" else 3
    rows = torch.zeros(5, columns, dtype=torch.long if task == "sequences" else torch.float32, device="meta")
    targets = torch.zeros(5, dtype=torch.long, device="meta") if task == "multiclass" else rows
    state = METRICS[name](**OPTIONS.get(name, {}), **options).build(LOSSES[task], rows)
    state.update(rows, targets)
    state.update(rows, targets)
    with pytest.raises((RuntimeError, NotImplementedError), match=r"[Mm]eta"):
        state.compute()
