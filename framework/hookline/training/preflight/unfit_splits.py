"""Refuse splits with which a model cannot be trained or evaluated as specified, and warn about doubtful options."""

import warnings
from typing import TYPE_CHECKING

from hookline.errors.exceptions import HooklineWarning, MismatchError
from hookline.errors.failures import attributed_to
from hookline.plugins.stages import Run
from hookline.training.callbacks.monitor import unseen
from hookline.training.preflight.leaks import leaks
from hookline.training.preflight.limits import unused_limits
from hookline.training.preflight.metrics import misleading_metrics, undefined_metrics
from hookline.training.preflight.single_row import refuse_single_row

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.batches import Batch
    from hookline.data.data import Data


def refuse_unfit_splits(run: Run, data: "Data", model: "nn.Module", batch: "Batch") -> None:
    """Raise a `MismatchError` for splits with which the model cannot be trained or evaluated as specified.

    `batch` is an example on the device of the model.
    """
    refuse_single_row(run, data, model, batch)
    _check_accumulation(run, model)
    _warn_of_redrawn_dropout(run, model)
    for index, message in unseen(run.spec):
        warnings.warn(HooklineWarning(message, ("callbacks", index), id="unseen-number"), stacklevel=2)
    for warning in (*undefined_metrics(run, data), *misleading_metrics(run, data), *leaks(run, data)):
        warnings.warn(warning, stacklevel=2)
    _warn_of_doubts(run, data)
    if run.spec.metrics and data.validation is None and data.test is None:
        raise MismatchError(
            "The data has neither a validation nor a test split for the metrics to evaluate.", ("metrics",)
        )


def _warn_of_doubts(run: Run, data: "Data") -> None:
    """Warn about options of the run, the data, callbacks and schedulers that have no effect in a run of this length."""
    for path, message in unused_limits(run, data):
        warnings.warn(HooklineWarning(message, path, id="no-effect"), stacklevel=3)
    for index, callback in enumerate(run.spec.callbacks):
        with attributed_to(type(callback), ("callbacks", index)):
            doubts = list(callback.doubts(run))
        for doubt in doubts:
            place = ("callbacks", index, *doubt.path)
            warnings.warn(HooklineWarning(str(doubt), place, id="no-effect"), stacklevel=3)


def _check_accumulation(run: Run, model: "nn.Module") -> None:
    """Raise an error for layers whose gradients cannot be accumulated over parts; warn if they are inexact."""
    from torch.nn.modules.batchnorm import _BatchNorm

    if run.spec.run.accumulate == 1:
        return
    for module in model.modules():
        if getattr(module, "scale_grad_by_freq", False):
            name = type(module).__name__
            raise MismatchError(
                f"{name} with `scale_grad_by_freq` counts each index over the whole batch, so gradients cannot be "
                f"accumulated over parts.",
                ("run", "accumulate"),
            )
    if normalizing := next((module for module in model.modules() if isinstance(module, _BatchNorm)), None):
        name = type(normalizing).__name__
        message = (
            f"{name} normalizes each part of a batch separately, so the result differs from that of the whole batch."
        )
        warnings.warn(HooklineWarning(message, ("run", "accumulate"), id="inexact-accumulation"), stacklevel=3)
    for callback in run.spec.callbacks:
        if callback.mixes_rows:
            name = type(callback).__name__
            message = (
                f"{name} mixes each part of a batch separately, so the result differs from that of the whole batch."
            )
            warnings.warn(HooklineWarning(message, ("run", "accumulate"), id="inexact-accumulation"), stacklevel=3)


def _warn_of_redrawn_dropout(run: Run, model: "nn.Module") -> None:
    """Warn about dropout with an optimizer that evaluates the loss several times in a step: each evaluation differs."""
    from torch.nn.modules.dropout import _DropoutNd

    if not run.spec.optimizer.needs_closure:
        return
    if dropping := next((part for part in model.modules() if isinstance(part, _DropoutNd) and part.p), None):
        optimizer, name = type(run.spec.optimizer).__name__, type(dropping).__name__
        message = f"{optimizer} evaluates the loss several times in a step, and {name} changes it each time."
        warnings.warn(HooklineWarning(message, ("optimizer",), id="redrawn-dropout"), stacklevel=3)
