"""What is predicted of a target, as the metrics are given it, beside what is true of it."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Literal

from attrs import evolve, frozen

from hookline.data import Batch, Classes, Data, Distribution, Labels, Outputs, Probabilities, Sequences, Signs, Target
from hookline.errors import OptionError
from hookline.spec import LossSpec

if TYPE_CHECKING:
    from torch import Tensor, nn

Kind = Literal["classes", "labels", "sequences", "numbers", "nothing"]

OF_A_KIND: dict[Kind, str] = {
    "classes": "tells classes apart",
    "labels": "tells two things apart",
    "sequences": "compares sequences",
    "numbers": "compares numbers",
    "nothing": "compares outputs with one another, and has no target",
}
"""What a loss does whose targets are of a kind."""

THRESHOLD = 0.5
"""The probability from which on something holds, as for the metrics."""


def kind_of(loss: LossSpec) -> Kind:
    """Of what kind the targets of a loss are."""
    encoding = loss.encoding
    if encoding is None:
        return "nothing"
    if isinstance(encoding, (Classes, Distribution)):
        return "classes"
    if isinstance(encoding, (Labels, Probabilities, Signs)):
        return "labels"
    return "sequences" if isinstance(encoding, Sequences) else "numbers"


def refuse_loss(loss: LossSpec, target: str | None, kinds: Collection[Kind], what_for: str) -> LossSpec:
    """The loss of a target. Raises an `OptionError` if there is no such target, or if its kind is none of these.

    `what_for` says what is done with the target, as "ConfusionMatrix counts classes".
    """
    try:
        loss = loss.of_target(target)
    except ValueError as error:
        raise OptionError("target", str(error), against=[("loss", "type")]) from None
    kind = kind_of(loss)
    if kind not in kinds:
        message = f"{what_for}, and {type(loss).__name__} {OF_A_KIND[kind]}."
        raise OptionError("type", message, against=[("loss", "type")])
    return loss


@frozen(kw_only=True)
class Predicted:
    """What is predicted of a target in the rows of a batch, and what is true."""

    loss: LossSpec
    """The loss that compares them."""
    known: Target
    """What is known of the target."""
    predictions: "Tensor"
    """As the loss makes them of the outputs: `(N, classes)`, `(N, labels)`, `(N, steps)` or `(N, numbers)`."""
    truth: "Tensor"
    """As the loss gives it to metrics; of two dimensions if there are several labels or numbers."""

    @property
    def kind(self) -> Kind:
        """Of what kind they are."""
        return kind_of(self.loss)

    @property
    def names(self) -> tuple[str, ...]:
        """What the classes are called; of labels, what is called to hold not, and to hold."""
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
        """What several labels or numbers are called; nothing, if there is one of them."""
        if self.kind not in ("labels", "numbers") or self.truth.shape[1] == 1:
            return ()
        count, columns = self.truth.shape[1], self.known.columns
        return columns if len(columns) == count else tuple(str(index) for index in range(count))

    @property
    def ignored(self) -> "Tensor":
        """Which rows have the class that the loss ignores, so that metrics do not count them: bool `(rows,)`."""
        import torch

        if self.kind != "classes" or self.loss.ignored_class is None:
            return torch.zeros(len(self.truth), dtype=torch.bool, device=self.truth.device)
        return (self.truth == self.loss.ignored_class).unsqueeze(-1).flatten(start_dim=1).all(dim=1)

    def cpu(self) -> "Predicted":
        """The same on the CPU."""
        return evolve(self, predictions=self.predictions.cpu(), truth=self.truth.cpu())

    def at(self, rows: "Tensor") -> "Predicted":
        """Of the rows with these indices."""
        return evolve(self, predictions=self.predictions[rows], truth=self.truth[rows])

    def first(self, rows: int) -> "Predicted":
        """Of the first rows, copied to the CPU, so that the others are not kept."""
        first = [tensor[:rows].to("cpu", copy=True) for tensor in (self.predictions, self.truth)]
        return evolve(self, predictions=first[0], truth=first[1])

    def is_yes(self, threshold: float = THRESHOLD) -> "Tensor":
        """Of labels, which are predicted to hold: those whose probability is not less than the threshold."""
        return self.predictions >= threshold

    def is_true(self) -> "Tensor":
        """Of labels, which hold: a probability is taken for what is nearer."""
        return self.truth >= THRESHOLD


def predicted(
    loss: LossSpec, target: str | None, data: Data, criterion: "nn.Module", outputs: Outputs, batch: Batch
) -> Predicted:
    """What is predicted of a target, or of the only one, by what the stage `loss` was given."""
    judge = loss.of_target(target)
    its_criterion, its_outputs, its_batch = loss.part(target, criterion, outputs, batch)
    predictions, truth = judge.predictions(its_criterion, its_outputs, its_batch), judge.truth(its_batch)
    # Beside the target there may be others that say more of it, such as its variance.
    name = next((name for name, rows in its_batch.targets.items() if rows is truth), next(iter(its_batch.targets)))
    kind = kind_of(judge)
    if kind == "classes" and truth.is_floating_point():
        truth = truth.argmax(dim=1)
    elif kind in ("labels", "numbers"):
        predictions, truth = (rows.unsqueeze(1) if rows.dim() == 1 else rows for rows in (predictions, truth))
    return Predicted(loss=judge, known=data.targets[name], predictions=predictions, truth=truth)


def joined(batches: Sequence[Predicted]) -> Predicted:
    """The rows of several batches."""
    import torch
    from torch.nn.functional import pad

    def rows(tensors: "Sequence[Tensor]") -> "Tensor":
        if batches[0].kind != "sequences":
            return torch.cat(list(tensors))
        width = max(tensor.shape[1] for tensor in tensors)
        return torch.cat([pad(tensor, (0, width - tensor.shape[1]), value=-1) for tensor in tensors])

    predictions = rows([batch.predictions for batch in batches])
    return evolve(batches[0], predictions=predictions, truth=rows([batch.truth for batch in batches]))
