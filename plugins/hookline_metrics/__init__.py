"""Metrics of numbers, classes and sequences, each computed from all rows of a split in integers and float64."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """Return all metrics of this plugin, by module."""
    return Components(
        __name__,
        {
            "classification": ("Accuracy", "F1Score", "Precision", "Recall"),
            "ranking": ("AUROC",),
            "regression": ("MeanAbsoluteError", "MeanSquaredError", "R2Score"),
            "sequence": ("SequenceAccuracy", "SymbolErrorRate"),
        },
    )
