"""Means and sums of squares of predictions, targets and errors, without cancellation if they are far from 0."""

from typing import TYPE_CHECKING

from attrs import frozen

from hookline_metrics.regression.base import both_in_float64

if TYPE_CHECKING:
    from torch import Tensor


@frozen
class Spread:
    """The mean of the numbers of each column, and their sums of squares, about 0 and about the mean, float64."""

    mean: "Tensor"
    squares: "Tensor"
    squares_about_mean: "Tensor"


class Moments:
    """The means of predictions, targets and errors of each column, and the sums of their products about the means.

    The sums about the means of each batch are merged, which avoids cancellation: Chan, Golub and LeVeque,
    http://i.stanford.edu/pub/cstr/reports/cs/tr/79/773/CS-TR-79-773.pdf. Numbers are relative to the first row, so that
    equal numbers have no variance due to rounding.
    """

    def __init__(self) -> None:
        """Start without rows."""
        self.rows = 0
        self._first: Tensor | None = None

    def add(self, predictions: "Tensor", targets: "Tensor") -> None:
        """Add the rows of a batch, `(rows,)` or `(rows, columns)`."""
        import torch

        rows = len(targets)
        predictions, targets = both_in_float64(predictions, targets)
        if not rows:
            return
        # (3, rows, columns)
        numbers = torch.stack([predictions, targets, predictions - targets]).reshape(3, rows, -1)
        if self._first is None:
            self._first = numbers[:, 0].clone()
        shifted = numbers - self._first.unsqueeze(1)
        mean = shifted.mean(dim=1)
        about = shifted - mean.unsqueeze(1)
        products = (about.unsqueeze(0) * about.unsqueeze(1)).sum(dim=2)
        squares = numbers[2].square().sum(dim=0)
        if not self.rows:
            self._mean, self._products, self._squares = mean, products, squares
        else:
            step, both = mean - self._mean, self.rows + rows
            self._mean = self._mean + step * (rows / both)
            between = step.unsqueeze(0) * step.unsqueeze(1) * (self.rows * rows / both)
            self._products = self._products + products + between
            self._squares = self._squares + squares
        self.rows += rows

    def of_predictions(self) -> Spread:
        """Return the spread of the predictions."""
        return self._spread(0)

    def of_targets(self) -> Spread:
        """Return the spread of the targets."""
        return self._spread(1)

    def of_errors(self) -> Spread:
        """Return the spread of the errors, prediction - target."""
        spread = self._spread(2)
        # Exactly 0 if all errors are.
        return Spread(spread.mean, self._squares.cpu(), spread.squares_about_mean)

    def products(self) -> "Tensor":
        """Return the sums of the products of predictions and targets, about their means."""
        return self._products[0, 1].cpu()

    def _spread(self, index: int) -> Spread:
        assert self._first is not None
        mean = (self._first + self._mean)[index].cpu()
        about = self._products[index, index].cpu()
        return Spread(mean, about + self.rows * mean.square(), about)
