"""What a loss makes of the outputs for a batch: the answer of the stage `predict`, one for each loss."""

from functools import cached_property
from typing import TYPE_CHECKING

from hookline.spec.families.loss import LossSpec

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.data.batches import Batch, Outputs


class Prediction:
    """What the outputs for a batch predict of a target, and what is true. Each is computed when it is first used.

    A wrapper around the stage `predict` that changes predictions returns `prediction.replaced(...)`.
    """

    def __init__(self, loss: LossSpec, criterion: "nn.Module", outputs: "Outputs", batch: "Batch"):
        """Keep what the loss is given: its criterion, its outputs, and the batch with its target only."""
        self.loss = loss
        self.criterion = criterion
        self.outputs = outputs
        self.batch = batch

    @cached_property
    def predictions(self) -> "Tensor":
        """Classes `(N, C)`, labels `(N, k)`, numbers `(N, k)` or sequences `(N, steps)`: see `LossSpec.offers`."""
        return self.loss.predictions(self.criterion, self.outputs, self.batch)

    @cached_property
    def scores(self) -> "Tensor":
        """Numbers that rise with the predictions, of the same shape, by which metrics rank rows."""
        return self.loss.scores(self.criterion, self.outputs, self.batch)

    @cached_property
    def truth(self) -> "Tensor":
        """What the predictions are compared with. Raises a `ValueError` if the batch does not say what is true."""
        return self.loss.truth(self.batch)

    def replaced(self, predictions: "Tensor", scores: "Tensor | None" = None) -> "Prediction":
        """The same with other predictions; without other scores, rows are ranked by the predictions."""
        other = Prediction(self.loss, self.criterion, self.outputs, self.batch)
        other.__dict__ |= {"predictions": predictions, "scores": predictions if scores is None else scores}
        return other
