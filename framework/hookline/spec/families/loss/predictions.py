"""The predictions of a loss from the outputs of the model, and the true values."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from hookline.data.numerics import log_odds
from hookline.spec.families.loss.targets import LossTargets

if TYPE_CHECKING:
    from collections.abc import Collection

    from torch import Tensor, nn

    from hookline.data.batches import Batch, Outputs
    from hookline.data.targets.encoding import Target

Activation = Literal["identity", "sigmoid", "softmax", "exp", "criterion"]
Predicts = Literal["probabilities", "scores", "numbers", "sequences"]
Offers = Literal["classes", "labels", "numbers", "sequences", "triplets", "embeddings"]

_OFFERS: Mapping[Offers, str] = {
    "classes": "predicts classes",
    "labels": "predicts labels",
    "numbers": "predicts numbers",
    "sequences": "predicts sequences",
    "triplets": "predicts the order of triplets",
    "embeddings": "trains embeddings",
}
"""A verb phrase for each kind of prediction, for messages."""


class LossPredictions(LossTargets):
    """What `LossSpec` says about the predictions of a loss."""

    @property
    def activation(self) -> Activation:
        """The function that turns the model's output into a prediction: a probability, or the number itself."""
        return "identity"

    @property
    def offers(self) -> Offers:
        """The kind of `predictions`, which determines the metrics that can evaluate them: see `MetricSpec.takes`.

        "classes" are probabilities or scores of each class, `(N, C)`. "labels" are probabilities that a label is true,
        `(N, k)` or `(N,)`. "numbers" and "sequences" are compared with the targets as they are. "triplets" are
        probabilities that the positive is nearer, all of which should be 1. "embeddings" have no predictions.

        The default is `encoding.kind`. A loss of embeddings with a target, such as the class of each row, overrides it
        with `offers = "embeddings"`.
        """
        return "embeddings" if self.encoding is None else self.encoding.kind

    def offer(self) -> str:
        """Return what the loss offers as a clause for messages, such as "MSELoss predicts numbers"."""
        return f"{type(self).__name__} {_OFFERS[self.offers]}"

    @property
    def predicts(self) -> Predicts:
        """The form of `predictions`, independent of the values in a batch.

        "probabilities" are from 0 to 1, one per class or label. "scores" are any numbers, one per class; the class with
        the largest is predicted. "numbers" are compared with the targets as they are. "sequences" are class indices,
        padded with -1. A loss of classes whose activation is "identity" predicts scores, unless it overrides this
        property.
        """
        if self.offers == "numbers":
            return "numbers"
        if self.offers == "sequences":
            return "sequences"
        return "scores" if self._has_classes and self.activation == "identity" else "probabilities"

    @property
    def _has_classes(self) -> bool:
        return self.encoding is not None and self.encoding.kind == "classes"

    @property
    def ignored_class(self) -> int | None:
        """The index of the class whose rows are ignored, also by metrics; `None` if there is none."""
        return None

    def output_size(self, target: "Target") -> int | None:
        """Return how many outputs of the model the loss takes for each row; `None` if any number, or if it is unknown.

        The last layer of the model gets this size if the spec omits it. The default is one output for each class, or
        for each column of the target. For a loss that takes several outputs, the default is `None`.

        Args:
            target: what the training rows say about the target.

        """
        if self.offers == "embeddings" or len(self.inputs) > 1:
            return None
        if self.offers in ("classes", "sequences"):
            return len(target.classes) if target.classes is not None else len(target.columns)
        if target.shape:  # A number for each step or pixel.
            return None
        return len(target.columns) or None

    def predictions(self, criterion: "nn.Module", outputs: "Outputs", batch: "Batch") -> "Tensor":
        """Return what the outputs predict: see `offers` and `predicts`. `(N, C)` for classes, else like the outputs.

        If you override this, clamp probabilities to the range 0 to 1, which rounding may exceed.
        """
        if isinstance(outputs, Mapping):
            raise ValueError(f"{type(self).__name__} takes several outputs and has no `predictions` for metrics.")
        if self.activation == "sigmoid":
            return outputs.sigmoid()
        if self.activation == "softmax":
            return outputs.softmax(dim=1)
        if self.activation == "exp":
            return outputs.exp() if self.predicts == "numbers" else outputs.exp().clamp(max=1)
        return outputs

    def scores(self, criterion: "nn.Module", outputs: "Outputs", batch: "Batch") -> "Tensor":
        """Return the numbers by which metrics rank rows: they increase with `predictions` and have the same shape.

        They distinguish rows whose probabilities are so close to 0 or 1 that they round to the same number. If a loss
        overrides `predictions` but not `scores`, its rows are ranked by `predictions`.
        """
        if isinstance(outputs, Mapping) or self.activation in ("identity", "criterion"):
            return self.predictions(criterion, outputs, batch)
        if self.activation == "softmax" or self._has_classes:
            return log_odds(outputs)
        return outputs

    def distances(self, criterion: "nn.Module", outputs: "Outputs", batch: "Batch") -> "Mapping[str, Tensor]":
        """Return what the loss compares in pairs or triplets of rows, `(N,)` or `(N, k)`, for `hookline evaluate`.

        A loss of pairs, which offers "labels", returns one quantity by its name, such as "distance" or "cosine". A loss
        of triplets returns the distances "positive" and "negative". The default, for all other losses, is nothing.
        """
        return {}

    def main_target(self, targets: "Collection[str]") -> str | None:
        """Return the name of the target that the predictions estimate; `None` if the loss takes no target.

        The default is the first target. Override this, like `truth`, for a loss that takes several.
        """
        return None if self.encoding is None else next(iter(targets), None)

    def truth(self, batch: "Batch") -> "Tensor":
        """Return the true values with which metrics compare the predictions of a batch."""
        if not batch.targets:
            raise ValueError(f"{type(self).__name__} takes no target and has no `truth` for metrics.")
        return batch.target

    def distribution(self, batch: "Batch") -> "Tensor":
        """Return the true probability of each class, `(N, C)`, where the targets of a batch say it; else the `truth`.

        For metrics that compare distributions: see `MetricSpec.takes_distributions`.
        """
        return self.truth(batch)
