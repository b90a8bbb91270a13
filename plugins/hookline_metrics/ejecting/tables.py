"""Metrics of the table of predicted and true classes as functions."""

from typing import TYPE_CHECKING

from hookline.script import PredictionNames, Script
from hookline_metrics.ejecting.counting import of_classes
from hookline_metrics.ejecting.functions import add_function

if TYPE_CHECKING:
    from hookline.spec import LossSpec
    from hookline_metrics.clustering.table import TableMetric

CONTINGENCY = '''
def contingency(predicted, true, classes):
    """Return how often each class, a column, is predicted for each class, a row, without those that do not occur."""
    pairs = true.flatten() * classes + predicted.flatten()
    counts = torch.bincount(pairs, minlength=classes**2).view(classes, classes)
    return counts[counts.sum(dim=1) > 0][:, counts.sum(dim=0) > 0].double()
'''

HELPERS = {
    "entropy(": '''
def entropy(counts):
    """Return the entropy of a distribution with these counts."""
    shares = counts / counts.sum()
    return -float(torch.xlogy(shares, shares).sum())
''',
    "mutual_information(": '''
def mutual_information(counts):
    """Return the information that predicted and true classes share, at least 0."""
    if 1 in counts.shape:
        return 0.0
    expected = torch.outer(counts.sum(dim=1), counts.sum(dim=0)) / counts.sum()
    return max(0.0, float(torch.xlogy(counts / counts.sum(), counts / expected).sum()))
''',
    "pairs_within(": '''
def pairs_within(counts):
    """Return the number of pairs of rows that are counted together."""
    counts = counts.long()
    return int((counts * (counts - 1) // 2).sum())
''',
    "chi_squared(": '''
def chi_squared(counts, correction):
    """Return the squared deviations from independence, relative to the expected counts; `correction` reduces them."""
    expected = torch.outer(counts.sum(dim=1), counts.sum(dim=0)) / counts.sum()
    deviations = ((counts - expected).abs() - correction).clamp(min=0)
    return float((deviations.square() / expected).sum())
''',
}


def eject_table(metric: "TableMetric", script: Script, loss: "LossSpec", predicted: PredictionNames) -> str:
    """Add the function of a metric of the table, and return a call of it."""
    task, classes = metric.resolve(loss, predicted.example.predictions)
    guessed, true = of_classes(predicted, task, 0.5)
    if task == "binary":
        classes, guessed, true = 2, f"({guessed}).long()", f"({true}).long()"
    ignored = metric.ignored(loss, task)
    kept = [] if ignored is None else [f"predicted, true = predicted[true != {ignored}], true[true != {ignored}]"]
    *before, last = metric.table_lines.splitlines()
    lines = [*kept, f"counts = contingency(predicted, true, {classes})"]
    for name, code in (
        ("actual", "counts.sum(dim=1)"),
        ("guessed", "counts.sum(dim=0)"),
        ("rows", "int(counts.sum())"),
    ):
        lines += [f"{name} = {code}"] if name in metric.table_lines else []
    script.define(CONTINGENCY)
    for call, helper in HELPERS.items():
        if call in metric.table_lines:
            script.define(helper)
    return f"{add_function(script, metric, [*lines, *before, f'return {last}'])}({guessed}, {true})"
