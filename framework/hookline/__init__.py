"""Hookline trains PyTorch models from a TOML file.

>>> import hookline
>>> spec = hookline.load("specs/iris.toml")
>>> spec.run.name
'iris'
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hookline.applying import applied, is_applied_to_each
    from hookline.around import after, before
    from hookline.building import apply_module, build_and_apply, unchanged_embeddings
    from hookline.catalog import Components
    from hookline.csv_format import (
        MOST_CELL_LINES,
        WRITTEN_FALSE,
        WRITTEN_NOT_FINITE,
        WRITTEN_NUMBER,
        WRITTEN_TRUE,
    )
    from hookline.curves import draw_curves
    from hookline.data import Batch, Batches, Data, Outputs, TensorBatches, gathered, permutation
    from hookline.encodings.base import MISSING_MARKS, Columns, Encoding, Target
    from hookline.encodings.classes import Classes, ClassesOrDistribution, Distribution
    from hookline.encodings.labels import Labels, Probabilities, Signs
    from hookline.encodings.numbers import Numbers
    from hookline.encodings.sequences import Sequences
    from hookline.errors import (
        DataError,
        HooklineError,
        HooklineWarning,
        LockError,
        MisfitError,
        OptionError,
        PluginError,
        Problem,
        SpecError,
        StageError,
        TrainingError,
    )
    from hookline.files import GrowingFile, OptionalFiles, replaced, write_file, write_weights
    from hookline.gradients import gradients_of
    from hookline.loading import load
    from hookline.loop import train_epochs
    from hookline.loss_spec import Activation, DividedBy, LossSpec, Predicts
    from hookline.losses import MeanLoss, PartLosses
    from hookline.memory import in_memory, target_encodings
    from hookline.metric_spec import MetricSpec
    from hookline.monitoring import check_logged, check_monitor, check_monitored, monitored, selected_numbers
    from hookline.numerics import in_float64, log_odds
    from hookline.optimizer_spec import OptimizerSpec
    from hookline.options import Bounds, Spec, option, spec
    from hookline.parameters import (
        NamedParameter,
        ParameterGroup,
        ParameterSelection,
        divided,
        named_parameters,
        plainly_named,
    )
    from hookline.pictures import new_figure, picture_text, write_picture
    from hookline.pipeline import Interrupted, train
    from hookline.precision import merged_columns
    from hookline.printing import printable, printable_lines, tell
    from hookline.run import Run
    from hookline.scheduling import Schedule, SchedulerSpec
    from hookline.specs import (
        CallbackSpec,
        DataSpec,
        DeploySpec,
        DistanceSpec,
        InitializationSpec,
        LayerSpec,
        ModelSpec,
        WrapperSpec,
    )
    from hookline.stages import hookimpl
    from hookline.training_spec import RunSpec, TrainingSpec
    from hookline.trial import Trial
    from hookline.weights import Weights
    from hookline.wording import counted, did_you_mean, enumerate_names, nearest, quoted_cell, shortened
    from hookline.writing import dumps, plain, to_json

_HOMES = {
    "applying": ("applied", "is_applied_to_each"),
    "around": ("after", "before"),
    "building": ("apply_module", "build_and_apply", "unchanged_embeddings"),
    "catalog": ("Components",),
    "csv_format": (
        "MOST_CELL_LINES",
        "WRITTEN_FALSE",
        "WRITTEN_NOT_FINITE",
        "WRITTEN_NUMBER",
        "WRITTEN_TRUE",
    ),
    "curves": ("draw_curves",),
    "data": ("Batch", "Batches", "Data", "Outputs", "TensorBatches", "gathered", "permutation"),
    "encodings.base": ("MISSING_MARKS", "Columns", "Encoding", "Target"),
    "encodings.classes": ("Classes", "ClassesOrDistribution", "Distribution"),
    "encodings.labels": ("Labels", "Probabilities", "Signs"),
    "encodings.numbers": ("Numbers",),
    "encodings.sequences": ("Sequences",),
    "errors": (
        "DataError",
        "HooklineError",
        "HooklineWarning",
        "LockError",
        "MisfitError",
        "OptionError",
        "PluginError",
        "Problem",
        "SpecError",
        "StageError",
        "TrainingError",
    ),
    "files": ("GrowingFile", "OptionalFiles", "replaced", "write_file", "write_weights"),
    "gradients": ("gradients_of",),
    "memory": ("in_memory", "target_encodings"),
    "loading": ("load",),
    "loop": ("train_epochs",),
    "loss_spec": ("Activation", "DividedBy", "LossSpec", "Predicts"),
    "losses": ("MeanLoss", "PartLosses"),
    "metric_spec": ("MetricSpec",),
    "monitoring": ("check_logged", "check_monitor", "check_monitored", "monitored", "selected_numbers"),
    "numerics": ("in_float64", "log_odds"),
    "optimizer_spec": ("OptimizerSpec",),
    "options": ("Bounds", "Spec", "option", "spec"),
    "parameters": (
        "NamedParameter",
        "ParameterGroup",
        "ParameterSelection",
        "divided",
        "named_parameters",
        "plainly_named",
    ),
    "pictures": ("new_figure", "picture_text", "write_picture"),
    "pipeline": ("Interrupted", "train"),
    "printing": ("printable", "printable_lines", "tell"),
    "precision": ("merged_columns",),
    "run": ("Run",),
    "scheduling": ("Schedule", "SchedulerSpec"),
    "specs": (
        "CallbackSpec",
        "DataSpec",
        "DeploySpec",
        "DistanceSpec",
        "InitializationSpec",
        "LayerSpec",
        "ModelSpec",
        "WrapperSpec",
    ),
    "stages": ("hookimpl",),
    "training_spec": ("RunSpec", "TrainingSpec"),
    "trial": ("Trial",),
    "weights": ("Weights",),
    "wording": ("counted", "did_you_mean", "enumerate_names", "nearest", "quoted_cell", "shortened"),
    "writing": ("dumps", "plain", "to_json"),
}
"""Where the public names are defined. A module is imported when one of its names is first used: `hookline --help`
and an error in a spec do not wait for the rest."""

_HOME = {name: module for module, names in _HOMES.items() for name in names}
__all__ = [
    "MISSING_MARKS",
    "MOST_CELL_LINES",
    "WRITTEN_FALSE",
    "WRITTEN_NOT_FINITE",
    "WRITTEN_NUMBER",
    "WRITTEN_TRUE",
    "Activation",
    "Batch",
    "Batches",
    "Bounds",
    "CallbackSpec",
    "Classes",
    "ClassesOrDistribution",
    "Columns",
    "Components",
    "Data",
    "DataError",
    "DataSpec",
    "DeploySpec",
    "DistanceSpec",
    "Distribution",
    "DividedBy",
    "Encoding",
    "GrowingFile",
    "HooklineError",
    "HooklineWarning",
    "InitializationSpec",
    "Interrupted",
    "Labels",
    "LayerSpec",
    "LockError",
    "LossSpec",
    "MeanLoss",
    "MetricSpec",
    "MisfitError",
    "ModelSpec",
    "NamedParameter",
    "Numbers",
    "OptimizerSpec",
    "OptionError",
    "OptionalFiles",
    "Outputs",
    "ParameterGroup",
    "ParameterSelection",
    "PartLosses",
    "PluginError",
    "Predicts",
    "Probabilities",
    "Problem",
    "Run",
    "RunSpec",
    "Schedule",
    "SchedulerSpec",
    "Sequences",
    "Signs",
    "Spec",
    "SpecError",
    "StageError",
    "Target",
    "TensorBatches",
    "TrainingError",
    "TrainingSpec",
    "Trial",
    "Weights",
    "WrapperSpec",
    "after",
    "applied",
    "apply_module",
    "before",
    "build_and_apply",
    "check_logged",
    "check_monitor",
    "check_monitored",
    "counted",
    "did_you_mean",
    "divided",
    "draw_curves",
    "dumps",
    "enumerate_names",
    "gathered",
    "gradients_of",
    "hookimpl",
    "in_float64",
    "in_memory",
    "is_applied_to_each",
    "load",
    "log_odds",
    "merged_columns",
    "monitored",
    "named_parameters",
    "nearest",
    "new_figure",
    "option",
    "permutation",
    "picture_text",
    "plain",
    "plainly_named",
    "printable",
    "printable_lines",
    "quoted_cell",
    "replaced",
    "selected_numbers",
    "shortened",
    "spec",
    "target_encodings",
    "tell",
    "to_json",
    "train",
    "train_epochs",
    "unchanged_embeddings",
    "write_file",
    "write_picture",
    "write_weights",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """A public name, from the module that defines it."""
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(importlib.import_module(f"hookline.{_HOME[name]}"), name)
        return value

    def __dir__() -> list[str]:
        """The public names, imported or not."""
        return list(__all__)
