"""The losses of torch, and distances for them."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """Return all losses and distances of this plugin, by module."""
    return Components(
        __name__,
        {
            "classification": ("CrossEntropyLoss", "NLLLoss"),
            "embeddings.distances": ("CosineDistance", "PairwiseDistance", "SquaredDistance"),
            "embeddings.pairs": ("CosineEmbeddingLoss", "HingeEmbeddingLoss", "MarginRankingLoss"),
            "embeddings.triplets": ("TripletMarginLoss", "TripletMarginWithDistanceLoss"),
            "gaussian": ("GaussianNLLLoss",),
            "labels": ("BCELoss", "BCEWithLogitsLoss", "MultiLabelSoftMarginLoss"),
            "linear_cross_entropy": ("LinearCrossEntropyLoss",),
            "margin": ("MultiLabelMarginLoss", "MultiMarginLoss", "SoftMarginLoss"),
            "probabilistic": ("KLDivLoss", "PoissonNLLLoss"),
            "projecting": ("AdaptiveLogSoftmaxWithLoss",),
            "regression": ("HuberLoss", "L1Loss", "MSELoss", "SmoothL1Loss"),
            "sequence": ("CTCLoss",),
        },
    )
