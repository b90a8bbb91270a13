"""The losses of torch, by topic, and their distances."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """All of this plugin's losses and distances, by the modules that have them."""
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
