"""The schedulers of torch, by the curve that the learning rate takes."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """All of this plugin's schedulers, by the modules that have them."""
    return Components(
        __name__,
        {
            "combined": ("ChainedScheduler", "SequentialLR"),
            "cosine": ("CosineAnnealingLR", "CosineAnnealingWarmRestarts"),
            "cyclic": ("CyclicLR", "OneCycleLR"),
            "plateau": ("ReduceLROnPlateau",),
            "slopes": ("ConstantLR", "ExponentialLR", "LinearLR", "PolynomialLR"),
            "stairs": ("MultiStepLR", "StepLR"),
        },
    )
