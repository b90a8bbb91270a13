"""Predict the rows of a batch with the stages of a run, and return the predictions as columns of a table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.data.batches import Batch
from hookline.data.description import DataDescription
from hookline.data.new_rows import RowBlock
from hookline.plugins.stages import Run
from hookline.spec.objective.predicted import Predicted, join_predicted, predicted
from hookline.spec.objective.prediction_columns import (
    PredictionColumn,
    columns_of_values,
    default_parts,
    offered_parts,
)
from hookline.spec.objective.prediction_values import PARTS, Part, PredictedValues, values_of_part

if TYPE_CHECKING:
    from torch import nn


def predicted_batch(
    run: Run,
    model: "nn.Module",
    criterion: "nn.Module",
    description: DataDescription,
    batch: Batch,
    *,
    batch_size: int,
    with_truth: bool = False,
) -> dict[str, Predicted]:
    """Apply the model to the rows of a batch in parts, and return the predictions of each loss, on the CPU."""
    import torch

    # A copy, since a layer with `inplace` overwrites its input, which may be memory of the caller.
    whole = batch.changed(lambda tensor: tensor.to(run.device, copy=True))
    rows = whole.rows
    several = [whole] if rows <= batch_size else [whole.slice(at, at + batch_size) for at in range(0, rows, batch_size)]
    with torch.no_grad():
        found = [predicted_outputs(run, model, criterion, description, part, with_truth=with_truth) for part in several]
        return {key: join_predicted([several[key] for several in found]).cpu() for key in found[0]}


def predicted_outputs(
    run: Run,
    model: "nn.Module",
    criterion: "nn.Module",
    description: DataDescription,
    batch: Batch,
    *,
    with_truth: bool = False,
) -> dict[str, Predicted]:
    """Apply the model to a batch on its device, and return the predictions of each loss with the model's outputs."""
    objective = run.objective
    outputs = run.stages.forward(run=run, model=model, batch=batch)
    several = run.stages.predict(run=run, criterion=criterion, outputs=outputs, batch=batch)
    return {
        key: predicted(
            named,
            several[key],
            description.targets,
            with_truth=with_truth,
            with_outputs=True,
            are_single=batch.inputs.keys() != description.inputs.keys(),
        )
        for key, named in zip(objective.prediction_keys(), objective.losses.values(), strict=True)
    }


def columns_of(several: Mapping[str, Predicted], parts: Sequence[Part] = ()) -> list[PredictionColumn]:
    """Return the columns of predictions: one part after the other, and in it one target after the other.

    Args:
        several: the predictions by target.
        parts: the parts; those that a loss does not offer are left out. Default: see `default_parts`.

    """
    found: dict[str, PredictionColumn] = {}
    for target, values in values_of(several, parts):
        for column in columns_of_values(values, target):
            found.setdefault(column.name, column)
    return list(found.values())


def values_of(several: Mapping[str, Predicted], parts: Sequence[Part] = ()) -> Iterator[tuple[str, PredictedValues]]:
    """Yield the values of predictions in the order of `columns_of`, each with its target if there are several."""
    wanted = {key: offered_parts(one) if parts else default_parts(one) for key, one in several.items()}
    for part in parts or PARTS:
        for key, one in several.items():
            if part in wanted[key]:
                for values in values_of_part(one, part):
                    yield key if len(several) > 1 else "", values


def spread(found: Mapping[str, Any], block: RowBlock) -> Mapping[str, Any]:
    """Return columns of the readable rows of a block as columns of all its rows, null for the others."""
    import numpy
    import pyarrow

    if block.is_readable is None:
        return found
    # The place of each row among the readable ones; null for the others.
    places = numpy.cumsum(block.is_readable) - 1
    taken = pyarrow.array(places, mask=~block.is_readable)
    return {name: values.take(taken) for name, values in found.items()}
