"""Hookline trains PyTorch models from a TOML file.

>>> import hookline
>>> spec = hookline.load("specs/iris.toml")
>>> spec.run.name
'iris'
"""

from hookline.building import build_and_apply
from hookline.data import Batch, Batches, Data, Target, TensorBatches, permutation
from hookline.errors import (
    DataError,
    HooklineError,
    MisfitError,
    OptionError,
    PluginError,
    Problem,
    SpecError,
    StageError,
    TrainingError,
    did_you_mean,
    enumerate_names,
)
from hookline.loading import load
from hookline.losses import MeanLoss
from hookline.options import Bounds, option, spec
from hookline.pipeline import Interrupted, train
from hookline.run import Run
from hookline.specs import (
    Activation,
    CallbackSpec,
    DataSpec,
    DeploySpec,
    LayerSpec,
    LossSpec,
    MetricSpec,
    ModelSpec,
    OptimizerSpec,
    Spec,
)
from hookline.stages import hookimpl
from hookline.training_spec import RunSpec, TrainingSpec
from hookline.trial import Trial
from hookline.writing import dumps, plain, to_json

__all__ = [
    "Activation",
    "Batch",
    "Batches",
    "Bounds",
    "CallbackSpec",
    "Data",
    "DataError",
    "DataSpec",
    "DeploySpec",
    "HooklineError",
    "Interrupted",
    "LayerSpec",
    "LossSpec",
    "MeanLoss",
    "MetricSpec",
    "MisfitError",
    "ModelSpec",
    "OptimizerSpec",
    "OptionError",
    "PluginError",
    "Problem",
    "Run",
    "RunSpec",
    "Spec",
    "SpecError",
    "StageError",
    "Target",
    "TensorBatches",
    "TrainingError",
    "TrainingSpec",
    "Trial",
    "build_and_apply",
    "did_you_mean",
    "dumps",
    "enumerate_names",
    "hookimpl",
    "load",
    "option",
    "permutation",
    "plain",
    "spec",
    "to_json",
    "train",
]
