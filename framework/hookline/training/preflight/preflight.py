"""The preflight: try a training with two rows, to find errors before anything is written."""

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hookline.errors.exceptions import MismatchError, StageError
from hookline.errors.failures import FAILURES, reason
from hookline.files.weights import plain_name
from hookline.plugins.dispatch.answers import refuse_wrong_loss, wrong_answer
from hookline.plugins.stages import Run
from hookline.runs import devices
from hookline.training.build.build import unchanged_embeddings
from hookline.training.preflight.buffers import unchanged_buffers
from hookline.training.preflight.embeddings import refuse_unknown_indices
from hookline.training.preflight.metrics import unfit_metrics
from hookline.training.preflight.outputs import doubts, naming_outputs, refuse_unfit_outputs
from hookline.training.preflight.unfit_splits import refuse_unfit_splits

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.data.batches import Batch, Outputs
    from hookline.data.data import Data


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
        with unchanged_buffers(model, criterion):
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
