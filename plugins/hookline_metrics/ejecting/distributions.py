"""Metrics of probabilities as functions."""

from typing import TYPE_CHECKING

from hookline.script import PredictionNames, Script
from hookline_metrics.ejecting.functions import add_function

if TYPE_CHECKING:
    from hookline.spec import LossSpec
    from hookline_metrics.classification.distributions import DistributionMetric


def eject_distribution(
    metric: "DistributionMetric", script: Script, loss: "LossSpec", predicted: PredictionNames
) -> str:
    """Add the function of a metric of probabilities, and return a call of it."""
    task, _ = metric.resolve(loss, predicted.example.predictions)
    ignored, truth = metric.ignored(loss, task), predicted.example.distribution
    least = "torch.finfo(predicted.dtype).eps"
    if truth.is_floating_point() and truth.dim() > 1:
        kept = [] if ignored is None else [f"counted = true.argmax(dim=1) != {ignored}"]
        kept += [] if ignored is None else ["predicted, true = predicted[counted], true[counted]"]
        *before, numbers = metric.row_lines.splitlines()
        lines = [*kept, f"predicted, true = predicted.clamp(min={least}).double(), true.double()", *before]
    else:
        numbers = metric.class_lines
        lines = [f"own = predicted.gather(1, true.unsqueeze(1)).squeeze(1).clamp(min={least}).double()"]
        lines += [] if ignored is None else [f"own = own[true != {ignored}]"]
    simple = numbers if numbers.startswith(("-own", "torch.")) else f"({numbers})"
    simple = f"({simple})" if simple.startswith("-") else simple
    lines.append(f"return {metric.ejected_mean(simple)}")
    return f"{add_function(script, metric, lines)}({predicted.predictions}, {predicted.distribution})"
