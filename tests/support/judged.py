"""Helpers for the tests of metrics: rows evaluated in batches of several sizes."""

import torch

from hookline.data import Batch

ROWS = 60
SIZES = (1, 7, 32, ROWS)


def judged(metric, loss, outputs, targets, size=ROWS):
    """The value of a metric for the outputs of a loss, updated in batches."""
    state, batches = None, [Batch({"input": rows}, {"target": rows}) for rows in targets.split(size)]
    for rows, batch in zip(outputs.split(size), batches, strict=True):
        predict = loss.scores if metric.ranks else loss.predictions
        predictions = predict(None, rows, batch)
        state = metric.build(loss, predictions).to(torch.device("cpu")) if state is None else state
        state.update(*metric.prepare(predictions, loss.truth(batch)))
    return float(state.compute())


def drawn(task, rows=ROWS, seed=8):
    """Outputs and targets for a loss of this task; of five classes, one never occurs and one is ignored."""
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
