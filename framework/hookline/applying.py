"""Applying a model to the inputs of a batch: to its one group, to each of several, or to all of them together."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hookline.data import Batch, Outputs

if TYPE_CHECKING:
    from torch import Tensor, nn


def applied(model: "nn.Module", batch: Batch, wanted: Sequence[str]) -> Outputs:
    """The model's outputs for a batch.

    `wanted` are the arguments of the loss that the model gives. If there are several, such as `anchor`, `positive` and
    `negative`, and the groups of inputs bear these names, the model is applied to each. Otherwise it is given all
    groups at once, in their order.
    """
    if is_applied_to_each(batch, wanted):
        return {name: _outputs(model, [batch.inputs[name]], batch.lengths.get(name)) for name in wanted}
    return _outputs(model, list(batch.inputs.values()), next(iter(batch.lengths.values()), None))


def is_applied_to_each(batch: Batch, wanted: Sequence[str]) -> bool:
    """Whether the model is applied to each group of inputs by itself."""
    return len(wanted) > 1 and set(wanted) == set(batch.inputs)


def _outputs(model: "nn.Module", inputs: "Sequence[Tensor]", lengths: "Tensor | None") -> Any:
    # Only some layers look at lengths; the others take what is padded as it is.
    if lengths is None or not getattr(model, "takes_lengths", False):
        return model(*inputs)
    return model(*inputs, lengths=lengths)
