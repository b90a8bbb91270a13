"""Callbacks: wrappers around stages, each in a file of its own."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """All of this plugin's callbacks, by the modules that have them."""
    return Components(
        __name__,
        confusion_matrix=("ConfusionMatrix",),
        csv_log=("CSVLog",),
        early_stopping=("EarlyStopping",),
        freeze=("Freeze",),
        gradient_clipping=("GradientClipping",),
        gradient_norm=("GradientNorm",),
        learning_rate_finder=("LearningRateFinder",),
        loss_plot=("LossPlot",),
        mixing=("CutMix", "Mixup"),
        mlflow_log=("MLflow",),
        moving_average=("ExponentialMovingAverage",),
        nan_guard=("NaNGuard",),
        predictions=("Predictions",),
        profile=("Profile",),
        progress=("Progress",),
        tensor_board=("TensorBoard",),
        timing=("Timing",),
        weight_averaging=("StochasticWeightAveraging",),
        weights_and_biases=("WeightsAndBiases",),
    )
