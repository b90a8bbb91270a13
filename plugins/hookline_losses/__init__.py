"""The losses of torch, by topic, their distances, and the sum of several."""

from collections.abc import Iterable

from hookline import Spec, hookimpl
from hookline_losses.classification import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    MultiLabelSoftMarginLoss,
    NLLLoss,
)
from hookline_losses.combined import WeightedSum
from hookline_losses.distances import CosineDistance, PairwiseDistance, SquaredDistance
from hookline_losses.embedding import (
    CosineEmbeddingLoss,
    HingeEmbeddingLoss,
    MarginRankingLoss,
    TripletMarginLoss,
    TripletMarginWithDistanceLoss,
)
from hookline_losses.margin import MultiLabelMarginLoss, MultiMarginLoss, SoftMarginLoss
from hookline_losses.probabilistic import GaussianNLLLoss, KLDivLoss, PoissonNLLLoss
from hookline_losses.projecting import AdaptiveLogSoftmaxWithLoss, LinearCrossEntropyLoss
from hookline_losses.regression import HuberLoss, L1Loss, MSELoss, SmoothL1Loss
from hookline_losses.sequence import CTCLoss


@hookimpl
def register_specs() -> Iterable[type[Spec]]:
    """All of this plugin's losses and distances."""
    return (
        AdaptiveLogSoftmaxWithLoss,
        BCELoss,
        BCEWithLogitsLoss,
        CTCLoss,
        CosineDistance,
        CosineEmbeddingLoss,
        CrossEntropyLoss,
        GaussianNLLLoss,
        HingeEmbeddingLoss,
        HuberLoss,
        KLDivLoss,
        L1Loss,
        LinearCrossEntropyLoss,
        MSELoss,
        MarginRankingLoss,
        MultiLabelMarginLoss,
        MultiLabelSoftMarginLoss,
        MultiMarginLoss,
        NLLLoss,
        PairwiseDistance,
        PoissonNLLLoss,
        SmoothL1Loss,
        SoftMarginLoss,
        SquaredDistance,
        TripletMarginLoss,
        TripletMarginWithDistanceLoss,
        WeightedSum,
    )
