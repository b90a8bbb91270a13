"""An evaluation: its numbers, and its predictions as arrays, from which tables, curves and reports are computed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from hookline.data.targets.encoding import Target
from hookline.spec.objective.predicted import THRESHOLD
from hookline.trained.evaluation.distances import DistanceDetails
from hookline.trained.evaluation.sequences import SequenceDetails

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hookline.spec.families.loss.predictions import Offers
    from hookline.trained.numbers.confusion import ByClass, Confusion
    from hookline.trained.numbers.residuals import ResidualSummary

MOST_SCORES = 2**26
"""The number of scores that are kept for the curves of a target: those of the first rows."""


@frozen(kw_only=True, eq=False)
class TargetDetails:
    """The predictions of a target and its true values, row by row. Rows of a class that the loss ignores are left out.

    If a row has several positions, such as the steps of a sequence, each of them is a row here.
    """

    name: str
    """The name of the loss in `[losses]`; empty if there is only one."""
    kind: "Offers"
    """"classes", "labels" or "numbers"."""
    known: Target
    """The columns and the classes of the target."""
    classes: Sequence[str]
    """The names of the classes; for labels, those of false and true; empty for numbers."""
    columns: Sequence[str]
    """The names of several labels or numbers; one empty name if there is only one."""
    has_probabilities: bool
    """Whether `probability` has probabilities, and not other scores."""
    threshold: float = THRESHOLD
    """The probability from which a label is predicted."""
    truth: "NDArray[Any]"
    """The index of the true class, `(N,)`; which labels are true, bool `(N, labels)`; or the true numbers,
    `(N, columns)`."""
    predicted: "NDArray[Any]"
    """The index of the predicted class, which labels are predicted, or the predicted numbers, in the same shape."""
    probability: "NDArray[Any] | None"
    """The probability of the predicted class, `(N,)`, or of each label, `(N, labels)`; `None` for numbers."""
    probability_of_truth: "NDArray[Any] | None" = None
    """The probability of the true class, `(N,)`; `None` for labels and numbers."""
    row: "NDArray[Any]"
    """The number of each row in the split or the source, counted from 1, int64 `(N,)`."""
    scores: "NDArray[Any] | None"
    """The numbers by which metrics rank rows, for each class or label, `(first rows, classes or labels)`, if they were
    requested: at most `MOST_SCORES`."""

    @property
    def title(self) -> str:
        """The name of the target in tables and titles: that of its loss, or of its only column."""
        return self.name or (self.known.columns[0] if len(self.known.columns) == 1 else "")

    @property
    def is_binary(self) -> bool:
        """Whether it is one label, whose two values are classes."""
        return self.kind == "labels" and len(self.columns) == 1

    def confusion(self) -> "Confusion | None":
        """Count the true and predicted classes; `None` for several labels and for numbers."""
        from hookline.trained.numbers.confusion import confusion

        if self.is_binary:
            return confusion(self.truth[:, 0], self.predicted[:, 0], 2)
        return confusion(self.truth, self.predicted, len(self.classes)) if self.kind == "classes" else None

    def by_class(self) -> "ByClass | None":
        """Return the counts of each class, or of each of several labels; `None` for numbers."""
        from hookline.trained.numbers.confusion import by_label

        if self.kind == "labels" and not self.is_binary:
            return by_label(self.truth, self.predicted)
        counts = self.confusion()
        return None if counts is None else counts.by_class()

    def residuals(self) -> "Mapping[str, ResidualSummary]":
        """Summarize the residuals of each column of numbers."""
        from hookline.trained.numbers.residuals import residual_summary

        if self.kind != "numbers":
            return {}
        return {
            name: residual_summary(self.truth[:, index], self.predicted[:, index])
            for index, name in enumerate(self.columns)
        }


def details_as_json(details: TargetDetails) -> Mapping[str, Any]:
    """Return the numbers about each class, label or column as JSON values."""
    if details.kind == "numbers":
        return {
            "residuals": {
                column or details.title: {
                    "rows": one.rows,
                    "mean": one.mean,
                    "root_mean_square": one.root_mean_square,
                    "mean_absolute": one.mean_absolute,
                    "r2": one.r2,
                    "quantiles": {str(fraction): value for fraction, value in one.quantiles.items()},
                }
                for column, one in details.residuals().items()
            }
        }
    counts, confusion = details.by_class(), details.confusion()
    assert counts is not None
    is_of_labels = confusion is None
    found: dict[str, Any] = {
        "labels" if is_of_labels else "classes": {
            called: {
                "rows": int(counts.rows[index]),
                "predicted": int(counts.predicted[index]),
                "precision": float(counts.precision[index]),
                "recall": float(counts.recall[index]),
                "f1": float(counts.f1[index]),
            }
            for index, called in enumerate(details.columns if is_of_labels else details.classes)
        }
    }
    if confusion is not None:
        found["correct"] = confusion.right
        found["confused"] = [
            {"truth": details.classes[truth], "predicted": details.classes[predicted], "rows": rows}
            for truth, predicted, rows in confusion.most_confused()
        ]
    return found


@frozen(kw_only=True, eq=False)
class Evaluation:
    """The numbers of an evaluation, and the predictions of each target that has details."""

    split: str
    """The split; "test" for new rows."""
    rows: int
    """The number of rows."""
    metrics: Mapping[str, float]
    """The loss and the metrics."""
    targets: Mapping[str, TargetDetails]
    """The targets with classes, labels or numbers, by the names of their losses, or "target" for a single one."""
    sequences: Mapping[str, SequenceDetails] = field(factory=dict)
    """The targets with sequences, in the same way."""
    distances: Mapping[str, DistanceDetails] = field(factory=dict)
    """The losses that compare pairs, triplets or embeddings, in the same way."""
