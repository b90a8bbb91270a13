"""Applying a model to the inputs of a batch: to its one group, to each of several, or to all of them together."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from hookline.data.batches import Batch, Outputs
from hookline.training.build import apply_module

if TYPE_CHECKING:
    from torch import nn


def applied(model: "nn.Module", batch: Batch, wanted: Sequence[str]) -> Outputs:
    """The model's outputs for a batch.

    `wanted` are the arguments of the loss that the model gives. If there are several, such as `anchor`, `positive` and
    `negative`, and the groups of inputs bear these names, the model is applied to each. Otherwise it is given all
    groups at once, in their order.
    """
    if is_applied_to_each(batch.inputs, wanted):
        return {name: apply_module(model, batch.inputs[name], lengths=batch.lengths.get(name)) for name in wanted}
    return apply_module(model, *batch.inputs.values(), lengths=next(iter(batch.lengths.values()), None))


def is_applied_to_each(groups: Collection[str], wanted: Sequence[str]) -> bool:
    """Whether the model is applied by itself to each of the groups of inputs that have these names."""
    return len(wanted) > 1 and set(wanted) == set(groups)
