"""Counts of true and predicted classes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from hookline.data import Batch, Data
from hookline.plots import Pair, pairs_of
from hookline.spec import THRESHOLD, Objective, Predicted, Prediction, predicted

if TYPE_CHECKING:
    from torch import Tensor

MOST_CLASSES = 100
"""The maximum number of classes for a matrix: with more, most cells are empty, and too small to be visible."""

MOST_GATHERED = 2**20
"""The number of rows to gather before they are counted, if there are more classes."""

Normalize = Literal["true", "pred", "all"]


class Counts:
    """The counts of true and predicted classes, or of one or several labels."""

    def __init__(
        self, data: Data, objective: Objective, *, target: str | None, threshold: float, ignore_index: int | None
    ):
        """Start without rows. The options are those of `ConfusionMatrix`."""
        self._data, self._threshold, self._ignore_index = data, threshold, ignore_index
        self._key, self._named = objective.key(target), objective.named(target)
        self._counts: Tensor | None = None
        self._gathered: list[Tensor] = []
        self._pairs: tuple[Tensor, Tensor] | None = None
        self.seen: Predicted | None = None
        """The first batch that has been counted, which has the names of the classes."""
        self.is_sparse = False
        """Whether there are too many classes for a matrix."""

    @property
    def is_empty(self) -> bool:
        """Whether no batch has been counted."""
        return self.seen is None

    def add(self, several: Mapping[str, Prediction], batch: Batch) -> None:
        """Count the rows of a batch."""
        import torch

        with torch.no_grad():
            one = predicted(self._named, several[self._key], self._data.targets)
            self.is_sparse = one.kind == "classes" and one.predictions.shape[1] > MOST_CLASSES
            if self.is_sparse:
                self._gathered.append(places_of(one, self._threshold, self._ignore_index)[0])
                if sum(map(len, self._gathered)) > MOST_GATHERED:
                    self._count_pairs()
            else:
                counts = counts_of(one, self._threshold, self._ignore_index)
                self._counts = counts if self._counts is None else self._counts.add_(counts)
        self.seen = self.seen or one

    def _count_pairs(self) -> None:
        """Count the gathered pairs of classes, so that memory grows only with the number of distinct pairs."""
        import torch

        if not self._gathered:
            return
        gathered = torch.cat(self._gathered).cpu()
        known, counts = (gathered[:0], gathered[:0]) if self._pairs is None else self._pairs
        places, which = torch.cat([known, gathered]).unique(return_inverse=True)
        added = torch.cat([counts, torch.ones_like(gathered)])
        self._pairs = places, torch.zeros_like(places).index_add_(0, which, added)
        self._gathered = []

    def pairs(self) -> list[Pair]:
        """Return the pairs of classes that occur, if there are too many classes for a matrix."""
        assert self.seen is not None
        self._count_pairs()
        assert self._pairs is not None
        places, counts = self._pairs
        return pairs_of(places, counts, self.seen.predictions.shape[1])

    def rows(self) -> int:
        """Return the number of rows in each matrix."""
        assert self._counts is not None
        return int(self._counts[0].sum()) if len(self._counts) else 0

    def matrices(self) -> "Tensor":
        """Return the counts of each label, or of the classes: `(matrices, true, predicted)`."""
        assert self._counts is not None
        return self._counts.cpu()


def counts_of(one: Predicted, threshold: float = THRESHOLD, ignore_index: int | None = None) -> "Tensor":
    """Return the confusion matrix of the classes, int64 `(1, classes, classes)`, or of each label, `(labels, 2, 2)`."""
    import torch

    places, columns, count = places_of(one, threshold, ignore_index)
    return torch.bincount(places, minlength=columns * count * count).reshape(columns, count, count)


def places_of(one: Predicted, threshold: float, ignore_index: int | None) -> "tuple[Tensor, int, int]":
    """Return the flat index of each row in the matrices, int64, the number of matrices, and the size of each."""
    import torch

    if one.kind == "classes":
        # Rows may have several positions, `(N, classes, …)`; each of them counts.
        chosen, truth = one.predictions.argmax(dim=1).reshape(-1, 1), one.truth.reshape(-1, 1)
        count = one.predictions.shape[1]
        ignore_index = one.loss.ignored_class if ignore_index is None else ignore_index
    else:
        chosen, truth = one.is_yes(threshold).long(), one.is_true().long()
        count = 2
    columns = chosen.shape[1]
    places = (torch.arange(columns, device=chosen.device) * count + truth) * count + chosen
    if ignore_index is not None:
        places = places[truth != ignore_index]
    return places.flatten(), columns, count


def normalized(counts: "Tensor", normalize: Normalize) -> "Tensor":
    """Return the counts of each matrix normalized like in torchmetrics, with 0 where the divisor is 0."""
    dimensions = {"true": (-1,), "pred": (-2,), "all": (-2, -1)}[normalize]
    numbers = counts.float()
    return (numbers / numbers.sum(dim=dimensions, keepdim=True)).nan_to_num(0.0)
