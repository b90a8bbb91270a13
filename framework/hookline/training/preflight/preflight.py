"""The preflight: try a training with two rows, to find errors before anything is written."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline.data.batches import length_of
from hookline.errors.exceptions import HooklineWarning, MismatchError, StageError
from hookline.errors.failures import FAILURES, attributed_to, reason
from hookline.files import plain_name
from hookline.plugins.dispatch.answers import refuse_wrong_loss, wrong_answer
from hookline.plugins.stages import Run
from hookline.runs import devices
from hookline.training.build.build import unchanged_embeddings
from hookline.training.callbacks.monitor import unseen
from hookline.training.preflight.embeddings import refuse_unknown_indices
from hookline.training.preflight.leaks import leaks
from hookline.training.preflight.limits import unused_limits
from hookline.training.preflight.metrics import misleading_metrics, undefined_metrics, unfit_metrics
from hookline.training.preflight.outputs import doubts, naming_outputs, refuse_unfit_outputs

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.data.batches import Batch, Outputs
    from hookline.data.data import Data
    from hookline.spec.training import TrainingSpec


def preflight(run: Run, data: "Data", model: "nn.Module", criterion: "nn.Module", *, is_tried: bool = False) -> None:
    """Call `forward` and `loss` once with two rows, unless it `is_tried`, to find errors before anything is written."""
    batch = data.example.changed(lambda tensor: tensor.clone())  # In-place layers must not modify the example.
    try:
        model.train().eval()
    except NotImplementedError as error:  # For example, a program of `torch.export`.
        raise StageError(
            f"The model cannot be switched between training and evaluation: {error}", ("model",)
        ) from error
    if not is_tried:
        refuse_unknown_indices(run, data, model)
        _try_step(run, data, model, criterion, batch)
    refuse_unfit_splits(run, data, model, batch)
    _refuse_extra_state(model, ("model",))
    _refuse_extra_state(criterion, run.objective.path)
    model.train()


def _try_step(run: Run, data: "Data", model: "nn.Module", criterion: "nn.Module", batch: "Batch") -> None:
    """Compute the outputs, the loss, its gradients and the metrics for a batch, and discard them."""
    import torch

    with torch.no_grad(), devices.forked_generators(run.device), unchanged_embeddings(model), devices.uncompiled():
        # cuDNN has no backward pass for recurrent layers in evaluation mode.
        with torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
            given = run.stages.forward(run=run, model=model, batch=batch)
        refuse_wrong_outputs(run, given, model=model, batch=batch)
        outputs = _detached(given)
        refuse_unfit_outputs(run, outputs, batch, data)
        for doubt in doubts(run, model, outputs, data):
            warnings.warn(doubt, stacklevel=2)
        with naming_outputs(run, outputs), torch.enable_grad(), torch.backends.cudnn.flags(enabled=False):
            value = run.stages.loss(run=run, criterion=criterion, outputs=given, batch=batch)
        refuse_wrong_loss(run, value, criterion=criterion, outputs=outputs, batch=batch)
    _try_gradients(value, model, criterion)
    if unfit := unfit_metrics(run, data, criterion, outputs, batch):
        raise unfit[0]


def _refuse_extra_state(module: "nn.Module", path: tuple[str, ...]) -> None:
    """Raise a `MismatchError` if the state of a module contains anything but tensors, since it could not be saved."""
    import torch

    for name, value in module.state_dict().items():
        if not isinstance(value, torch.Tensor):
            message = (
                f'Its state contains "{plain_name(name)}", which is of type {type(value).__name__}, but only tensors '
                f"can be saved: use a buffer instead of `get_extra_state`."
            )
            raise MismatchError(message, path, id="unsaveable-state")


def _detached(outputs: "Outputs") -> "Outputs":
    """Detach the outputs, as in an evaluation."""
    if isinstance(outputs, Mapping):
        return {name: _detached(output) for name, output in outputs.items()}  # type: ignore[misc]
    return outputs.detach()


def _try_gradients(loss: "Tensor", model: "nn.Module", criterion: "nn.Module") -> None:
    """Compute the gradients of two rows and discard them, since some layers fail only in the backward pass.

    Raises:
        StageError: if they cannot be computed.

    """
    import torch

    trained = [one for part in (model, criterion) for one in part.parameters() if one.requires_grad]
    if not loss.requires_grad or not trained:
        return
    try:
        with torch.backends.cudnn.flags(enabled=False):
            torch.autograd.grad(loss, trained, allow_unused=True)
    except FAILURES as error:
        if isinstance(error, RuntimeError) and "inplace operation" in str(error):
            message = "A layer with `inplace` overwrites what the previous layer needs for its gradient"
            raise MismatchError(f"{message}: remove `inplace`.", ("model",)) from error
        raise StageError(f"The gradients cannot be computed. {reason(error)}", ("model",)) from error


def refuse_wrong_outputs(run: Run, outputs: object, **given: Any) -> None:
    """Raise an error if no loss accepts the answer of the stage `forward`.

    `given` are the arguments of the stage, which is called again to find the plugin with the wrong answer.
    """
    if outputs is None:
        raise MismatchError("The model returns `None`: each `forward` must return its result.", ("model",))
    if not _are_outputs(outputs):
        wanted = "a tensor, or a mapping with tensors by name"
        raise wrong_answer(run, "forward", wanted, outputs, _are_outputs, given)


def _are_outputs(answer: object) -> bool:
    """Whether this is a tensor, or a mapping of tensors by name."""
    import torch

    several = answer.values() if isinstance(answer, Mapping) else [answer]
    return all(isinstance(tensor, (torch.Tensor, Mapping)) for tensor in several)


def refuse_unfit_splits(run: Run, data: "Data", model: "nn.Module", batch: "Batch") -> None:
    """Raise a `MismatchError` for splits with which the model cannot be trained or evaluated as specified.

    `batch` is an example on the device of the model.
    """
    _refuse_single_row(run, data, model, batch)
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


def _refuse_single_row(run: Run, data: "Data", model: "nn.Module", batch: "Batch") -> None:
    """Raise a `MismatchError` if a batch, or a part of one, has a single row and BatchNorm would fail on it."""
    import torch
    from torch.nn.modules.batchnorm import _BatchNorm

    full, parts = run.spec.data.batch_size, run.spec.run.accumulate
    rows_per_epoch = getattr(data.training, "rows_per_epoch", data.training.rows)
    length = length_of(data.training)
    if length is None or not (last := rows_per_epoch - (length - 1) * full) > 0:
        return  # The data source does not know its rows, or chooses the batch sizes itself.
    of_each = [part for rows in {min(full, data.training.rows), min(full, last)} for part in _parts(rows, parts)]
    if min(of_each) > 1 or not any(isinstance(module, _BatchNorm) for module in model.modules()):
        return
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    model.train()
    try:
        with torch.no_grad(), devices.forked_generators(run.device), unchanged_embeddings(model), devices.uncompiled():
            row = batch.slice(0, 1).changed(lambda tensor: tensor.clone())
            run.stages.forward(run=run, model=model, batch=row)
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        what, remedy, path = _single_row_message(run.spec, data.training.rows)
        raise MismatchError(
            f"{what} has only one row, which BatchNorm cannot normalize in training: {remedy}.", path
        ) from None
    finally:
        with torch.no_grad():
            for buffer, value in buffers:
                buffer.copy_(value)
        model.eval()


def _single_row_message(spec: "TrainingSpec", rows: int) -> tuple[str, str, tuple[str, ...]]:
    """Return which batch has one row, the remedy, and the path of the option."""
    if rows == 1:
        return "The training split", "it needs at least two rows", ("data",)
    if spec.data.batch_size == 1:
        return "Each batch", "set `batch_size` to at least 2", ("data", "batch_size")
    if spec.run.accumulate > 1:
        return "A part of a batch", "choose another `batch_size`", ("run", "accumulate")
    return "The last batch of an epoch", "set `drop_last`, or another `batch_size`", ("data",)


def _parts(rows: int, count: int) -> list[int]:
    """The number of rows in each part of a batch."""
    size = -(-rows // count)
    return [min(size, rows - first) for first in range(0, rows, size)]
