"""Steps that are made together."""

from collections.abc import Callable, Sequence
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

    def __init__(self, parts: Sequence[Part], *, for_layers: "Callable[[], list[Batch]] | None" = None):
        """Take the parts.

        Args:
            parts: the parts.
            for_layers: returns the same batches in other memory, if theirs is used again in the next epoch: layers may
                keep a tensor, or overwrite it.

        """
        self.parts, self._for_layers = parts, for_layers
        self._call: StepsInCall | None = None

    @property
    def batches(self) -> "list[Batch]":
        """Their batches, for the layers."""
        if self._for_layers is not None:
            return self._for_layers()
        return [batch for part in self.parts for batch in part.batches]

    def call(self, dtype: "torch.dtype") -> StepsInCall:
        """Return the call that makes all of them, with losses of this type. Each part has a trace of the updates."""
        if self._call is None:
            parts = [(part.shape.updates, part.batches) for part in self.parts if part.shape and part.shape.updates]
            self._call = StepsInCall(parts, dtype)
        return self._call
