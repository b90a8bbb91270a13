"""The schedulers of torch, by the shape of their curve."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """Return the schedulers of this plugin, by module."""
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
