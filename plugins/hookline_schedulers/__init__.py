"""The schedulers of torch, by the curve that the learning rate takes."""

from collections.abc import Iterable

from hookline import Spec, hookimpl
from hookline_schedulers.combined import ChainedScheduler, SequentialLR
from hookline_schedulers.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from hookline_schedulers.cyclic import CyclicLR, OneCycleLR
from hookline_schedulers.plateau import ReduceLROnPlateau
from hookline_schedulers.slopes import ConstantLR, ExponentialLR, LinearLR, PolynomialLR
from hookline_schedulers.stairs import MultiStepLR, StepLR


@hookimpl
def register_specs() -> Iterable[type[Spec]]:
    """All of this plugin's schedulers."""
    return (
        ChainedScheduler,
        ConstantLR,
        CosineAnnealingLR,
        CosineAnnealingWarmRestarts,
        CyclicLR,
        ExponentialLR,
        LinearLR,
        MultiStepLR,
        OneCycleLR,
        PolynomialLR,
        ReduceLROnPlateau,
        SequentialLR,
        StepLR,
    )
