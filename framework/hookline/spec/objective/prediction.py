"""The predictions of a loss for a batch, which the stage `predict` returns for each loss."""

from functools import cached_property
from typing import TYPE_CHECKING

from hookline.spec.families.loss.loss import LossSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn

    from hookline.data.batches import Batch, Outputs


class Prediction:
    """The predictions for a target in a batch, and the true values. Each is computed when it is first used.

    A wrapper around the stage `predict` that changes predictions returns `prediction.replaced(...)`.
    """

    def __init__(
        self,
        loss: LossSpec,
        criterion: "nn.Module",
        outputs: "Outputs",
        batch: "Batch",
        undo: "Callable[[Tensor], Tensor] | None" = None,
    ):
        """Keep the inputs of the loss: its criterion, its outputs, and the batch with only its target.

        `undo` returns numbers of a transformed target in the original unit: predictions and true values are in it.
        """
        self._undo = undo
        self.loss = loss
        self.criterion = criterion
        self.outputs = outputs
        self.batch = batch

    @cached_property
    def predictions(self) -> "Tensor":
        """Classes `(N, C)`, labels `(N, k)`, numbers `(N, k)` or sequences `(N, steps)`: see `LossSpec.offers`."""
        return self._in_unit(self.loss.predictions(self.criterion, self.outputs, self.batch))

    @cached_property
    def scores(self) -> "Tensor":
        """The numbers by which metrics rank rows: they increase with the predictions and have the same shape."""
        return self._in_unit(self.loss.scores(self.criterion, self.outputs, self.batch))

    @cached_property
    def truth(self) -> "Tensor":
        """The true values. Raises a `ValueError` if the batch does not contain them."""
        return self._in_unit(self.loss.truth(self.batch))

    @cached_property
    def distribution(self) -> "Tensor":
        """The true probabilities of all classes, where the batch contains them, otherwise the true values."""
        return self._in_unit(self.loss.distribution(self.batch))

    def replaced(self, predictions: "Tensor", scores: "Tensor | None" = None) -> "Prediction":
        """Return a copy with other predictions and scores. Without scores, metrics rank rows by the predictions."""
        other = Prediction(self.loss, self.criterion, self.outputs, self.batch, self._undo)
        other.__dict__ |= {"predictions": predictions, "scores": predictions if scores is None else scores}
        return other

    def _in_unit(self, numbers: "Tensor") -> "Tensor":
        return numbers if self._undo is None else self._undo(numbers)
