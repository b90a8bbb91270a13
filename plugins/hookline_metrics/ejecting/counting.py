"""Metrics of counts as functions: for each class, in how many rows it is predicted, true, and both."""

import re
from typing import TYPE_CHECKING, Any

from hookline.script import PredictionNames, Script, literal
from hookline_metrics.classification.counts import Averaging, Counts
from hookline_metrics.ejecting.functions import add_function
from hookline_metrics.ejecting.symbols import Symbol

if TYPE_CHECKING:
    from hookline.spec import LossSpec
    from hookline_metrics.classification.decisions import ThresholdMetric

NAMES = ("hits", "guessed", "actual", "rows")
"""The names of the counts in a script."""

AGREEMENT_OF_LABELS = ("hits + rows - guessed - actual + hits", "rows")
AGREEMENT_OF_CLASSES = ("hits", "actual")
"""Ratios of totals that are the fraction of equal elements."""

COUNTS = '''
def counts(predicted, true, label):
    """Return in how many rows a class is predicted and true, predicted, and true, and the number of rows."""
    is_predicted, is_true = predicted == label, true == label
    return int((is_predicted & is_true).sum()), int(is_predicted.sum()), int(is_true.sum()), true.numel()
'''


TOP = '''
def one_of_top(scores, true, count):
    """Return the true class where it is among the classes with the largest scores, and elsewhere the first of these."""
    own = scores.gather(1, true.unsqueeze(1))
    labels = torch.arange(scores.shape[1]).view(1, -1, *[1] * (scores.dim() - 2))
    is_before = (scores > own) | ((scores == own) & (labels < true.unsqueeze(1)))
    return torch.where(is_before.sum(dim=1) < count, true, scores.argmax(dim=1))
'''


def of_classes(predicted: PredictionNames, task: str, threshold: float) -> tuple[str, str]:
    """Return which classes or labels are predicted, and which are true, as code."""
    predictions, truth = predicted.predictions, predicted.truth
    if task == "multiclass":
        is_scored = predicted.example.predictions.is_floating_point()
        return (f"{predictions}.argmax(dim=1)" if is_scored else predictions), truth
    return f"{predictions} >= {threshold}", f"{truth} >= 0.5"


def eject_counting(metric: "ThresholdMetric", script: Script, loss: "LossSpec", predicted: PredictionNames) -> str:
    """Add the function of a metric of counts, and return a call of it."""
    task, classes = metric.resolve(loss, predicted.example.predictions)
    ignored = metric.ignored(loss, task)
    averaging: Averaging = metric.averaging(task, ignored)
    given = list(of_classes(predicted, task, metric.threshold))
    if metric.first > 1:
        given[0] = f"{script.define(TOP)}({predicted.predictions}, {predicted.truth}, {metric.first})"
    lines = _lines(averaging, classes)
    if ignored is not None:
        kept = f"true != {ignored}" if task == "multiclass" else f"true != {bool(ignored)}"
        lines = [f"predicted, true = predicted[{kept}], true[{kept}]", *lines]
    if any("counts(" in line for line in lines):
        script.define(COUNTS)
    return f"{add_function(script, metric, lines, _documented(metric, averaging))}({', '.join(given)})"


def _documented(metric: Any, averaging: Averaging) -> str:
    first = (type(metric).__doc__ or "").splitlines()[0].partition(". ")[0].rstrip(".")
    average = _average(averaging)
    which = {"macro": " Classes have equal weights.", "weighted": " Classes are weighted by their rows."}.get(
        average, ""
    )
    return f"{first}.{which}"


def _lines(averaging: Averaging, classes: int) -> list[str]:
    """Return the lines of the function, given boolean or integer tensors `predicted` and `true`."""
    symbols: Any = [Symbol(name) for name in NAMES]  # Arithmetic with them returns code.
    numerator, denominator = averaging.ratio(Counts(*symbols))
    average, has_labels = _average(averaging), _has_labels(averaging)
    agreement = AGREEMENT_OF_LABELS if has_labels else AGREEMENT_OF_CLASSES
    if average == "micro" and (str(numerator), str(denominator)) == agreement:
        return ["return int((predicted == true).sum()) / true.numel()"]
    ratio, otherwise = str(numerator / denominator), literal(float(averaging.otherwise))
    checked = ratio if str(denominator) == "rows" else f"{ratio} if {denominator} else {otherwise}"
    if average == "micro":
        if has_labels:
            return [f"{_used(checked)} = counts(predicted, true, True)", f"return {checked}"]
        count = 2 if averaging.task == "binary" else classes
        totals = {
            "hits": "int((predicted == true).sum())",
            "guessed": "true.numel()",
            "actual": "true.numel()",
            "rows": f"{count} * true.numel()",
        }
        lines = [f"{name} = {code}" for name, code in totals.items() if re.search(rf"\b{name}\b", checked)]
        return [*lines, f"return {checked}"]
    weight = " actual" if average == "weighted" else ""
    if has_labels:
        loop = "for one, of_truth in zip(predicted.unbind(1), true.unbind(1), strict=True):"
        body = [f"{_used(checked + weight)} = counts(one, of_truth, True)"]
        inner = [f"ratios.append({checked})"]
    else:
        member = "actual" if averaging.only_true else "guessed + actual"
        loop = f"for label in range({2 if averaging.task == 'binary' else classes}):"
        body = [f"{_used(f'{checked} {member}{weight}')} = counts(predicted, true, label)"]
        others = "" if averaging.ignored is None else f"label != {averaging.ignored} and "
        body.append(f"if {others}{member}:")
        inner = [f"    ratios.append({ratio if str(denominator) == member else checked})"]
    if weight:
        inner.append(inner[-1].partition("ratios")[0] + "weights.append(actual)")
    lines = [
        "ratios, weights = [], []" if weight else "ratios = []",
        loop,
        *(f"    {line}" for line in [*body, *inner]),
    ]
    if weight:
        total = "sum(ratio * weight for ratio, weight in zip(ratios, weights, strict=True))"
        return [*lines, f"total = {total}", f"return total / sum(weights) if sum(weights) else {otherwise}"]
    return [*lines, f"return sum(ratios) / len(ratios) if ratios else {otherwise}"]


def _average(averaging: Averaging) -> str:
    return averaging.average or ("micro" if averaging.task == "binary" else averaging.usual)


def _has_labels(averaging: Averaging) -> bool:
    return averaging.task == "multilabel" or (averaging.task == "binary" and averaging.average is None)


def _used(code: str) -> str:
    """Return the names of counts for a tuple, with an underscore for those that code does not use."""
    return ", ".join(name if re.search(rf"\b{name}\b", code) else "_" for name in NAMES)
