"""Callbacks: wrappers around stages, each in its own file."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """Return the callbacks of this plugin, by module."""
    return Components(
        __name__,
        {
            "checkpoint": ("Checkpoint",),
            "plots.confusion_matrix": ("ConfusionMatrix",),
            "loggers.csv_log": ("CSVLog",),
            "weights.early_stopping": ("EarlyStopping",),
            "weights.freeze": ("Freeze",),
            "gradients.gradient_clipping": ("GradientClipping",),
            "gradients.gradient_norm": ("GradientNorm",),
            "learning_rate.learning_rate_finder": ("LearningRateFinder",),
            "plots.loss_plot": ("LossPlot",),
            "mixing": ("CutMix", "Mixup"),
            "loggers.mlflow_log": ("MLflow",),
            "weights.moving_average": ("ExponentialMovingAverage",),
            "gradients.nan_guard": ("NaNGuard",),
            "plots.predictions": ("Predictions",),
            "timing.profile": ("Profile",),
            "progress": ("Progress",),
            "loggers.tensor_board": ("TensorBoard",),
            "timing.timing": ("Timing",),
            "weights.weight_averaging": ("StochasticWeightAveraging",),
            "loggers.weights_and_biases": ("WeightsAndBiases",),
        },
        display="Progress",
    )
