"""Metrics of how each row ranks its labels as functions."""

from typing import TYPE_CHECKING

from hookline.script import PredictionNames, Script, cannot_be_written
from hookline_metrics.ejecting.functions import add_function

if TYPE_CHECKING:
    from hookline_metrics.ranking.labels import LabelRanking

COUNTED_BELOW = '''
def counted_below(below, counted):
    """Return how many of the counted labels of a row have a smaller score than each of its labels."""
    return torch.searchsorted(torch.where(counted, below, below.shape[1]).sort(dim=1).values, below)
'''


def eject_ranking(metric: "LabelRanking", script: Script, predicted: PredictionNames) -> str:
    """Add the function of a metric of the ranks of labels, and return a call of it."""
    if predicted.example.scores.dim() > 2:
        raise cannot_be_written("Labels of several positions have no lines.")
    *before, last = metric.row_lines.splitlines()
    if "counted_below(" in metric.row_lines:
        script.define(COUNTED_BELOW)
    lines = [
        "below = torch.searchsorted(scores.sort(dim=1).values, scores)  # The number of labels with a smaller score.",
        *before,
        f"return float({last}.mean())",
    ]
    name = add_function(script, metric, lines, arguments="scores, is_true")
    return f"{name}({predicted.scores}, {predicted.truth} >= 0.5)"
