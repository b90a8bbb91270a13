"""The losses of torch, by topic."""

from collections.abc import Iterable

from hookline import Spec, hookimpl
from hookline_losses.classification import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    MultiLabelSoftMarginLoss,
    NLLLoss,
)
from hookline_losses.margin import HingeEmbeddingLoss, MultiMarginLoss, SoftMarginLoss
from hookline_losses.probabilistic import PoissonNLLLoss
from hookline_losses.regression import HuberLoss, L1Loss, MSELoss, SmoothL1Loss


@hookimpl
def register_specs() -> Iterable[type[Spec]]:
    """All of this plugin's losses."""
    return (
        BCELoss,
        BCEWithLogitsLoss,
        CrossEntropyLoss,
        HingeEmbeddingLoss,
        HuberLoss,
        L1Loss,
        MSELoss,
        MultiLabelSoftMarginLoss,
        MultiMarginLoss,
        NLLLoss,
        PoissonNLLLoss,
        SmoothL1Loss,
        SoftMarginLoss,
    )
