"""Metrics: of numbers and classes by torchmetrics, of sequences by themselves."""

from collections.abc import Iterable

from hookline import Spec, hookimpl
from hookline_metrics.classification import AUROC, Accuracy, F1Score, Precision, Recall
from hookline_metrics.regression import MeanAbsoluteError, MeanSquaredError, R2Score
from hookline_metrics.sequence import SequenceAccuracy, SymbolErrorRate


@hookimpl
def register_specs() -> Iterable[type[Spec]]:
    """All of this plugin's metrics."""
    return (
        AUROC,
        Accuracy,
        F1Score,
        MeanAbsoluteError,
        MeanSquaredError,
        Precision,
        R2Score,
        Recall,
        SequenceAccuracy,
        SymbolErrorRate,
    )
