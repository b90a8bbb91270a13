"""Helpers for tests of metrics, which are computed in batches of several sizes."""

import pytest
import torch

from hookline.data import Batch

ROWS = 60
SIZES = (1, 7, 32, ROWS)
OPTIONS = {
    "CriticalSuccessIndex": {"threshold": 0.5},
    "MinkowskiDistance": {"p": 2.0},
    "PrecisionAtFixedRecall": {"min_recall": 0.5},
    "RecallAtFixedPrecision": {"min_precision": 0.5},
    "SensitivityAtSpecificity": {"min_specificity": 0.5},
    "SpecificityAtSensitivity": {"min_sensitivity": 0.5},
}
"""The options of metrics that have no defaults for them."""


def evaluated(metric, loss, outputs, targets, size=ROWS):
    """Return the metric of a loss for outputs in batches of this size."""
    state, batches = None, [Batch({"input": rows}, {"target": rows}) for rows in targets.split(size)]
    for rows, batch in zip(outputs.split(size), batches, strict=True):
        predict = loss.scores if metric.ranks else loss.predictions
        predictions = predict(None, rows, batch)
        state = metric.build(loss, predictions).to(torch.device("cpu")) if state is None else state
        true = loss.distribution(batch) if metric.takes_distributions else loss.truth(batch)
        state.update(*metric.prepare(predictions, true))
    return float(state.compute())


def check(metric, loss, outputs, targets, right):
    """Require that the metric is right for batches of every size."""
    for size in SIZES:
        assert evaluated(metric, loss, outputs, targets, size) == pytest.approx(right, rel=1e-12, abs=1e-12), size


def drawn(task, rows=ROWS, seed=8):
    """Return random outputs and targets for a task. One class is never true, and one neither true nor predicted."""
    generator = torch.Generator().manual_seed(seed)
    if task == "multiclass":
        outputs = torch.randn(rows, 6, generator=generator)
        outputs[:, 5] -= 100
        targets = torch.randint(4, (rows,), generator=generator)
        outputs[torch.arange(rows), targets] += 0.7
        return outputs, targets
    columns = 3 if task == "multilabel" else 1
    outputs, targets = torch.randn(2, rows, columns, generator=generator)
    return outputs, targets + outputs if task == "numbers" else (targets + outputs / 2 > 0.4).float()
