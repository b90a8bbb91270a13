"""Several steps with the updates of the parameters, in one call."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from hookline.training.tracing.traced_step import tensors_of
from hookline.training.tracing.updates.update import TracedUpdates

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from hookline.data.batches import Batch


class StepsInCall:
    """Steps that are made in one call: what their programs take, besides the values of options."""

    def __init__(self, parts: "Sequence[tuple[TracedUpdates, Sequence[Batch]]]", dtype: "torch.dtype"):
        """Take the batches.

        Args:
            parts: the traces of shapes, each of which can precede the next, and their batches.
            dtype: the type of the losses.

        """
        self.updates = [updates for updates, _ in parts]
        self._columns = [[*map(list, zip(*map(tensors_of, batches), strict=True))] for _, batches in parts]
        self._counts = [len(batches) for _, batches in parts]
        self.count = sum(self._counts)
        """The number of steps."""
        self.scalars = [updates.scalars(len(batches), dtype) for updates, batches in parts]
        """The losses and terms of each part, until the next call."""
        self._changed = [
            tensor
            for updates, columns in zip(self.updates, self._columns, strict=True)
            for index in updates.step.changed_of_batch
            for tensor in columns[index]
        ]

    def make(self, options: Sequence[Sequence[float]]) -> None:
        """Make a step for each batch, and store the gradients of the last one. If a program fails, all is as before.

        Args:
            options: the values in each step of each option.

        """
        gradients = self.updates[0].beginning.undone_if_it_fails(self._made, [options], self._changed)
        self.updates[-1].keep_gradients(gradients)

    def _made(self, options: Sequence[Sequence[float]]) -> "Sequence[Tensor]":
        start = 0
        gradients: Sequence[Tensor] = ()
        parts = zip(self.updates, self._counts, self._columns, self.scalars, strict=True)
        for updates, count, columns, scalars in parts:
            of_part = [values[start : start + count] for values in options]
            gradients = updates.run(columns, of_part, scalars)
            start += count
        for counter in self.updates[0].counters:
            self.updates[0].beginning.assign(counter.others, counter.first)
        return gradients
