"""Metrics of a confusion matrix as functions."""

from typing import TYPE_CHECKING, Any

from hookline.script import PredictionNames, Script
from hookline_metrics.ejecting.functions import add_function

if TYPE_CHECKING:
    from hookline.spec import LossSpec

CONFUSION = '''
def confusion(predicted, true, classes):
    """Return how often each class, a row, is predicted as each class, a column."""
    pairs = true.flatten() * classes + predicted.flatten()
    return torch.bincount(pairs, minlength=classes**2).view(classes, classes).double()
'''


def eject_confusion(metric: Any, script: Script, loss: "LossSpec", predicted: PredictionNames, lines: str) -> str:
    """Add the function of a metric of a confusion matrix, `matrix`, and return a call of it.

    For a label, the classes are false and true. The last of the lines is an expression.
    """
    task, classes = metric.resolve(loss, predicted.example.predictions)
    ignored = metric.ignored(loss, task)
    guessed, true = predicted.predictions, predicted.truth
    if task == "multiclass":
        is_scored = predicted.example.predictions.is_floating_point()
        guessed = f"{guessed}.argmax(dim=1)" if is_scored else guessed
    else:
        classes, guessed, true = 2, f"({guessed} >= {metric.threshold}).long()", f"({true} >= 0.5).long()"
    *before, last = lines.splitlines()
    script.define(CONFUSION)
    kept = [] if ignored is None else [f"predicted, true = predicted[true != {ignored}], true[true != {ignored}]"]
    body = [*kept, f"matrix = confusion(predicted, true, {classes})", *before, f"return {last}"]
    return f"{add_function(script, metric, body)}({guessed}, {true})"
