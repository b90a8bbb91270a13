"""What an evaluation computes for a batch by the layers."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from hookline.plugins.stages import Run
from hookline.spec.objective.objective import Term
from hookline.spec.objective.prediction import Prediction
from hookline.training.means.mean_losses import MeanLosses
from hookline.training.split_metrics import SplitMetrics

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.data.batches import Batch, Outputs


class EvaluatedBatch(NamedTuple):
    """The loss and the predictions of a batch."""

    loss: "Tensor"
    divisor: "Tensor | float | None"
    """What the loss was divided by: see `Objective.divisor`."""
    terms: Sequence[Term]
    """The terms of `[losses]`."""
    predicted: Mapping[str, Prediction]
    """The predictions by the names of the losses."""
    outputs: "Outputs"
    """The outputs of the model."""

    def add_to(self, losses: MeanLosses, metrics: SplitMetrics) -> None:
        """Add the batch to the mean losses and the metrics of its split."""
        losses.add(self.loss, self.divisor, self.terms)
        metrics.add(self.predicted)


def evaluated_by_layers(run: Run, model: "nn.Module", criterion: "nn.Module", batch: "Batch") -> EvaluatedBatch:
    """Call the stages `forward`, `loss` and `predict` for a batch."""
    stages, objective = run.stages, run.objective
    outputs = stages.forward(run=run, model=model, batch=batch)
    loss = stages.loss(run=run, criterion=criterion, outputs=outputs, batch=batch)
    divisor, terms = objective.divisor(criterion, batch), objective.terms(criterion)
    predicted = stages.predict(run=run, criterion=criterion, outputs=outputs, batch=batch)
    return EvaluatedBatch(loss, divisor, terms, predicted, outputs)
