"""The rehearsal: a training is tried with two rows, so that what does not fit is told before anything is written."""

import warnings
from typing import TYPE_CHECKING

from hookline import devices
from hookline.building import unchanged_embeddings
from hookline.errors import HooklineWarning, MisfitError, StageError
from hookline.products import shown
from hookline.run import Run

if TYPE_CHECKING:
    from torch import nn

    from hookline.data import Data


def rehearse(run: Run, data: "Data", model: "nn.Module", criterion: "nn.Module") -> None:
    """Ask `forward` and `loss` once with two rows, so that what does not fit is told before anything is written."""
    import torch

    batch = data.example.changed(lambda tensor: tensor.clone())  # A layer that works in place is to have a copy.
    model.eval()
    with torch.no_grad(), devices.forked_generators(run.device), unchanged_embeddings(model):
        outputs = run.stages.forward(run=run, model=model, batch=batch)
        try:
            run.spec.loss.check(outputs, batch, data)
        except ValueError as error:
            raise MisfitError(str(error), ("loss",)) from None
        for doubt in run.spec.loss.doubts(model, outputs):
            warnings.warn(f"loss: {doubt}", HooklineWarning, stacklevel=2)
        value = run.stages.loss(run=run, criterion=criterion, outputs=outputs, batch=batch)
    if not isinstance(value, torch.Tensor) or value.dim() != 0:
        raise StageError(f'The stage "loss" must be answered with a scalar tensor, and it is {shown(value)}.')
    refuse_unfit_splits(run, data, model)
    model.train()


def refuse_unfit_splits(run: Run, data: "Data", model: "nn.Module") -> None:
    """Raise a `MisfitError` for data whose splits cannot be trained with, or judged by, as the spec says."""
    _refuse_lonely_row(run, data, model)
    if run.spec.metrics and data.validation is None and data.test is None:
        raise MisfitError("The data has neither a validation nor a test split that they could judge.", ("metrics",))


def _refuse_lonely_row(run: Run, data: "Data", model: "nn.Module") -> None:
    """Refuse a last batch of one row where BatchNorm1d would fail on it, at the end of the first epoch."""
    from torch import nn

    full = run.spec.data.batch_size
    is_lonely = data.training.rows == (len(data.training) - 1) * full + 1
    rows_are_flat = all(rows.dim() == 2 for rows in data.example.inputs.values())
    if is_lonely and rows_are_flat and any(isinstance(module, nn.BatchNorm1d) for module in model.modules()):
        raise MisfitError(
            "The last batch of an epoch has one row, with which BatchNorm1d cannot be trained: set `drop_last`, or "
            "another `batch_size`.",
            ("data",),
        )
