"""Apply a model to a batch: to its only group of inputs, to each of several groups, or to all groups at once."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from hookline.data.batches import Batch, Outputs
from hookline.training.build.build import apply_module

if TYPE_CHECKING:
    from torch import nn


def applied(model: "nn.Module", batch: Batch, wanted: Sequence[str]) -> Outputs:
    """The outputs of the model for a batch.

    Args:
        model: the model.
        batch: the batch.
        wanted: the arguments of the loss that the model computes. If there are several, such as `anchor`, `positive`
            and `negative`, and they are the names of the groups of inputs, the model is applied to each group.
            Otherwise it gets all groups at once, in their order.

    """
    if is_applied_to_each(batch.inputs, wanted):
        return {name: apply_module(model, batch.inputs[name], lengths=batch.lengths.get(name)) for name in wanted}
    return apply_module(model, *batch.inputs.values(), lengths=batch.lengths or None)


def is_applied_to_each(groups: Collection[str], wanted: Sequence[str]) -> bool:
    """Whether the model is applied separately to each group of inputs."""
    return len(wanted) > 1 and set(wanted) == set(groups)
