"""The area under the curve as a function."""

from typing import TYPE_CHECKING

from hookline.script import PredictionNames, Script, cannot_be_written

if TYPE_CHECKING:
    from hookline.spec import LossSpec
    from hookline_metrics.ranking.areas import AUROC

OF_ONE = '''
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

OF_CLASSES = '''
def mean_auroc(scores, is_positive):
    """Return the mean area under the curve of all columns for which it is defined."""
    areas = [auroc(*pair) for pair in zip(scores.unbind(1), is_positive.unbind(1), strict=True)]
    areas = [area for area in areas if area == area]
    return sum(areas) / len(areas) if areas else float("nan")
'''


def eject_auroc(metric: "AUROC", script: Script, loss: "LossSpec", predicted: PredictionNames) -> str:
    """Add the function of the area, and return a call of it."""
    for option in ("max_fpr", "thresholds", "ignore_index"):
        if getattr(metric, option) is not None:
            raise cannot_be_written("This way to compute the area has no lines.", (option,))
    if metric.average != "macro":
        raise cannot_be_written("This average of areas has no lines.", ("average",))
    task, number = metric.resolve(loss, predicted.example.scores)
    if metric.ignored(loss, task) is not None:
        raise cannot_be_written("The area without an ignored class has no lines.")
    script.define(OF_ONE)
    if task == "binary":
        return f"auroc({predicted.scores}, {predicted.truth} >= 0.5)"
    script.define(OF_CLASSES)
    truth = f"{predicted.truth} >= 0.5"
    if task == "multiclass":
        truth = f"{predicted.truth}.unsqueeze(1) == torch.arange({number})"
    return f"mean_auroc({predicted.scores}, {truth})"
