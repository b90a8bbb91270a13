"""Callbacks: wrappers around stages, each in a file of its own."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """All of this plugin's callbacks, by the modules that have them."""
    return Components(
        __name__,
        csv_log=("CSVLog",),
        early_stopping=("EarlyStopping",),
        gradient_clipping=("GradientClipping",),
        mlflow_log=("MLflow",),
        progress=("Progress",),
        tensor_board=("TensorBoard",),
        weights_and_biases=("WeightsAndBiases",),
    )
