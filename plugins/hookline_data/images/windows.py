"""Consecutive batches that are processed together: many small tensors would take longer than their contents."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hookline.data import Batch

if TYPE_CHECKING:
    from torch import Tensor

WINDOW = 2**20
"""About how many bytes of images to process at once: little enough for the cache of a processor."""


def windows(batches: Iterator[Batch], row_bytes: int) -> Iterator[list[Batch]]:
    """Yield consecutive batches whose images have about `WINDOW` bytes together, but at least one."""
    waiting: list[Batch] = []
    rows = 0
    for batch in batches:
        waiting.append(batch)
        rows += batch.rows
        if (rows + batch.rows) * row_bytes > WINDOW:
            yield waiting
            waiting, rows = [], 0
    if waiting:
        yield waiting


def together(window: Sequence[Batch], group: str) -> "Tensor":
    """Return the rows of a group of inputs in all batches."""
    import torch

    parts = [batch.inputs[group] for batch in window]
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def apart(rows: "Tensor", window: Sequence[Batch]) -> "Sequence[Tensor]":
    """Return the rows of each batch."""
    return (rows,) if len(window) == 1 else rows.split([batch.rows for batch in window])


def bytes_of_row(rows: "Tensor") -> int:
    """Return how many bytes a row takes."""
    return math.prod(rows.shape[1:]) * rows.element_size()
