"""Refuse batches with a single row for models with BatchNorm, which cannot normalize it in training."""

from typing import TYPE_CHECKING

from hookline.data.batches import length_of
from hookline.errors.exceptions import MismatchError
from hookline.plugins.stages import Run
from hookline.runs import devices
from hookline.training.build.build import unchanged_embeddings
from hookline.training.preflight.buffers import unchanged_buffers

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.batches import Batch
    from hookline.data.data import Data
    from hookline.spec.training import TrainingSpec


def refuse_single_row(run: Run, data: "Data", model: "nn.Module", batch: "Batch") -> None:
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
    model.train()
    try:
        with (
            torch.no_grad(),
            devices.forked_generators(run.device),
            unchanged_embeddings(model),
            unchanged_buffers(model),
            devices.uncompiled(),
        ):
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
