"""Align predicted sequences with the true ones, with as few errors as possible."""

from collections.abc import Iterator
from typing import Any

import numpy
from attrs import frozen
from numpy.typing import NDArray

from hookline.trained.numbers.confusion import Confusion, confusion

NOTHING = -1
"""Stands for the missing symbol of a pair, and pads sequences."""

CELLS = 2**24
"""About how many cells of tables to compute at once."""


@frozen(kw_only=True, eq=False)
class Alignment:
    """The pairs of true and predicted symbols of some sequences. There is one for each symbol or error.

    A pair of two symbols is a match or a substitution. Without a predicted symbol, the true one is missing; without a
    true one, the predicted symbol is extra.
    """

    sequences: int
    """The number of sequences."""
    place: NDArray[Any]
    """The index of the sequence of each pair, int64 `(pairs,)`."""
    truth: NDArray[Any]
    """The true symbol of each pair, or `NOTHING`, int64 `(pairs,)`."""
    predicted: NDArray[Any]
    """The predicted symbol of each pair, or `NOTHING`, int64 `(pairs,)`."""

    @property
    def substituted(self) -> NDArray[Any]:
        """The number of true symbols of each sequence in whose place another one is predicted, int64 `(sequences,)`."""
        both = (self.truth != NOTHING) & (self.predicted != NOTHING)
        return self._counted(both & (self.truth != self.predicted))

    @property
    def missing(self) -> NDArray[Any]:
        """The number of true symbols of each sequence in whose place nothing is predicted, int64 `(sequences,)`."""
        return self._counted(self.predicted == NOTHING)

    @property
    def extra(self) -> NDArray[Any]:
        """The number of predicted symbols of each sequence that have no true one, int64 `(sequences,)`."""
        return self._counted(self.truth == NOTHING)

    @property
    def errors(self) -> NDArray[Any]:
        """The Levenshtein distance of each sequence: the sum of these numbers."""
        return self._counted(self.truth != self.predicted)

    def confusion(self, classes: int) -> Confusion:
        """Count the pairs. The index `classes` stands for nothing, so that there is one class more."""

        def index(symbols: NDArray[Any]) -> NDArray[Any]:
            return numpy.where(symbols == NOTHING, classes, symbols)

        return confusion(index(self.truth), index(self.predicted), classes + 1)

    def _counted(self, pairs: NDArray[Any]) -> NDArray[Any]:
        return numpy.bincount(self.place[pairs], minlength=self.sequences)


def aligned(truth: NDArray[Any], predicted: NDArray[Any]) -> Alignment:
    """Align predicted sequences with the true ones. Of several alignments with as few errors, one is chosen.

    Args:
        truth: the true symbols, `(N, S)`, padded with -1 at the end.
        predicted: the predicted symbols, `(N, P)`, padded in the same way.

    >>> found = aligned(numpy.array([[1, 2, 3], [4, -1, -1]]), numpy.array([[1, 3, -1], [5, 4, -1]]))
    >>> found.errors.tolist(), found.missing.tolist(), found.extra.tolist(), found.substituted.tolist()
    ([1, 1], [1, 0], [0, 1], [0, 0])
    >>> found.confusion(classes=6).most_confused()
    [(2, 6, 1), (6, 5, 1)]

    """
    rows = len(truth)
    truth, predicted = _trimmed(truth), _trimmed(predicted)
    at_once = max(1, CELLS // ((truth.shape[1] + 1) * (predicted.shape[1] + 1)))
    parts: list[tuple[NDArray[Any], ...]] = [
        (place + start, true, other)
        for start in range(0, rows, at_once)
        for place, true, other in _pairs(truth[start : start + at_once], predicted[start : start + at_once])
    ]
    nothing = (numpy.zeros(0, dtype=numpy.int64),) * 3
    place, true, other = (numpy.concatenate(column) for column in zip(nothing, *parts, strict=True))
    return Alignment(sequences=rows, place=place, truth=true, predicted=other)


def _trimmed(sequences: NDArray[Any]) -> NDArray[Any]:
    """Return sequences as int64, without columns that are padding in all of them."""
    longest = int((sequences >= 0).sum(axis=1).max(initial=0))
    return sequences[:, :longest].astype(numpy.int64)


def _pairs(truth: NDArray[Any], predicted: NDArray[Any]) -> Iterator[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
    """Yield the last pair of each sequence, then the one before it, and so on: place, true and predicted symbols."""
    distances = _distances(truth, predicted)
    rows = numpy.arange(len(truth))
    above, left = (truth >= 0).sum(axis=1), (predicted >= 0).sum(axis=1)
    while len(rows := rows[(above[rows] > 0) | (left[rows] > 0)]):
        up, back = above[rows], left[rows]
        here = distances[rows, up, back]
        true = numpy.where(up > 0, truth[rows, up - 1] if truth.shape[1] else NOTHING, NOTHING)
        other = numpy.where(back > 0, predicted[rows, back - 1] if predicted.shape[1] else NOTHING, NOTHING)
        # An index of -1 is one of a row or column that does not exist: the condition on `up` and `back` rules it out.
        is_pair = (up > 0) & (back > 0) & (here == distances[rows, up - 1, back - 1] + (true != other))
        is_missing = ~is_pair & (up > 0) & (here == distances[rows, up - 1, back] + 1)
        is_extra = ~is_pair & ~is_missing
        yield rows, numpy.where(is_extra, NOTHING, true), numpy.where(is_missing, NOTHING, other)
        above[rows] -= ~is_extra
        left[rows] -= ~is_missing


def _distances(truth: NDArray[Any], predicted: NDArray[Any]) -> NDArray[Any]:
    """Return the distance of each beginning of a true sequence from each of the predicted one, `(N, S + 1, P + 1)`."""
    columns = numpy.arange(predicted.shape[1] + 1, dtype=numpy.int32)
    table = numpy.empty((len(truth), truth.shape[1] + 1, len(columns)), dtype=numpy.int32)
    table[:, 0] = columns
    for line in range(1, truth.shape[1] + 1):
        before, now = table[:, line - 1], table[:, line]
        now[:, 0] = line
        replaced = before[:, :-1] + (predicted != truth[:, line - 1 : line])
        numpy.minimum(replaced, before[:, 1:] + 1, out=now[:, 1:])
        # An extra symbol costs 1 more than its left neighbor: the minimum over all columns to the left.
        now -= columns
        numpy.minimum.accumulate(now, axis=1, out=now)
        now += columns
    return table
