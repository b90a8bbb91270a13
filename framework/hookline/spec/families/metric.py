"""The family of metrics: what a metric says of itself, and how it is built."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from hookline.spec.families.loss import LossSpec
from hookline.spec.options import Spec, spec

if TYPE_CHECKING:
    from torch import Tensor


@spec
class MetricSpec(Spec):
    """A number that judges predictions."""

    family = "metric"

    name: str | None = None
    """What the metric is called in the results; left out, it is called as its type."""
    target: str | None = None
    """Which of several targets it judges; left out, the only one."""

    higher_is_better: ClassVar[bool] = True
    """Whether a greater number is the better one, as early stopping needs to know."""

    undefined: ClassVar[str] = ""
    """When the metric is NaN, in a sentence: the warning that it is says so."""

    @property
    def takes(self) -> Literal["predictions", "scores"]:
        """What of the loss it judges: its `predictions`, or its `scores` if only the order of the rows counts."""
        return "predictions"

    @property
    def least_rows(self) -> int:
        """How many rows a split must have for the metric to be defined: with fewer it is NaN."""
        return 1

    @property
    def label(self) -> str:
        """The name that stands in the results."""
        return self.name or type(self).__name__

    def check(self, loss: LossSpec) -> None:
        """Raise a `ValueError` if the metric cannot judge what is trained with this loss.

        An `OptionError` names the option that does not go with the loss, or with the other options.
        """

    def build(self, loss: LossSpec, predictions: "Tensor") -> Any:
        """An object that accumulates batches: it has `update(predictions, targets)`, `compute()` and `to(device)`.

        `predictions` are those of the first batch, or its scores, as `takes` says: the number of classes follows from
        them. `to` returns the object, and `compute` a number: NaN where the metric is not defined.

        A metric of torchmetrics is such an object. Those of classes apply a sigmoid or softmax to each batch that has a
        number outside 0 and 1: build them only for losses that predict "probabilities", see `LossSpec.predicts`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no `build`.")

    def prepare(self, predictions: "Tensor", targets: "Tensor") -> "tuple[Tensor, Tensor]":
        """The predictions of a batch and its targets as `update` takes them."""
        return predictions, targets
