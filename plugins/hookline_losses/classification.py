"""Losses that compare scores with classes."""

from typing import TYPE_CHECKING, Any

from attrs import evolve

from hookline.data import Batch, Classes, ClassesOrDistribution, Data, Outputs
from hookline.errors import OptionError
from hookline.spec import DividedBy, option, rows_or_weights, spec
from hookline_losses.balanced import Balanced
from hookline_losses.base import TorchLoss, weight_of
from hookline_losses.checks import (
    check_ignored_class,
    check_log_probabilities,
    check_score_for_each_class,
    doubt_marks,
    one_output,
    refuse_negative_index,
)
from hookline_losses.labels import are_probabilities
from hookline_losses.output_ranges import doubt_scores
from hookline_losses.weighted_lines import ejected_weight, has_zero

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn

    from hookline.script import BatchNames, PredictionNames, Script


@spec
class ClassIndexLoss(TorchLoss):
    """The base of losses of one class among several: outputs `(N, C)`, targets class indices `(N,)`.

    With a class per step or pixel: outputs `(N, C, steps)` or `(N, C, height, width)`, targets without C.
    """

    encoding = Classes()

    weight: tuple[float, ...] | Balanced | None = option(default=None, minimum=0)
    """The weight of each class, in class order, or "balanced": rows / (classes * rows of the class) in the training
    split, as in scikit-learn. Default: equal weights."""
    ignore_index: int | None = option(default=None, minimum=0, validator=refuse_negative_index)
    """The index of a class whose rows to ignore. Classes are sorted and counted from 0. Default: none."""

    def arguments(self) -> dict[str, Any]:
        """Return torch's options. Its default of `ignore_index`, -100, is not a class index here."""
        arguments = TorchLoss.arguments(self)
        if self.ignore_index is None:
            del arguments["ignore_index"]
        return arguments

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Require an output, and a weight if there are any, for each class."""
        elements = () if are_probabilities(batch) else tuple(batch.target.shape[1:])
        check_score_for_each_class(type(self).__name__, outputs, self.weight, data, elements)
        check_ignored_class(self.ignore_index, len(data.target.classes or ()))

    @property
    def ignored_class(self) -> int | None:
        """The class that `ignore_index` sets."""
        return self.ignore_index

    def doubts_of_data(self, data: Data) -> "Iterable[str]":
        """Warn about a class that may mark rows without a class."""
        return doubt_marks(self.ignore_index, data)

    @property
    def divided_by(self) -> DividedBy:
        """The weights, if rows can have different weights."""
        counts_differently = self.weight is not None or self.ignored_class is not None
        return "weights" if self.reduction == "mean" and counts_differently else super().divided_by

    def divisor(self, criterion: "nn.Module", batch: Batch) -> "Tensor | float | None":
        """Return the total weight of the counted rows, by which torch divides a mean."""
        divided_by = self.divided_by
        if divided_by != "weights":
            return rows_or_weights(batch) if divided_by == "rows" else None
        return weight_of(batch, self.ignored_class, criterion.weight)  # type: ignore[arg-type]

    def ejected_divisor(self, called: str, batch: "BatchNames") -> str | None:
        """Return the total weight of the counted rows, as code."""
        if self.divided_by != "weights":
            return super().ejected_divisor(called, batch)
        return ejected_weight(batch, self.ignored_class, None if self.weight is None else f"{called}.weight")

    def may_ignore_all(self, criterion: "nn.Module") -> bool:
        """Return whether a batch can have only rows whose class is ignored or has the weight 0."""
        return self.ignored_class is not None or has_zero(criterion.weight)  # type: ignore[arg-type]

    eject = TorchLoss.eject


@spec
class CrossEntropyLoss(ClassIndexLoss):
    """The cross-entropy of one class among several, from raw scores: -log softmax(x)[y].

    The usual choice for classification. The model ends in a layer with one output per class, without Softmax.
    Outputs: float `(N, C)`. Targets: int64 `(N,)`, 0 to C - 1; or float `(N, C)`, the probability of each class, with
    one target column per class: -Σ y log softmax(x). With a class per step or pixel, outputs `(N, C, steps)` or
    `(N, C, height, width)` and targets int64 without C; the loss is the mean over all elements.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html
    """

    encoding = ClassesOrDistribution()
    activation = "softmax"

    label_smoothing: float = option(default=0.0, minimum=0, maximum=1)
    """The fraction of the target that is distributed over all classes."""

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Check the outputs like other losses of classes, and refuse probabilities instead of scores."""
        ClassIndexLoss.check(self, outputs, batch, data)
        if self.ignored_class is not None and are_probabilities(batch):
            message = "`ignore_index` ignores a class, but the targets are probabilities: remove it."
            raise OptionError("ignore_index", message)
        scores = one_output("CrossEntropyLoss", outputs)
        if scores.shape[1] > 1 and (scores >= 0).all() and ((scores.sum(dim=1) - 1).abs() < 1e-4).all():
            raise ValueError(
                "CrossEntropyLoss takes raw scores and turns them into probabilities itself, but the model returns "
                "probabilities: remove its Softmax."
            )

    def doubts(self, model: "nn.Module", outputs: Outputs) -> "Iterable[str]":
        """Warn if the last layer does not return raw scores."""
        return doubt_scores(self, model)

    def divisor(self, criterion: "nn.Module", batch: Batch) -> "Tensor | float | None":
        """Return the weight like other losses of classes; torch divides by the rows if targets are probabilities."""
        if self.reduction == "mean" and are_probabilities(batch):
            return rows_or_weights(batch)
        return super().divisor(criterion, batch)

    eject = TorchLoss.eject

    def ejected_divisor(self, called: str, batch: "BatchNames") -> str | None:
        """Return the weight like other losses of classes, as code."""
        if self.reduction == "mean" and batch.is_distribution:
            return batch.rows if batch.weights is None else f"{batch.weights}.sum()"
        return super().ejected_divisor(called, batch)

    def eject_predictions(
        self, script: "Script", *, called: str, outputs: str, batch: "BatchNames"
    ) -> "PredictionNames":
        """Return the probabilities, and the most probable class if the targets are probabilities."""
        names = super().eject_predictions(script, called=called, outputs=outputs, batch=batch)
        return evolve(names, truth=f"{names.truth}.argmax(dim=1)") if batch.is_distribution else names

    def truth(self, batch: Batch) -> "Tensor":
        """Return the class of each row, or the most probable class."""
        return batch.target.argmax(dim=1) if are_probabilities(batch) else batch.target

    def distribution(self, batch: Batch) -> "Tensor":
        """Return the target as it is."""
        return batch.target


@spec
class NLLLoss(ClassIndexLoss):
    """The negative log-likelihood of one class among several, from log-probabilities: -x[y].

    The model must end in LogSoftmax. Without it, use CrossEntropyLoss, which combines both.
    Outputs: float `(N, C)`. Targets: int64 `(N,)`, 0 to C - 1. With a class per step or pixel, as for CrossEntropyLoss.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html
    """

    activation = "exp"

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Check the outputs like other losses of classes, and require log-probabilities."""
        ClassIndexLoss.check(self, outputs, batch, data)
        check_log_probabilities("NLLLoss", one_output("NLLLoss", outputs).movedim(1, -1), "classes")
