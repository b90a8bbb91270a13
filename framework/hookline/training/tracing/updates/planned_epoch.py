"""The steps of an epoch that are made in one call, planned once for all further epochs."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hookline.data.kept_rows import KeptRows
from hookline.training.tracing.calls import is_short
from hookline.training.tracing.shapes import shape_of
from hookline.training.tracing.updates.steps import Part, Steps

if TYPE_CHECKING:
    from hookline.data.tensor_batches import TensorBatches


class PlannedEpoch:
    """The steps of an epoch, and memory for their batches. The traces that make the steps must stay the same."""

    def __init__(self, batches: "TensorBatches", parts: Sequence[Part]):
        """Plan epochs like one whose steps have been made in one call.

        Args:
            batches: the training split.
            parts: the parts of that epoch.

        Raises:
            ValueError: If the rows of an epoch cannot be gathered into memory that is kept.

        """
        self._rows = KeptRows(batches)
        kept, planned = self._rows.batches, list[Part]()
        for part in parts:
            start = sum(len(one.batches) for one in planned)
            planned.append(Part(kept[start : start + len(part.batches)], part.shape))
        self._count = sum(len(part.batches) for part in parts)
        shapes, known = ([shape_of(part.batches[0]) for part in several] for several in (planned, parts))
        if len(kept) != self._count or shapes != known:
            raise ValueError("The batches that are kept have other shapes.")
        self._epoch = 0
        # In the same places as in any epoch: the last bits of a product depend on them.
        self._steps = Steps(planned, for_layers=lambda: list(batches.epoch(self._epoch)))

    def is_of(self, batches: "TensorBatches") -> bool:
        """Whether it is for these batches, whose tensors and sizes have not changed since it was made."""
        return self._rows.are_of(batches)

    def is_short(self) -> bool:
        """Whether the steps do not take too long for one call, as far as the last ones say it."""
        shape = self._steps.parts[0].shape
        return shape is None or shape.updates is None or is_short(self._count, shape.updates.seconds)

    def steps(self, epoch: int) -> Steps:
        """Return the steps of an epoch. Those of the epoch before are lost."""
        self._rows.gather(epoch)
        self._epoch = epoch
        return self._steps
