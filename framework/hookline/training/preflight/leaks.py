"""Warn about leaks: rows that are in two splits, and inputs that equal the target."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hookline.errors.exceptions import HooklineWarning
from hookline.training.preflight.equal_rows import equal_rows, tensors_of
from hookline.training.preflight.leaked_targets import leaked_targets

if TYPE_CHECKING:
    from hookline.data.batches import Batch
    from hookline.data.data import Data
    from hookline.plugins.stages import Run

MOST_NUMBERS = 2**28
"""The largest number of inputs and targets to compare; more would take seconds."""


def leaks(run: "Run", data: "Data") -> Iterator[HooklineWarning]:
    """Yield a warning for each leak in splits that are in memory, each at the option that it concerns.

    Data with more than `MOST_NUMBERS` numbers is skipped.
    """
    held = {split: rows for split, rows in _held(data).items() if rows.targets}
    if not held or sum(map(_size, held.values())) > MOST_NUMBERS:
        return
    if "training" in held:
        yield from equal_rows(run, data, held)
        for name, known in data.targets.items():
            yield from leaked_targets(run, data, held["training"], name, known)


def _held(data: "Data") -> "dict[str, Batch]":
    """The splits that are in memory with a target for each row."""
    held: dict[str, Batch] = {}
    for split, batches in data.splits().items():
        rows = getattr(batches, "all", None)
        if rows is not None and len({len(tensor) for tensor in tensors_of(rows)}) == 1:
            held[split] = rows
    return held


def _size(rows: "Batch") -> int:
    return sum(tensor.numel() for tensor in tensors_of(rows))
