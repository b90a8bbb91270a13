"""The predictions for a target, as in the metrics, with the true values."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from hookline.data import Data, Target
from hookline.errors import OptionError
from hookline.spec import LossSpec, Objective, Offers, Prediction

if TYPE_CHECKING:
    from torch import Tensor

THRESHOLD = 0.5
"""The probability from which a label counts as true, as for the metrics."""


def refuse_loss(
    objective: Objective, target: str | None, kinds: Collection[Offers], what_for: str
) -> tuple[LossSpec, tuple[str, ...]]:
    """Return the loss of a target and the path of its type.

    `what_for` is the beginning of the message, such as "ConfusionMatrix counts classes".

    Raises:
        OptionError: If there is no such loss, or if it offers none of these kinds.

    """
    try:
        named = objective.named(target)
    except OptionError as error:
        raise error.related_to(next(iter(objective.losses.values())).path[:1]) from None
    path = (*named.path, "type")
    if named.loss.offers not in kinds:
        raise OptionError("type", f"{what_for}, but {named.loss.offer()}.", against=[path])
    return named.loss, path


@frozen(kw_only=True)
class Predicted:
    """The predictions for a target in the rows of a batch, and the true values."""

    loss: LossSpec
    """The loss that compares them."""
    known: Target
    """The columns and classes of the target."""
    predictions: "Tensor"
    """The predictions of the loss: `(N, classes)`, `(N, labels)`, `(N, steps)` or `(N, numbers)`."""
    truth: "Tensor"
    """The true values of the loss; two-dimensional for labels and numbers."""

    @property
    def kind(self) -> Offers:
        """The kind of the predictions."""
        return self.loss.offers

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the classes; for labels, the names of false and true."""
        classes = self.known.classes or ()
        if self.kind != "labels":
            # There may be room for more classes than the data has.
            rest = range(len(classes), self.predictions.shape[1]) if self.kind == "classes" else ()
            return tuple(map(str, (*classes, *rest)))
        if self.predictions.shape[1] == 1 and len(classes) == 2:
            return str(classes[0]), str(classes[1])
        encoding: Any = self.loss.encoding
        return str(encoding.no), str(encoding.yes)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of several labels or numbers; empty if there is only one."""
        if self.kind not in ("labels", "numbers") or self.truth.shape[1] == 1:
            return ()
        count, columns = self.truth.shape[1], self.known.columns
        return columns if len(columns) == count else tuple(str(index) for index in range(count))

    @property
    def ignored(self) -> "Tensor":
        """Which rows have the class that the loss and the metrics ignore: bool `(rows,)`."""
        import torch

        if self.kind != "classes" or self.loss.ignored_class is None:
            return torch.zeros(len(self.truth), dtype=torch.bool, device=self.truth.device)
        return (self.truth == self.loss.ignored_class).unsqueeze(-1).flatten(start_dim=1).all(dim=1)

    def cpu(self) -> "Predicted":
        """Return a copy on the CPU."""
        return evolve(self, predictions=self.predictions.cpu(), truth=self.truth.cpu())

    def at(self, rows: "Tensor") -> "Predicted":
        """Return the rows with these indices."""
        return evolve(self, predictions=self.predictions[rows], truth=self.truth[rows])

    def is_yes(self, threshold: float = THRESHOLD) -> "Tensor":
        """Return which labels are predicted as true: those with a probability of at least the threshold."""
        return self.predictions >= threshold

    def is_true(self) -> "Tensor":
        """Return which labels are true; target probabilities are rounded."""
        return self.truth >= THRESHOLD


def predicted(prediction: Prediction, data: Data) -> Predicted:
    """Return the predictions for a target with the true values."""
    predictions, truth, targets = prediction.predictions, prediction.truth, prediction.batch.targets
    # There may be more targets of the same loss, such as the variance.
    name = next((name for name, rows in targets.items() if rows is truth), next(iter(targets)))
    kind = prediction.loss.offers
    if kind == "classes" and truth.is_floating_point():
        truth = truth.argmax(dim=1)
    elif kind in ("labels", "numbers"):
        predictions, truth = (rows.unsqueeze(1) if rows.dim() == 1 else rows for rows in (predictions, truth))
    return Predicted(loss=prediction.loss, known=data.targets[name], predictions=predictions, truth=truth)


def joined(batches: Sequence[Predicted]) -> Predicted:
    """Concatenate the rows of several batches."""
    import torch
    from torch.nn.functional import pad

    def rows(tensors: "Sequence[Tensor]") -> "Tensor":
        if batches[0].kind != "sequences":
            return torch.cat(list(tensors))
        width = max(tensor.shape[1] for tensor in tensors)
        return torch.cat([pad(tensor, (0, width - tensor.shape[1]), value=-1) for tensor in tensors])

    predictions = rows([batch.predictions for batch in batches])
    return evolve(batches[0], predictions=predictions, truth=rows([batch.truth for batch in batches]))
