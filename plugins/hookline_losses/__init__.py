"""The losses of torch, and distances for them."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """Return all losses and distances of this plugin, by module."""
    return Components(
        __name__,
        {
            "classification": (
                "BCELoss",
                "BCEWithLogitsLoss",
                "CrossEntropyLoss",
                "MultiLabelSoftMarginLoss",
                "NLLLoss",
            ),
            "distances": ("CosineDistance", "PairwiseDistance", "SquaredDistance"),
            "embedding": (
                "CosineEmbeddingLoss",
                "HingeEmbeddingLoss",
                "MarginRankingLoss",
                "TripletMarginLoss",
                "TripletMarginWithDistanceLoss",
            ),
            "margin": ("MultiLabelMarginLoss", "MultiMarginLoss", "SoftMarginLoss"),
            "probabilistic": ("GaussianNLLLoss", "KLDivLoss", "PoissonNLLLoss"),
            "projecting": ("AdaptiveLogSoftmaxWithLoss", "LinearCrossEntropyLoss"),
            "regression": ("HuberLoss", "L1Loss", "MSELoss", "SmoothL1Loss"),
            "sequence": ("CTCLoss",),
        },
    )
