"""Steps that are made together."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from hookline.training.tracing.shapes import OfShape
from hookline.training.tracing.updates.steps_in_call import StepsInCall

if TYPE_CHECKING:
    import torch

    from hookline.data.batches import Batch


class Part(NamedTuple):
    """Steps of one shape that follow one another: several that are made in one call, or only one."""

    batches: "Sequence[Batch]"
    shape: OfShape | None
    """What is known about the shape of the batches; `None` if the layers make the step, or something observes it."""


class Steps:
    """Steps that are made together: those of one shape, and the last one of an epoch, whose batch may be smaller."""

    def __init__(self, parts: Sequence[Part], *, are_kept: bool = False):
        """Take the parts.

        Args:
            parts: the parts.
            are_kept: whether the memory of the batches is used again in the next epoch, so that layers must not get it.

        """
        self.parts, self._are_kept = parts, are_kept
        self._call: StepsInCall | None = None

    @property
    def batches(self) -> "list[Batch]":
        """Their batches, for the layers."""
        batches = [batch for part in self.parts for batch in part.batches]
        return [batch.changed(lambda tensor: tensor.clone()) for batch in batches] if self._are_kept else batches

    def call(self, dtype: "torch.dtype") -> StepsInCall:
        """Return the call that makes all of them, with losses of this type. Each part has a trace of the updates."""
        if self._call is None:
            parts = [(part.shape.updates, part.batches) for part in self.parts if part.shape and part.shape.updates]
            self._call = StepsInCall(parts, dtype)
        return self._call
