"""Metrics of a curve as functions: one for a column of scores, and one for the mean of all columns."""

from typing import TYPE_CHECKING

from hookline.script import PredictionNames, Script, literal
from hookline_metrics.ejecting.functions import add_function

if TYPE_CHECKING:
    from hookline.spec import LossSpec
    from hookline_metrics.ranking.base import CurveMetric

RANKED = '''
def auroc(scores, is_positive):
    """Return the fraction of pairs of a positive and another row that are ranked correctly; equal scores count half."""
    scores, is_positive = scores.double().flatten(), is_positive.flatten()
    ordered = scores.sort().values
    twice_ranks = torch.searchsorted(ordered, scores) + torch.searchsorted(ordered, scores, right=True) + 1
    positive = int(is_positive.sum())
    pairs = positive * (len(scores) - positive)
    won = int((twice_ranks * is_positive).sum()) - positive * (positive + 1)
    return won / (2 * pairs) if pairs else float("nan")
'''

CURVE = '''
def curve(scores, is_positive):
    """Return how many positive and other rows reach each score, from above the highest to the lowest."""
    ordered, order = scores.double().sort(descending=True)
    is_last = torch.cat([ordered[:-1] != ordered[1:], torch.tensor([True])])
    counts = [rows[order].double().cumsum(dim=0)[is_last] for rows in (is_positive, ~is_positive)]
    return [nn.functional.pad(count, (1, 0)) for count in counts]
'''

CURVE_OF_THRESHOLDS = '''
def curve(scores, is_positive):
    """Return how many positive and other rows reach each threshold, from above the highest to below the lowest."""
    thresholds = [*reversed(THRESHOLDS), -1.0]
    counts = [[int((scores[rows] >= one).sum()) for one in thresholds] for rows in (is_positive, ~is_positive)]
    return [torch.tensor([0, *count], dtype=torch.float64) for count in counts]
'''

INTERPOLATED = '''
def interpolated(bound, rates, heights):
    """Return the height of a curve at a rate; the upper one, if the curve rises there."""
    stop = int(torch.searchsorted(rates, torch.tensor(bound, dtype=torch.float64), right=True))
    if stop == len(rates):
        return float(heights[-1])
    share = (bound - rates[stop - 1]) / (rates[stop] - rates[stop - 1])
    return float(heights[stop - 1] + share * (heights[stop] - heights[stop - 1]))
'''

MEAN = '''
def mean_NAME(scores, is_positive):
    """Return the mean of all columns for which it is defined."""
    numbers = [NAME(*pair) for pair in zip(scores.unbind(1), is_positive.unbind(1), strict=True)]
    numbers = [number for number in numbers if number == number]
    return sum(numbers) / len(numbers) if numbers else float("nan")
'''

WEIGHTED = '''
def mean_NAME(scores, is_positive):
    """Return the mean of all columns for which it is defined, weighted by their positive rows."""
    numbers = [NAME(*pair) for pair in zip(scores.unbind(1), is_positive.unbind(1), strict=True)]
    numbers = torch.tensor(numbers, dtype=torch.float64)
    weights = torch.where(numbers.isnan(), 0.0, is_positive.sum(dim=0).double())
    return float((numbers.nan_to_num() * weights).sum() / weights.sum()) if weights.any() else float("nan")
'''


def eject_curve(metric: "CurveMetric", script: Script, loss: "LossSpec", predicted: PredictionNames) -> str:
    """Add the functions of a metric of a curve, and return a call of them."""
    code, example = predicted.scores, predicted.example.scores
    if metric.thresholds is not None:
        code, example = predicted.predictions, predicted.example.predictions
    task, number = metric.resolve(loss, example)
    ignored, average = metric.ignored(loss, task), getattr(metric, "average", "macro")
    name = _of_column(metric, script)
    scores, truth = code, predicted.truth
    if example.dim() > 2:
        scores = f"{scores}.movedim(1, -1).flatten(0, -2)"
        truth = truth if task == "multiclass" else f"{truth}.movedim(1, -1).flatten(0, -2)"
    if task == "binary":
        return f"{name}({scores}.flatten(), {truth}.flatten() >= 0.5)"
    positive = f"{truth} >= 0.5"
    if task == "multiclass":
        classes, truth = f"torch.arange({number})", f"{truth}.flatten()"
        if ignored is not None:
            kept = f"[{truth} != {ignored}]"
            scores, truth = f"{scores}{kept}", f"{truth}{kept}"
            if average != "micro":  # Its own column does not count.
                others = literal([label for label in range(number) if label != ignored])
                scores, classes = f"{scores}[:, {others}]", f"torch.tensor({others})"
        positive = f"{truth}.unsqueeze(1) == {classes}"
    if average == "micro":
        return f"{name}({scores}.flatten(), ({positive}).flatten())"
    mean = (WEIGHTED if average == "weighted" else MEAN).replace("NAME", name)
    return f"{script.define(mean)}({scores}, {positive})"


def _of_column(metric: "CurveMetric", script: Script) -> str:
    """Add the function of one column of scores, and return its name."""
    if not metric.curve_lines:
        return script.define(RANKED)
    source = CURVE
    if isinstance(metric.thresholds, int):
        source = CURVE_OF_THRESHOLDS.replace("THRESHOLDS", f"torch.linspace(0, 1, {metric.thresholds}).tolist()")
    elif metric.thresholds is not None:
        thresholds = f"torch.tensor({literal(sorted(metric.thresholds))}).tolist()"
        source = CURVE_OF_THRESHOLDS.replace("THRESHOLDS", thresholds)
    else:
        script.use("from torch import nn")
    curve = script.define(source)
    *lines, last = metric.curve_lines.splitlines()
    if "interpolated(" in metric.curve_lines:
        script.define(INTERPOLATED)
    body = [f"true, false = {curve}(scores, is_positive)", *lines, f"return {last}"]
    return add_function(script, metric, body, arguments="scores, is_positive")
