"""The built-in plugins pass every check of the kit, for every component."""

from pathlib import Path

import pytest
from exhaustive import sampled

import hookline
import hookline_callbacks
import hookline_columns
import hookline_data
import hookline_deploy
import hookline_initialization
import hookline_losses
import hookline_metrics
import hookline_models
import hookline_optimizers
import hookline_schedulers
import hookline_stages
import hookline_tabular
import hookline_transforms
import hookline_tune
from hookline.plugins.manager import Plugins
from hookline.testing import conform as all_cases

SPECS = Path(__file__).parents[2] / "specs"
KINDS = {kind.__name__: kind for kind in Plugins().catalog}


IMAGES = SPECS / "data/digit_images/labels.csv"

SAMPLE = [
    "AUROC",
    "Accuracy",
    "AdamW",
    "BatchNorm1d",
    "CSV",
    "CSVLog",
    "CTCLoss",
    "Checkpoint",
    "Conv2d",
    "CosineAnnealingLR",
    "CrossEntropyLoss",
    "Dropout",
    "EarlyStopping",
    "Embedding",
    "ExponentialMovingAverage",
    "F1Score",
    "Freeze",
    "GradientClipping",
    "HuberLoss",
    "L1Loss",
    "LBFGS",
    "LSTM",
    "LearningRateFinder",
    "Linear",
    "LinearCrossEntropyLoss",
    "Mixup",
    "Muon",
    "MultiheadAttention",
    "NPZ",
    "ImageFolder",
    "Normalize",
    "OneCycleLR",
    "OneHotEncoder",
    "Pairs",
    "PairwiseDistance",
    "Parallel",
    "Parquet",
    "PiecewiseLinearEmbeddings",
    "MedianPruner",
    "Optuna",
    "R2Score",
    "Random",
    "RandomSearch",
    "RealMLP",
    "ReduceLROnPlateau",
    "Residual",
    "SGD",
    "Safetensors",
    "Sequential",
    "SequenceAccuracy",
    "Siamese",
    "SparseAdam",
    "TPESampler",
    "TabM",
    "TensorBoard",
    "Timing",
    "TripletMarginLoss",
    "Triplets",
    "constant_",
    "dirac_",
    "orthogonal_",
]
"""Components of each family, with each kind of input, of step and of state."""

OF_ALL = ("documented", "described")
"""The checks that take no time."""


def conform(plugin, *examples):
    """The checks of a plugin; those of components outside the sample are exhaustive."""
    test = all_cases(plugin, *examples)
    [mark] = test.pytestmark
    names, cases = mark.args
    chosen = [str(case) for case in cases if str(case).partition("-")[0] in SAMPLE or "-" not in str(case)]
    chosen += [str(case) for case in cases if str(case).endswith(OF_ALL)]
    test.pytestmark = [pytest.mark.parametrize(names, sampled(cases, chosen), ids=str).mark]
    return test


def test_the_sample_has_every_family():
    families = {KINDS[name].family for name in SAMPLE}
    assert families == {kind.family for kind in KINDS.values()}


def one(name, **options):
    """A component."""
    return KINDS[name](**options)


def paired(layer):
    """A spec in which the layer receives two tensors."""
    spec = {
        "run": {"name": "kit"},
        "data": {
            "type": "Pairs",
            "source": {"type": "CSV", "path": str(SPECS / "data/iris.csv"), "targets": "species"},
        },
        "model": {
            "type": "Siamese",
            "layers": [{"type": "Linear", "out_features": 3}],
            "join": {
                "type": "Sequential",
                "layers": [layer, {"type": "Unflatten", "dim": 0, "unflattened_size": [-1, 1]}],
            }
            if layer["type"] != "Bilinear"
            else layer,
        },
        "loss": {"type": "BCEWithLogitsLoss"},
        "optimizer": {"type": "SGD", "lr": 0.01},
    }
    return hookline.load(spec)


test_stages_conform = conform(hookline_stages)

test_losses_conform = conform(
    hookline_losses,
    *(
        SPECS / "losses" / f"{name}.toml"
        for name in ("AdaptiveLogSoftmaxWithLoss", "CTCLoss", "LinearCrossEntropyLoss")
    ),
)

test_optimizers_conform = conform(
    hookline_optimizers, SPECS / "optimizers" / "Muon.toml", SPECS / "optimizers" / "SparseAdam.toml"
)

test_schedulers_conform = conform(
    hookline_schedulers,
    one("ChainedScheduler", schedulers=(one("ExponentialLR", gamma=0.9), one("StepLR", step_size=2))),
    one("SequentialLR", schedulers=(one("ConstantLR"), one("ExponentialLR", gamma=0.9)), milestones=(1,)),
    one("CosineAnnealingWarmRestarts", T_0=2),
    one("CyclicLR", base_lr=0.01, max_lr=0.1, cycle_momentum=False),
    one("OneCycleLR", max_lr=0.1),
    one("ExponentialLR", gamma=0.9),
    one("MultiStepLR", milestones=(1,)),
    one("StepLR", step_size=1),
)

test_callbacks_conform = conform(
    hookline_callbacks,
    one("Freeze", parameters="*.bias"),
    one("GradientClipping", max_norm=0.1),
    one("WeightsAndBiases", mode="offline"),
)

test_metrics_conform = conform(
    hookline_metrics,
    SPECS / "losses" / "CTCLoss.toml",
    one("CriticalSuccessIndex", threshold=0.5),
    one("MinkowskiDistance", p=2.0),
    one("PrecisionAtFixedRecall", min_recall=0.5),
    one("RecallAtFixedPrecision", min_precision=0.5),
    one("SensitivityAtSpecificity", min_specificity=0.5),
    one("SpecificityAtSensitivity", min_sensitivity=0.5),
)

test_deployment_targets_conform = conform(hookline_deploy)

LR = hookline.spec.Range(low=0.001, high=0.1, log=True)
SPACE = hookline.spec.Space(
    {
        "optimizer": hookline.spec.Choices(choices=({"type": "SGD", "lr": LR}, {"type": "Adam"})),
        "data.batch_size": hookline.spec.Range(low=8, high=32, step=8),
    }
)
FINITE = hookline.spec.Space({"data.batch_size": hookline.spec.Choices(choices=(8, 16))})

test_tuners_conform = conform(
    hookline_tune,
    one("GridSearch", space=FINITE),
    one("RandomSearch", space=SPACE, trials=5),
    one("Optuna", space=SPACE, trials=5, sampler=one("TPESampler", n_startup_trials=1)),
    one("PatientPruner", patience=1),
    one("PercentilePruner", percentile=50.0),
)

test_columns_conform = conform(hookline_columns)

test_initializations_conform = conform(
    hookline_initialization,
    one("constant_", val=0.5),
    one("sparse_", sparsity=0.5, parameters="*.weight"),
    hookline.load(SPECS / "digits.toml", ['initialize=[{type = "dirac_", parameters = "0.weight"}]']),
)

test_data_sources_conform = conform(
    hookline_data,
    one("Random", features=3, targets=(0.0, 1.0, 0.5)),
    SPECS / "iris.toml",
    SPECS / "embedding.toml",
    SPECS / "digit_images.toml",
    one("Images", source=one("CSV", path=IMAGES, inputs="file", targets="digit"), image_column="file", mode="L"),
    *(SPECS / "losses" / f"{name}.toml" for name in ("KLDivLoss", "MarginRankingLoss", "TripletMarginLoss")),
    SPECS / "losses" / "CosineEmbeddingLoss.toml",
)

test_transforms_conform = conform(
    hookline_transforms,
    one("CenterCrop", size=4),
    one("RandomCrop", size=4),
    one("RandomResizedCrop", size=4),
    one("RandomRotation", degrees=10.0),
)

LINEAR = one("Linear", out_features=6)

test_models_conform = conform(
    hookline_models,
    LINEAR,
    *(one(f"Adaptive{kind}Pool{n}d", output_size=2) for kind in ("Avg", "Max") for n in (1, 2, 3)),
    *(one(f"{kind}Pool{n}d", kernel_size=2) for kind in ("Avg", "Max") for n in (1, 2, 3)),
    *(one(f"LPPool{n}d", kernel_size=2, norm_type=2.0) for n in (1, 2, 3)),
    *(one(f"Conv{kind}{n}d", out_channels=4, kernel_size=3) for kind in ("", "Transpose") for n in (1, 2, 3)),
    *(
        one(f"{kind}Pad{n}d", padding=1)
        for kind in ("Circular", "Reflection", "Replication", "Zero")
        for n in (1, 2, 3)
    ),
    *(one(f"ConstantPad{n}d", padding=1, value=0.5) for n in (1, 2, 3)),
    *(one(kind, num_embeddings=10, embedding_dim=4) for kind in ("Embedding", "EmbeddingBag")),
    *(one(kind, hidden_size=5) for kind in ("GRU", "LSTM", "RNN")),
    *(one(kind, scale_factor=2.0) for kind in ("Upsample", "UpsamplingBilinear2d", "UpsamplingNearest2d")),
    one("MultiheadAttention", num_heads=2),
    one("TransformerEncoderLayer", nhead=2, dim_feedforward=8),
    one("TransformerEncoder", nhead=2, num_layers=2, dim_feedforward=8),
    one("Unfold", kernel_size=2),
    one("GroupNorm", num_groups=2),
    one("LocalResponseNorm", size=2),
    one("Threshold", threshold=0.1, value=0.0),
    SPECS / "losses" / "GaussianNLLLoss.toml",
    one("Fold", kernel_size=2, output_size=(3, 4)),
    one("Parallel", branches=(LINEAR, one("Tanh"))),
    one("Residual", layers=(LINEAR,)),
    one("Repeat", layers=(LINEAR,), times=2),
    one("Sequential", layers=(LINEAR, one("ReLU"))),
    one("Unflatten", dim=1, unflattened_size=(2, 3)),
    one("ChannelShuffle", groups=2),
    one("PixelShuffle", upscale_factor=2),
    one("PixelUnshuffle", downscale_factor=2),
    SPECS / "losses" / "HingeEmbeddingLoss.toml",
    SPECS / "losses" / "TripletMarginWithDistanceLoss.toml",
    paired({"type": "Bilinear", "out_features": 1}),
    paired({"type": "CosineSimilarity"}),
    one("Branches", branches={"input": (LINEAR,)}),
)

test_models_for_tables_conform = conform(
    hookline_tabular,
    one("CategoricalEmbeddings", d_embedding=4),
    one("LinearEmbeddings", d_embedding=4),
    one("FTTransformer", n_blocks=1, d_block=16),
    one("TabM", k=2, d_block=16, num_embeddings=one("PiecewiseLinearEmbeddings", n_bins=4)),
)
