"""Metrics of counts as functions: for each class, in how many rows it is predicted, true, and both."""

import re
from typing import TYPE_CHECKING, Any

from hookline.script import PredictionNames, Script, cannot_be_written, literal
from hookline_metrics.classification.counts import Averaging, Counts
from hookline_metrics.ejecting.symbols import Symbol

if TYPE_CHECKING:
    from hookline.spec import LossSpec
    from hookline_metrics.classification.decisions import ThresholdMetric

COUNTS = '''
def counts(predicted, true, label):
    """Return in how many rows a class is predicted and true, predicted, and true, and the number of rows."""
    is_predicted, is_true = predicted == label, true == label
    return int((is_predicted & is_true).sum()), int(is_predicted.sum()), int(is_true.sum()), true.numel()
'''


def function_name(kind: str) -> str:
    """Return the name of a function for a class.

    >>> function_name("F1Score"), function_name("MeanAbsoluteError")
    ('f1_score', 'mean_absolute_error')
    """
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind).lower()


def eject_counting(metric: "ThresholdMetric", script: Script, loss: "LossSpec", predicted: PredictionNames) -> str:
    """Add the function of a metric of counts, and return a call of it."""
    if metric.first > 1:
        raise cannot_be_written("The most probable classes have no lines.", ("top_k",))
    task, classes = metric.resolve(loss, predicted.example.predictions)
    ignored = metric.ignored(loss, task)
    averaging: Averaging = metric.averaging(task, ignored)
    predictions, truth = predicted.predictions, predicted.truth
    if task == "multiclass":
        is_scored = predicted.example.predictions.is_floating_point()
        given = [f"{predictions}.argmax(dim=1)" if is_scored else predictions, truth]
    else:
        given = [f"{predictions} >= {metric.threshold}", f"{truth} >= 0.5"]
    lines = _lines(averaging, classes)
    if ignored is not None:
        kept = f"true != {ignored}" if task == "multiclass" else f"true != {bool(ignored)}"
        lines = [f"predicted, true = predicted[{kept}], true[{kept}]", *lines]
    name = function_name(type(metric).__name__)
    docstring = _documented(metric, averaging)
    body = "\n".join(f"    {line}" for line in lines)
    if "counts(" in body:
        script.define(COUNTS)
    name = script.define(f'def {name}(predicted, true):\n    """{docstring}"""\n{body}')
    return f"{name}({', '.join(given)})"


def _documented(metric: Any, averaging: Averaging) -> str:
    first = (type(metric).__doc__ or "").splitlines()[0].rstrip(".")
    average = averaging.average or ("micro" if averaging.task == "binary" else averaging.usual)
    which = {"macro": " Classes have equal weights.", "weighted": " Classes are weighted by their rows."}.get(average, "")
    return f"{first}.{which}"


def _lines(averaging: Averaging, classes: int) -> list[str]:
    """Return the lines of the function, given boolean or integer tensors `predicted` and `true`."""
    hits, guessed, actual, rows = map(Symbol, ("hits", "guessed", "actual", "rows"))
    numerator, denominator = averaging.ratio(Counts(hits, guessed, actual, rows))
    numerator, denominator = Symbol(str(numerator), numerator.is_sum), Symbol(str(denominator), denominator.is_sum)
    if _is_agreement(averaging, str(numerator), str(denominator)):
        return ["return int((predicted == true).sum()) / true.numel()"]
    ratio = f"{numerator / denominator}"
    otherwise = literal(float(averaging.otherwise))
    if str(denominator) != "rows":
        ratio = f"{ratio} if {denominator} else {otherwise}"
    has_labels = averaging.task == "multilabel" or (averaging.task == "binary" and averaging.average is None)
    average = averaging.average or ("micro" if averaging.task == "binary" else averaging.usual)
    used = f"hits, guessed, actual, rows = counts(predicted, true, {{}})"
    names = _used(("hits", "guessed", "actual", "rows"), f"{ratio}")
    if has_labels and average == "micro":
        return [f"{names} = counts(predicted, true, True)", f"return {ratio}"]
    if average == "micro":
        lines = [] if averaging.task == "binary" else []
        lines += ["hits = int((predicted == true).sum())", "guessed = actual = true.numel()"]
        if "rows" in ratio:
            lines.append(f"rows = {2 if averaging.task == 'binary' else classes} * true.numel()")
        return [*[line for line in lines if line.split()[0] in ratio or "guessed" in line and ("guessed" in ratio or "actual" in ratio)], f"return {ratio}"]
    del used
    if has_labels:
        names = _used(("hits", "guessed", "actual", "rows"), f"{ratio}{' actual' if average == 'weighted' else ''}")
        lines = ["ratios, weights = [], []", "for one, of_truth in zip(predicted.unbind(1), true.unbind(1), strict=True):"]
        lines += [f"    {names} = counts(one, of_truth, True)"]
    else:
        member = "actual" if averaging.only_true else "guessed + actual"
        names = _used(("hits", "guessed", "actual", "rows"), f"{ratio} {member}")
        count = 2 if averaging.task == "binary" else classes
        lines = ["ratios, weights = [], []", f"for label in range({count}):"]
        lines += [f"    {names} = counts(predicted, true, label)"]
        if averaging.ignored is not None:
            lines += [f"    if label != {averaging.ignored} and {member}:"]
        else:
            lines += [f"    if {member}:"]
    depth = "    " if has_labels else "        "
    simple = ratio if " if " not in ratio or has_labels or str(denominator) not in ("guessed + actual", "actual") else str(numerator / denominator)
    lines += [f"{depth}ratios.append({simple})"]
    if average == "weighted":
        lines += [f"{depth}weights.append(actual)"]
        return [*lines, "total = sum(ratio * weight for ratio, weight in zip(ratios, weights, strict=True))", f"return total / sum(weights) if sum(weights) else {otherwise}"]
    lines[0] = "ratios = []"
    return [*lines, f"return sum(ratios) / len(ratios) if ratios else {otherwise}"]


def _is_agreement(averaging: Averaging, numerator: str, denominator: str) -> bool:
    """Return whether the number is the fraction of equal elements, whatever the counts of classes are."""
    average = averaging.average or ("micro" if averaging.task == "binary" else averaging.usual)
    has_labels = averaging.task == "multilabel" or (averaging.task == "binary" and averaging.average is None)
    if average != "micro":
        return False
    agrees = "hits + rows - guessed - actual + hits"
    return (numerator, denominator) == ((agrees, "rows") if has_labels else ("hits", "actual"))


def _used(names: tuple[str, ...], code: str) -> str:
    """Return names for a tuple, with an underscore for those that are not used."""
    return ", ".join(name if re.search(rf"\b{name}\b", code) else "_" for name in names)
