"""The evidence of a report: the files of a run, and the predictions of its model if they could be computed."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from hookline.runs.side_by_side.summary import RunSummary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from hookline.trained.evaluation.distances import DistanceDetails
    from hookline.trained.evaluation.sequences import SequenceDetails


@frozen(kw_only=True, eq=False)
class Example:
    """A row whose prediction is far from the truth."""

    row: int
    """The number of the row in its split, counted from 1."""
    truth: str
    predicted: str
    error: float
    """How wrong it is: the probability or score of the true class, the absolute difference, or the number of errors."""
    kept: Mapping[str, str] = field(factory=dict)
    """What identifies it, such as an id, as texts."""
    inputs: Mapping[str, str] = field(factory=dict)
    """Some of its inputs as texts."""
    image: bytes | None = None
    """The inputs as a PNG file, if they are an image."""


@frozen(kw_only=True, eq=False)
class ClassPredictions:
    """The predicted classes of a split, for one target. A single label is two classes."""

    split: str
    target: str
    names: Sequence[str]
    """The names of the classes."""
    truth: "NDArray[Any]"
    """The indices of the true classes, int64 (rows,)."""
    predicted: "NDArray[Any]"
    """The indices of the predicted classes, int64 (rows,)."""
    worst: Sequence[Example] = ()
    """Wrong rows, beginning with the one whose true class is least probable."""
    scored_by: str = "probability"
    """What the model gives each class: a "probability" or a "score"."""
    is_whole: bool = True
    """Whether these are all rows of the split."""

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.truth)

    @property
    def right(self) -> int:
        """The number of rows whose class is predicted correctly."""
        return int((self.truth == self.predicted).sum())

    @property
    def true_counts(self) -> "NDArray[Any]":
        """The number of rows of each class."""
        import numpy

        return numpy.bincount(self.truth, minlength=len(self.names))

    @property
    def predicted_counts(self) -> "NDArray[Any]":
        """The number of rows that are predicted as each class."""
        import numpy

        return numpy.bincount(self.predicted, minlength=len(self.names))


@frozen(kw_only=True, eq=False)
class NumberPredictions:
    """The predicted numbers of a split, for one target."""

    split: str
    target: str
    columns: Sequence[str]
    """The names of the numbers."""
    truth: "NDArray[Any]"
    """The true numbers, float64 (rows, numbers)."""
    predicted: "NDArray[Any]"
    """The predicted numbers, float64 (rows, numbers)."""
    worst: Sequence[Example] = ()
    """Rows, beginning with the one whose difference is largest."""
    is_whole: bool = True
    """Whether these are all rows of the split."""

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.truth)


@frozen(kw_only=True, eq=False)
class SequencePredictions:
    """The predicted sequences of a split, for one target."""

    split: str
    target: str
    details: "SequenceDetails"
    """The errors."""
    worst: Sequence[Example] = ()
    """The sequences with the most errors per true symbol."""
    is_whole: bool = True
    """Whether these are all rows of the split."""


@frozen(kw_only=True, eq=False)
class DistancePredictions:
    """The distances of pairs, triplets or embeddings of a split, for one loss."""

    split: str
    target: str
    details: "DistanceDetails"
    """The distances."""
    is_whole: bool = True
    """Whether these are those of all rows of the split."""


AnyPredictions = ClassPredictions | NumberPredictions | SequencePredictions | DistancePredictions


@frozen(kw_only=True, eq=False)
class Evidence:
    """What is known of a run."""

    run: RunSummary
    label: str
    """What distinguishes the run from the others."""
    predictions: Sequence[AnyPredictions] = ()
    """The predictions of the saved model for the validation split, or else for the test split, by target."""
    no_predictions: str = ""
    """Why there are none, as a sentence."""
    note: str = ""
    """What to know about the predictions, as a sentence."""
