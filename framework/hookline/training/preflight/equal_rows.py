"""Find rows that are in the training split and in another one, by hashes of their bits."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hookline.errors.exceptions import HooklineWarning
from hookline.errors.text import counted

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.data.batches import Batch
    from hookline.data.data import Data
    from hookline.plugins.stages import Run

BLOCK = 2**18
"""The number of numbers to hash at once."""
LEAST_EQUAL = 2
"""The number of equal rows from which there is a warning: a single one may be a coincidence."""


def equal_rows(run: "Run", data: "Data", held: "Mapping[str, Batch]") -> Iterator[HooklineWarning]:
    """Yield a warning for each split with rows that the training split contains, too."""
    others = [split for split in held if split != "training"]
    if not others or any(_shapes(held[split]) != _shapes(held["training"]) for split in others):
        return
    for split, pairs in data.once(equal_rows, lambda: _pairs_by_split(held, others)).items():
        if pairs is None or pairs[0] < LEAST_EQUAL:
            continue
        number, first, second = pairs
        places = f"row {second + 1:,} of the {split} split and row {first + 1:,} of the training split are equal"
        if (numbers := data.row_numbers) is not None and split in numbers and "training" in numbers:
            second, first = int(numbers[split][second]), int(numbers["training"][first])
            places = f"row {second + 1:,} of the data for {split} equals row {first + 1:,} of the data for training"
        message = (
            f"{number:,} of the {counted(held[split].rows, 'row')} of the {split} split "
            f"{'is' if number == 1 else 'are'} in the training split, too, with equal targets and equal inputs to the "
            f"model ({places}). "
            "If rows are repeated by mistake, metrics will be too good: remove the copies, or keep them in one split."
        )
        own = ("data", split) if getattr(run.spec.data, split, None) else ("data",)
        yield HooklineWarning(message, own, id="leaked-rows")


def _shapes(rows: "Batch") -> list[Any]:
    return [(tuple(tensor.shape[1:]), tensor.dtype) for tensor in tensors_of(rows)]


def _pairs_by_split(held: "Mapping[str, Batch]", splits: Sequence[str]) -> dict[str, tuple[int, int, int] | None]:
    """For each split, what `_pairs` returns."""
    known = _hashes(held["training"]).sort(stable=True)
    return {split: _pairs(held, known.values, known.indices, split) for split in splits}


def _pairs(held: "Mapping[str, Batch]", known: "Tensor", places: "Tensor", split: str) -> tuple[int, int, int] | None:
    """Return how many rows of a split the training split contains, and the first equal row there and here."""
    import torch

    hashes = _hashes(held[split])
    found = torch.searchsorted(known, hashes).clamp(max=len(known) - 1)
    (rows,) = torch.where(known[found] == hashes)
    candidates = places[found[rows]]
    is_equal = torch.ones(len(rows), dtype=torch.bool, device=rows.device)
    for one, other in zip(tensors_of(held["training"]), tensors_of(held[split]), strict=True):
        equal = one[candidates] == other[rows]
        is_equal &= equal.flatten(1).all(dim=1) if equal.dim() > 1 else equal
    number = int(is_equal.sum())
    return (number, int(candidates[is_equal][0]), int(rows[is_equal][0])) if number else None


def _hashes(rows: "Batch") -> "Tensor":
    """Return a 64-bit hash of each row: the sum of its bit patterns, each times a random odd number."""
    import torch

    tensors = tensors_of(rows)
    hashes = torch.zeros(rows.rows, dtype=torch.int64, device=tensors[0].device)
    generator = torch.Generator().manual_seed(0)
    for tensor in tensors:
        flat = tensor.reshape(rows.rows, -1)
        size = max(1, BLOCK // max(1, flat.shape[1]))
        factors = None
        for first in range(0, rows.rows, size):
            bits = _bits(flat[first : first + size])
            if factors is None:
                factors = torch.randint(-(2**62), 2**62, (bits.shape[1],), generator=generator) * 2 + 1
                factors = factors.to(tensor.device)
            mixed = bits * factors
            hashes[first : first + size] += (mixed ^ (mixed >> 29)).sum(dim=1)
    return hashes


def _bits(part: "Tensor") -> "Tensor":
    """Return the bit patterns of some rows as int64, two numbers of 32 bits at a time if possible."""
    import torch

    if part.is_floating_point():
        part = part + 0.0  # -0.0 equals 0.0.
    size = part.element_size()
    if size == 8 or (size == 4 and part.shape[1] % 2 == 0):
        return part.contiguous().view(torch.int64)
    if part.dtype == torch.bool:
        return part.long()
    return part.contiguous().view({4: torch.int32, 2: torch.int16, 1: torch.int8}[size]).long()


def tensors_of(rows: "Batch") -> "list[Tensor]":
    """The inputs, lengths and targets of some rows."""
    return [*rows.inputs.values(), *rows.lengths.values(), *rows.targets.values()]
