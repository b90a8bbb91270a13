"""The built-in answer of every stage, which is called after the implementations of all other plugins."""

from hookline_stages.beginning import (
    build_model,
    prepare_data,
    select_loss,
    select_optimizer,
)
from hookline_stages.evaluation import evaluate, log, predict
from hookline_stages.fitting import fit
from hookline_stages.inner_loop import backward, forward, loss, step
from hookline_stages.tune_and_deploy import deploy, tune

__all__ = [
    "backward",
    "build_model",
    "deploy",
    "evaluate",
    "fit",
    "forward",
    "log",
    "loss",
    "predict",
    "prepare_data",
    "select_loss",
    "select_optimizer",
    "step",
    "tune",
]
