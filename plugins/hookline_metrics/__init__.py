"""Metrics of numbers, of classes and of sequences, each computed from all rows of a split in integers and float64."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """All of this plugin's metrics, by the modules that have them."""
    return Components(
        __name__,
        {
            "classification": ("Accuracy", "F1Score", "Precision", "Recall"),
            "ranking": ("AUROC",),
            "regression": ("MeanAbsoluteError", "MeanSquaredError", "R2Score"),
            "sequence": ("SequenceAccuracy", "SymbolErrorRate"),
        },
    )
