"""The predictions of a loss for the rows of a batch, with the names of classes, labels and columns."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from hookline.data.targets.encoding import Target
from hookline.spec.families.loss.loss import LossSpec
from hookline.spec.families.loss.predictions import Offers
from hookline.spec.objective.named_loss import NamedLoss
from hookline.spec.objective.prediction import Prediction

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.data.batches import Outputs

THRESHOLD = 0.5
"""The probability from which a label counts as true, as for the metrics."""


@frozen(kw_only=True)
class Predicted:
    """The predictions for a target in the rows of a batch, and the true values if the batch contains them."""

    loss: LossSpec
    """The loss that compares them."""
    kind: Offers
    """The kind of the predictions: that of the loss, or "embeddings" if the rows are not the pairs or triplets that it
    compares but single ones."""
    known: Target
    """The columns and classes of the target; without columns if the loss takes no target."""
    predictions: "Tensor"
    """The predictions of the loss: `(N, classes)`, `(N, labels)`, `(N, steps)` or `(N, numbers)`. Of embeddings, which
    predict nothing, `(N, 0)`."""
    outputs: "Outputs | None" = None
    """The outputs of the model that the loss takes, if they were requested."""
    true_values: "Tensor | None" = None
    """The true values of the loss; two-dimensional for labels and numbers; `None` if they are unknown."""

    @property
    def truth(self) -> "Tensor":
        """The true values. Raises a `ValueError` if they are unknown."""
        if self.true_values is None:
            raise ValueError("The rows have no targets.")
        return self.true_values

    @property
    def classes(self) -> tuple[str | int, ...]:
        """The classes as in the data; for labels, the values of false and true."""
        classes = self.known.classes or ()
        if self.kind == "labels":
            if (self.predictions.shape[1] == 1 or self.predictions.dim() > 2) and len(classes) == 2:
                return classes
            encoding: Any = self.loss.encoding
            return encoding.no, encoding.yes
        if self.kind != "classes":
            return classes
        # There may be room for more classes than the data has.
        rest = range(len(classes), self.predictions.shape[1])
        return (*classes, *(index if index not in classes else f"#{index}" for index in rest))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes; for labels, the names of false and true."""
        return tuple(map(str, self.classes))

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of several labels or numbers; empty if there is only one."""
        if self.kind not in ("labels", "numbers") or self.predictions.dim() > 2:
            return ()
        return self.columns_for(self.predictions.shape[1])

    def columns_for(self, count: int) -> tuple[str, ...]:
        """Return the names of this number of values of a row; empty if there is only one."""
        columns = self.known.columns
        if count == 1:
            return ()
        return columns if len(columns) == count else tuple(map(str, range(count)))

    @property
    def ignored(self) -> "Tensor":
        """Which rows have the class that the loss and the metrics ignore: bool `(rows,)`."""
        import torch

        if self.kind != "classes" or self.loss.ignored_class is None:
            return torch.zeros(len(self.truth), dtype=torch.bool, device=self.truth.device)
        return (self.truth == self.loss.ignored_class).unsqueeze(-1).flatten(start_dim=1).all(dim=1)

    def cpu(self) -> "Predicted":
        """Return the predictions on the CPU, where they may be already."""
        if self.predictions.device.type == "cpu":
            return self
        outputs = self.outputs
        if outputs is not None:
            outputs = _changed(outputs, lambda tensor: tensor.cpu())
        truth = None if self.true_values is None else self.true_values.cpu()
        return evolve(self, predictions=self.predictions.cpu(), outputs=outputs, true_values=truth)

    def at(self, rows: "Tensor | slice") -> "Predicted":
        """Return the rows with these indices."""
        outputs = self.outputs
        if outputs is not None:
            outputs = _changed(outputs, lambda tensor: tensor[rows])
        truth = None if self.true_values is None else self.true_values[rows]
        return evolve(self, predictions=self.predictions[rows], outputs=outputs, true_values=truth)

    def is_yes(self, threshold: float = THRESHOLD) -> "Tensor":
        """Return which labels are predicted as true: those with a probability of at least the threshold."""
        return self.predictions >= threshold

    def is_true(self) -> "Tensor":
        """Return which labels are true; target probabilities are rounded."""
        return self.truth >= THRESHOLD


def predicted(
    named: NamedLoss,
    prediction: Prediction,
    targets: Mapping[str, Target],
    *,
    with_truth: bool = True,
    with_outputs: bool = False,
    are_single: bool = False,
) -> Predicted:
    """Return the predictions for a target, with the names in the data.

    Args:
        named: the loss.
        prediction: its prediction, from the stage `predict`.
        targets: what is known of the targets: `Data.targets`.
        with_truth: whether to add the true values, which the batch must contain.
        with_outputs: whether to add the outputs of the model.
        are_single: whether the rows are single ones, although the loss compares pairs or triplets. Only their outputs
            are then known.

    """
    loss, outputs = prediction.loss, prediction.outputs
    kind: Offers = "embeddings" if are_single else loss.offers
    predictions = None if kind == "embeddings" else prediction.predictions
    truth = prediction.truth if with_truth and kind not in ("triplets", "embeddings") else None
    if predictions is None:
        predictions = _first(outputs).new_empty((_first(outputs).shape[0], 0))
    elif kind in ("labels", "numbers") and predictions.dim() == 1:
        predictions = predictions.unsqueeze(1)
    if truth is not None:
        if kind == "classes" and truth.is_floating_point():
            truth = truth.argmax(dim=1)
        elif kind in ("labels", "numbers") and truth.dim() == 1:
            truth = truth.unsqueeze(1)
    target = named.main_target(targets)
    return Predicted(
        loss=loss,
        kind=kind,
        known=Target(columns=()) if target is None else targets[target],
        predictions=predictions,
        outputs=outputs if with_outputs else None,
        true_values=truth,
    )


def join_predicted(batches: Sequence[Predicted]) -> Predicted:
    """Concatenate the rows of several batches."""
    import torch
    from torch.nn.functional import pad

    first = batches[0]
    if len(batches) == 1:
        return first

    def rows(tensors: "Sequence[Tensor]") -> "Tensor":
        if first.kind != "sequences":
            return torch.cat(list(tensors))
        width = max(tensor.shape[1] for tensor in tensors)
        return torch.cat([pad(tensor, (0, width - tensor.shape[1]), value=-1) for tensor in tensors])

    outputs: Any = [batch.outputs for batch in batches]
    if isinstance(first.outputs, Mapping):
        joint: Any = {name: torch.cat([several[name] for several in outputs]) for name in first.outputs}
    else:
        joint = None if first.outputs is None else torch.cat(outputs)
    return evolve(
        first,
        predictions=rows([batch.predictions for batch in batches]),
        outputs=joint,
        true_values=None if first.true_values is None else rows([batch.truth for batch in batches]),
    )


def _first(outputs: "Outputs") -> "Tensor":
    return next(iter(outputs.values())) if isinstance(outputs, Mapping) else outputs


def _changed(outputs: "Outputs", change: Any) -> "Outputs":
    if isinstance(outputs, Mapping):
        return {name: change(tensor) for name, tensor in outputs.items()}
    changed: Tensor = change(outputs)
    return changed
