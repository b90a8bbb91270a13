"""Metrics of classes, numbers, rankings and sequences, computed from all rows of a split in integers and float64."""

from hookline import Components, hookimpl


@hookimpl
def register_specs() -> Components:
    """Return all metrics of this plugin, by module."""
    return Components(
        __name__,
        {
            "classification.agreement": ("CohenKappa", "MatthewsCorrCoef"),
            "classification.decisions": ("Accuracy", "F1Score", "FBetaScore", "HammingDistance", "JaccardIndex"),
            "classification.distributions": ("JensenShannonDivergence", "KLDivergence", "Perplexity"),
            "classification.exact_match": ("ExactMatch",),
            "classification.probabilities": ("CalibrationError", "HingeLoss"),
            "classification.rates": ("NegativePredictiveValue", "Precision", "Recall", "Specificity"),
            "clustering.clusters": (
                *("AdjustedMutualInfoScore", "ClusterAccuracy", "CompletenessScore", "HomogeneityScore"),
                *("MutualInfoScore", "NormalizedMutualInfoScore", "VMeasureScore"),
            ),
            "clustering.nominal": ("CramersV", "PearsonsContingencyCoefficient", "TheilsU", "TschuprowsT"),
            "clustering.pairs": ("AdjustedRandScore", "FowlkesMallowsIndex", "RandScore"),
            "ranking.areas": ("AUROC", "AveragePrecision", "EER", "LogAUC"),
            "ranking.labels": (
                *("MultilabelCoverageError", "MultilabelRankingAveragePrecision", "MultilabelRankingLoss"),
            ),
            "ranking.operating_points": (
                *("PrecisionAtFixedRecall", "RecallAtFixedPrecision"),
                *("SensitivityAtSpecificity", "SpecificityAtSensitivity"),
            ),
            "regression.errors": (
                *("CriticalSuccessIndex", "LogCoshError", "MeanAbsoluteError", "MeanSquaredError"),
                *("MeanSquaredLogError", "MinkowskiDistance", "TweedieDevianceScore"),
            ),
            "regression.ranks": ("KendallRankCorrCoef", "SpearmanCorrCoef"),
            "regression.relative": (
                *("CosineSimilarity", "MeanAbsolutePercentageError", "NormalizedRootMeanSquaredError"),
                *("SymmetricMeanAbsolutePercentageError", "WeightedMeanAbsolutePercentageError"),
            ),
            "regression.variance": (
                *("ConcordanceCorrCoef", "ExplainedVariance", "PearsonCorrCoef", "R2Score", "RelativeSquaredError"),
            ),
            "sequence": ("SequenceAccuracy", "SymbolErrorRate"),
        },
    )
