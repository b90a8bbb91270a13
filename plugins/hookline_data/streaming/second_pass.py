"""The second pass over the files: prepare all rows as the training will, and find what cannot be used."""

import hashlib
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from hookline.data import Batch, Encoding, Target, counts_of
from hookline_data.streaming.pool import bytes_of, tensors_of, together
from hookline_data.streaming.preparing import Preparing
from hookline_data.streaming.source import Source

if TYPE_CHECKING:
    import torch
    from torch import Tensor

MOST_HELD = 256 * 2**20
"""The largest number of bytes of the rows of a validation or test split that are kept in memory."""


class PreparedSplit:
    """What is found out about a split while its rows are prepared in the order of the files."""

    def __init__(self, dtype: "torch.dtype", *, may_be_held: bool):
        """Begin without rows. `may_be_held` says whether to keep all of them, if they are few."""
        self.longest: dict[str, int] = {}
        """The length of the longest row of each group of sequences."""
        self.example: Batch | None = None
        """The first two rows."""
        self.extremes: Batch | None = None
        """The rows with the smallest and the greatest integers among the inputs."""
        self._dtype = dtype
        self._held: list[Batch] | None = [] if may_be_held else None
        self._bytes = self.rows = 0
        self._digest = hashlib.sha256()

    @property
    def fingerprint(self) -> str:
        """The fingerprint of all rows."""
        return self._digest.hexdigest()

    @property
    def held(self) -> Batch | None:
        """All rows, if they are kept."""
        return None if self._held is None else together(self._held, self._dtype)

    def add(self, batch: Batch) -> None:
        """Take more rows."""
        import torch

        self.rows += batch.rows
        for key, tensor in tensors_of(batch):
            self._digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)};".encode())
            self._digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
        for name, lengths in batch.lengths.items():
            self.longest[name] = max(self.longest.get(name, 1), int(lengths.max()))
        if self.example is None or self.example.rows < 2:
            first = [] if self.example is None else [self.example]
            self.example = together([*first, batch.slice(0, 2)], self._dtype).slice(0, 2)
        self._bytes += bytes_of(batch)
        if self._held is not None:
            self._held = [*self._held, batch] if self._bytes <= MOST_HELD else None
        self._find_extremes(batch)

    def _find_extremes(self, batch: Batch) -> None:
        import torch

        if all(tensor.is_floating_point() for tensor in batch.inputs.values()):
            return
        known = [] if self.extremes is None else [self.extremes]
        rows = torch.cat(_extreme_rows(batch)).unique()
        candidates = together([*known, batch.changed(lambda tensor: tensor[rows])], self._dtype)
        best = torch.cat(_extreme_rows(candidates)).unique()
        self.extremes = candidates.changed(lambda tensor: tensor[best])


def _extreme_rows(batch: Batch) -> "list[Tensor]":
    """Return the rows with the smallest and the greatest integer at each place."""
    integers = [tensor.flatten(1) for tensor in batch.inputs.values() if not tensor.is_floating_point()]
    return [rows for tensor in integers for rows in (tensor.argmin(0), tensor.argmax(0))]


class Counting:
    """Counts the classes of the training rows."""

    def __init__(self, known: Mapping[str, Target], encodings: Mapping[str, Encoding]):
        """Take what is known about the targets."""
        self._encodings = encodings
        self._known = known
        self._counts: dict[str, tuple[int, ...] | None] = {}

    def add(self, batch: Batch) -> None:
        """Take more training rows."""
        for name, tensor in batch.targets.items():
            found = counts_of(self._encodings[name], tensor, self._known[name])
            before = self._counts.get(name, (0,) * len(found or ()))
            known = None if found is None or before is None else zip(found, before, strict=True)
            self._counts[name] = None if known is None else tuple(map(sum, known))

    def counts(self, target: str) -> tuple[int, ...] | None:
        """Return how many training rows have each class of a target; `None` if it has none."""
        return self._counts.get(target)


def prepare_all(
    preparing: Preparing, sources: Mapping[Source, Collection[str]], counting: Counting, dtype: "torch.dtype"
) -> dict[str, PreparedSplit]:
    """Prepare all rows of these splits of the sources once.

    Raises:
        DataError: If a cell cannot be used; the message contains row and column.

    """
    found: dict[str, PreparedSplit] = {}
    for source, splits in sources.items():
        for split in splits:
            found[split] = PreparedSplit(dtype, may_be_held=split != "training")
        for split, batch in preparing.batches(source, source.parts, splits):
            found[split].add(batch)
            if split == "training":
                counting.add(batch)
    return found
