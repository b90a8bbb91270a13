"""The family of metrics: what a metric declares about itself, and how it is built."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from hookline.script.written import without_lines
from hookline.spec.families.loss.loss import LossSpec
from hookline.spec.families.loss.predictions import Offers
from hookline.spec.options import Spec, spec

if TYPE_CHECKING:
    from torch import Tensor

    from hookline.script.lines import PredictionNames
    from hookline.script.script import Script


@spec
class MetricSpec(Spec):
    """A number that evaluates predictions."""

    family = "metric"
    behavior = ("build", "prepare")

    name: str | None = None
    """The name of the metric in the results. Default: its type."""
    target: str | None = None
    """The name of the loss in `[losses]` whose predictions it evaluates. Default: the only loss."""

    higher_is_better: ClassVar[bool] = True
    """Whether a larger number is better, for callbacks such as early stopping."""

    takes: ClassVar[Sequence[Offers]] = ("classes", "labels", "numbers", "sequences", "triplets")
    """The kinds of predictions that it can evaluate: see `LossSpec.offers`. A loss of another kind is an error."""

    takes_distributions: ClassVar[bool] = False
    """Whether it compares probabilities of all classes: its targets are then `LossSpec.distribution`, not `truth`."""

    joins_batches: ClassVar[bool] = False
    """Whether one `update` with the rows of several batches changes the result in no bit. The metric is then updated
    once for many small batches, which saves time. It is so if `update` counts in integers or keeps the rows, and not if
    it adds numbers that are rounded. `prepare` must treat each row by itself."""

    resets: ClassVar[bool] = False
    """Whether the object that `build` returns has a method `reset()` that removes all rows. It is then built once for
    all evaluations of a split, which saves time. `build` must not look at the values of the predictions or at their
    number: it is called again only if the loss, the data type, the device or the shape of a row changes."""

    undefined: ClassVar[str] = ""
    """A sentence for the warning that says when the metric is NaN."""

    @property
    def ranks(self) -> bool:
        """Whether only the order of the rows matters: it then receives the loss's `scores`, not its `predictions`."""
        return False

    @property
    def least_rows(self) -> int:
        """The number of rows that a split must have for the metric to be defined; with fewer rows it is NaN."""
        return 1

    @property
    def label(self) -> str:
        """The name of the metric in the results."""
        return self.name or type(self).__name__

    def remedy_if_imbalanced(self, loss: LossSpec) -> str:
        """Return what to use instead if a model scores well that always predicts the most frequent class; else "".

        For the warning about a target of which nearly all rows have one class, if no other metric shows it.
        """
        return ""

    def refuse_other_kinds(self, loss: LossSpec) -> None:
        """Raise a `ValueError` if the loss offers a kind of prediction that the metric does not take."""
        if loss.offers not in self.takes:
            *others, last = self.takes
            takes = f"{', '.join(others)} or {last}" if others else last
            raise ValueError(f"{type(self).__name__} evaluates {takes}, but {loss.offer()}.")

    def check(self, loss: LossSpec) -> None:
        """Raise a `ValueError` if the metric cannot evaluate a model trained with this loss, whose kind it takes.

        Raise an `OptionError` to name the option that does not fit the loss or the other options.
        """

    def build(self, loss: LossSpec, predictions: "Tensor") -> Any:
        """Return an object that accumulates batches, with `update(predictions, targets)`, `compute()` and `to(device)`.

        `predictions` are the predictions of the first batch, or its scores if the metric `ranks`; they determine the
        number of classes. `to` returns the object, and `compute` a number: NaN where the metric is not defined.

        If the metric joins batches, the object may have a method `shares_updates_of(other)` that returns whether the
        object of another metric, which gets the same predictions and targets, is updated in the same way. If so, it
        takes what it needs from the other one in `compute`, and is not updated itself.

        A metric of torchmetrics is such an object. Its classification metrics apply a sigmoid or softmax to each batch
        that contains a number outside the range 0 to 1: build them only for losses that predict "probabilities", see
        `LossSpec.predicts`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no `build`.")

    @without_lines
    def eject(self, script: "Script", loss: LossSpec, predicted: "PredictionNames") -> str:
        """Return an expression of the metric, a float, for `hookline eject`.

        Args:
            script: takes the functions that the expression needs.
            loss: the loss whose predictions it evaluates.
            predicted: the predictions and true values of all rows of a split, as code.

        """
        raise NotImplementedError(f"{type(self).__name__} has no `eject`.")

    def prepare(self, predictions: "Tensor", targets: "Tensor") -> "tuple[Tensor, Tensor]":
        """Return the predictions and targets of a batch in the form that `update` takes."""
        return predictions, targets
