"""Metrics: of numbers and classes by torchmetrics, of sequences by themselves."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """All of this plugin's metrics, by the modules that have them."""
    return Components(
        __name__,
        classification=("AUROC", "Accuracy", "F1Score", "Precision", "Recall"),
        regression=("MeanAbsoluteError", "MeanSquaredError", "R2Score"),
        sequence=("SequenceAccuracy", "SymbolErrorRate"),
    )
