"""The confusion matrix, and the counts and ratios of each class."""

from collections.abc import Sequence
from typing import Any

import numpy
from attrs import frozen
from numpy.typing import NDArray


@frozen(kw_only=True, eq=False)
class ByClass:
    """Counts and ratios of each class, or of each label; each array has the shape `(classes,)`."""

    rows: NDArray[Any]
    """The number of rows of the class, int64."""
    predicted: NDArray[Any]
    """The number of rows for which it is predicted, int64."""
    right: NDArray[Any]
    """The number of rows of the class for which it is predicted, int64."""

    @property
    def precision(self) -> NDArray[Any]:
        """The fraction of the rows for which a class is predicted that are of the class; NaN if it never is."""
        return _ratio(self.right, self.predicted)

    @property
    def recall(self) -> NDArray[Any]:
        """The fraction of the rows of a class for which it is predicted; NaN for a class without rows."""
        return _ratio(self.right, self.rows)

    @property
    def f1(self) -> NDArray[Any]:
        """The harmonic mean of precision and recall; NaN for a class that has no rows and is never predicted."""
        return _ratio(2 * self.right, self.rows + self.predicted)


@frozen(kw_only=True, eq=False)
class Confusion:
    """How many rows of each class are predicted as each class: the cells of the confusion matrix that are not 0.

    Memory grows with the number of these cells, not with the square of the number of classes. The sum of two objects
    counts the rows of both.
    """

    classes: int
    """The number of classes."""
    truth: NDArray[Any]
    """The index of the true class of each cell, int64 `(cells,)`; cells are in the order of the flattened matrix."""
    predicted: NDArray[Any]
    """The index of the predicted class of each cell, int64 `(cells,)`."""
    rows: NDArray[Any]
    """The number of rows of each cell, int64 `(cells,)`."""

    def __add__(self, other: "Confusion") -> "Confusion":
        """Count the rows of both."""
        cells = numpy.concatenate([self._cells(), other._cells()])
        return _counted(cells, numpy.concatenate([self.rows, other.rows]), max(self.classes, other.classes))

    def _cells(self) -> NDArray[Any]:
        return self.truth * self.classes + self.predicted

    @property
    def total(self) -> int:
        """The number of rows."""
        return int(self.rows.sum())

    @property
    def right(self) -> int:
        """The number of rows whose class is predicted."""
        return int(self.rows[self.truth == self.predicted].sum())

    def matrix(self) -> NDArray[Any]:
        """Return the counts by true and predicted class, int64 `(classes, classes)`."""
        matrix = numpy.zeros((self.classes, self.classes), dtype=numpy.int64)
        matrix[self.truth, self.predicted] = self.rows
        return matrix

    def by_class(self) -> ByClass:
        """Return the counts of each class."""
        is_right = self.truth == self.predicted

        def count(classes: NDArray[Any], rows: NDArray[Any]) -> NDArray[Any]:
            counts = numpy.zeros(self.classes, dtype=numpy.int64)
            numpy.add.at(counts, classes, rows)
            return counts

        return ByClass(
            rows=count(self.truth, self.rows),
            predicted=count(self.predicted, self.rows),
            right=count(self.truth[is_right], self.rows[is_right]),
        )

    def most_confused(self, most: int | None = None) -> list[tuple[int, int, int]]:
        """Return the most frequent errors: true class, predicted class and number of rows, by decreasing frequency."""
        wrong = self.truth != self.predicted
        truth, predicted, rows = self.truth[wrong], self.predicted[wrong], self.rows[wrong]
        order = numpy.lexsort((predicted, truth, -rows))[:most]
        return list(zip(truth[order].tolist(), predicted[order].tolist(), rows[order].tolist(), strict=True))


def confusion(truth: NDArray[Any], predicted: NDArray[Any], classes: int) -> Confusion:
    """Count how many rows of each class are predicted as each class.

    Args:
        truth: the index of the true class of each row, `(N,)`.
        predicted: the index of the predicted class of each row, `(N,)`.
        classes: the number of classes.

    >>> counts = confusion(numpy.array([0, 0, 1, 2]), numpy.array([0, 1, 1, 1]), classes=3)
    >>> counts.matrix().tolist()
    [[1, 1, 0], [0, 1, 0], [0, 1, 0]]
    >>> counts.by_class().recall.tolist()
    [0.5, 1.0, 0.0]
    >>> counts.most_confused()
    [(0, 1, 1), (2, 1, 1)]

    """
    cells = truth.astype(numpy.int64) * classes + predicted.astype(numpy.int64)
    return _counted(cells, numpy.ones(len(cells), dtype=numpy.int64), classes)


def by_label(truth: NDArray[Any], predicted: NDArray[Any]) -> ByClass:
    """Return the counts of each label.

    Args:
        truth: which labels are true, bool `(N, labels)`.
        predicted: which labels are predicted, bool `(N, labels)`.

    >>> counts = by_label(numpy.array([[True, False], [True, True]]), numpy.array([[True, True], [False, True]]))
    >>> counts.rows.tolist(), counts.predicted.tolist(), counts.right.tolist()
    ([2, 1], [1, 2], [1, 1])

    """
    return ByClass(rows=truth.sum(axis=0), predicted=predicted.sum(axis=0), right=(truth & predicted).sum(axis=0))


def worst(counts: ByClass, most: int) -> Sequence[int]:
    """Return the indices of the classes with the lowest F1 among those that have rows, the lowest first.

    Of classes with the same F1, those with more rows come first.
    """
    f1 = counts.f1
    order = numpy.lexsort((-counts.rows, f1))
    return [int(index) for index in order if counts.rows[index]][:most]


def _counted(cells: NDArray[Any], rows: NDArray[Any], classes: int) -> Confusion:
    """Add up the rows of equal cells; a cell is an index into the flattened matrix."""
    distinct, place = numpy.unique(cells, return_inverse=True)
    counts = numpy.zeros(len(distinct), dtype=numpy.int64)
    numpy.add.at(counts, place, rows)
    truth, predicted = numpy.divmod(distinct, classes)
    return Confusion(classes=classes, truth=truth, predicted=predicted, rows=counts)


def _ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[Any]:
    """Return the quotients as float64; NaN where the divisor is 0."""
    with numpy.errstate(invalid="ignore", divide="ignore"):
        quotient: NDArray[Any] = part / whole
    return quotient
