"""Metrics of the probabilities or scores of predicted classes as functions."""

from typing import TYPE_CHECKING

from hookline.script import PredictionNames, Script
from hookline_metrics.ejecting.functions import add_function

if TYPE_CHECKING:
    from hookline.spec import LossSpec
    from hookline_metrics.classification.probabilities import CalibrationError, HingeLoss


def eject_calibration(metric: "CalibrationError", script: Script, loss: "LossSpec", predicted: PredictionNames) -> str:
    """Add the function of the calibration error, and return a call of it."""
    task, _ = metric.resolve(loss, predicted.example.predictions)
    lines = ["probability, label = predicted.double().max(dim=1)", "hits = label == true"]
    if task == "binary":
        lines = ["probability, hits = predicted.double().flatten(), true.flatten() >= 0.5"]
    if (ignored := metric.ignored(loss, task)) is not None:
        lines.append(f"counted = {'hits' if task == 'binary' else 'true'} != {ignored}")
        lines.append("probability, hits = probability[counted], hits[counted]")
    bins = metric.n_bins
    lines += [
        f"edges = torch.linspace(0, 1, {bins + 1}, dtype=torch.float64)",
        "places = torch.searchsorted(edges[1:-1].contiguous(), probability.flatten(), right=True)",
        f"rows = torch.bincount(places, minlength={bins}).double()",
        f"sums = [torch.bincount(places, part.double().flatten(), {bins}) for part in (hits, probability)]",
        "differences = (sums[0] - sums[1]).abs() / rows.clamp(min=1)",
        {
            "l1": "return float((differences * rows).sum() / rows.sum())",
            "l2": "return float((differences.square() * rows).sum() / rows.sum()) ** 0.5",
            "max": "return float(differences.max())",
        }[metric.norm],
    ]
    return f"{add_function(script, metric, lines)}({predicted.predictions}, {predicted.truth})"


def eject_hinge(metric: "HingeLoss", script: Script, loss: "LossSpec", predicted: PredictionNames) -> str:
    """Add the function of the hinge loss, and return a call of it."""
    task, classes = metric.resolve(loss, predicted.example.predictions)
    if task == "binary":
        lines = ["label = true >= 0.5", "margins = torch.where(label, predicted, -predicted).double()"]
    else:
        lines = ["predicted, label = predicted.double().movedim(1, -1), true"]
        if metric.multiclass_mode == "one-vs-all":
            lines.append(f"own = label.unsqueeze(-1) == torch.arange({classes})")
            lines.append("margins = torch.where(own, predicted, -predicted)")
        else:
            lines.append("own = predicted.gather(-1, label.unsqueeze(-1)).squeeze(-1)")
            lines.append("others = predicted.scatter(-1, label.unsqueeze(-1), -torch.inf).amax(dim=-1)")
            lines.append("margins = own - others")
    if (ignored := metric.ignored(loss, task)) is not None:
        lines.append(f"margins = margins[label != {bool(ignored) if task == 'binary' else ignored}]")
    square = ".square()" if metric.squared else ""
    lines.append(f"return float((1 - margins).clamp(min=0){square}.mean())")
    return f"{add_function(script, metric, lines)}({predicted.predictions}, {predicted.truth})"
