"""Cross-entropy with its own linear layer, which computes scores of many classes in parts."""

from typing import TYPE_CHECKING, Any, Literal

from hookline.data import Batch, Data, Outputs, log_odds
from hookline.errors import MismatchError
from hookline.script import Code, LossLines, constructor, literal
from hookline.spec import DividedBy, classes_of, option, spec
from hookline_losses.balanced import Balanced, with_balanced
from hookline_losses.base import TorchLoss, weight_of
from hookline_losses.checks import check_ignored_class, doubt_marks, refuse_negative_index
from hookline_losses.projecting import ProjectingLoss, check_classes
from hookline_losses.weighted_lines import ejected_weight, has_zero, weighted_lines

if TYPE_CHECKING:
    from collections.abc import Iterable

    from torch import Tensor, nn

    from hookline.script import BatchNames, PredictionNames, Script


@spec
class LinearCrossEntropyLoss(ProjectingLoss):
    """The cross-entropy of one class among many, including the last linear layer, so that scores need no memory.

    Equivalent to CrossEntropyLoss after a Linear layer. torch's arguments `out_features`, for targets of several
    dimensions, and `options`, an object, are not supported.
    Outputs: float `(N, in_features)`. Targets: int64 `(N,)`, 0 to num_classes - 1.

    Source: https://docs.pytorch.org/docs/stable/generated/torch.nn.LinearCrossEntropyLoss.html
    """

    num_classes: int | None = option(default=None, minimum=2)
    """The number of classes. Default: that of the data."""
    bias: bool = False
    """Add a learned bias to each score."""
    reduction: Literal["mean", "sum"] = "mean"
    """Average or add the losses of a batch."""
    weight: tuple[float, ...] | Balanced | None = option(default=None, minimum=0)
    """The weight of each class, in class order, or "balanced": rows / (classes * rows of the class) in the training
    split, as in scikit-learn. Default: equal weights."""
    ignore_index: int | None = option(default=None, minimum=0, validator=refuse_negative_index)
    """The index of a class whose rows to ignore. Classes are sorted and counted from 0. Default: none."""
    label_smoothing: float = option(default=0.0, minimum=0, maximum=1)
    """The fraction of the target that is distributed over all classes."""

    def build(self, data: Data) -> "nn.Module":
        """Return torch's class for the classes of the data."""
        import torch

        options = self.own_options()
        options["num_classes"] = self.num_classes or len(data.target.classes or ())
        if (weight := with_balanced(options, data, self.ignored_class)["weight"]) is not None:
            if len(weight) != options["num_classes"]:
                message = f"There are {options['num_classes']} classes, but `weight` has {len(weight)} numbers."
                raise MismatchError(message, ("loss", "weight"))
            options["weight"] = torch.tensor(weight, dtype=torch.get_default_dtype())
        return torch.nn.LinearCrossEntropyLoss(**options)

    def eject(
        self, script: "Script", criterion: "nn.Module", *, called: str, outputs: str, batch: "BatchNames"
    ) -> LossLines:
        """Return torch's class for the classes of the data."""
        import torch

        weight: Any = criterion.weight
        options = {**self.own_options(), "num_classes": criterion.num_classes}
        if self.weight is not None:
            options["weight"] = Code(script.moved(f"torch.tensor({literal(weight.tolist())})"))
        loss, divisor = f"{called}({outputs}, {batch.target})", None
        if self.divided_by == "weights":
            divisor = ejected_weight(batch, self.ignored_class, None if self.weight is None else f"{called}.weight")
        elif self.divided_by == "rows":
            divisor = batch.rows if batch.weights is None else f"{batch.weights}.sum()"
        if batch.weights is not None:
            options["reduction"] = "none"
            loss = weighted_lines(self, script, loss, batch.weights, divisor)
        is_tensor = divisor not in (None, batch.rows)
        may_be_zero = is_tensor and (batch.weights is not None or self.ignored_class is not None or has_zero(weight))
        made = constructor("nn.LinearCrossEntropyLoss", torch.nn.LinearCrossEntropyLoss, options)
        return LossLines(build=made, loss=loss, divisor=divisor, is_tensor=is_tensor, may_be_zero=may_be_zero)

    def eject_predictions(
        self, script: "Script", *, called: str, outputs: str, batch: "BatchNames"
    ) -> "PredictionNames":
        """Return the probability of each class, and its log-odds."""
        scores = f"{called}.linear({outputs})"
        return classes_of(script, f"{scores}.softmax(dim=1)", scores, batch)

    row_losses = TorchLoss.row_losses

    def predictions(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """Return the probability of each class."""
        return criterion.linear(outputs).softmax(dim=1)  # type: ignore[operator]

    def scores(self, criterion: "nn.Module", outputs: Outputs, batch: Batch) -> "Tensor":
        """Return the log-odds of each class."""
        return log_odds(criterion.linear(outputs))  # type: ignore[operator]

    def check(self, outputs: Outputs, batch: Batch, data: Data) -> None:
        """Require as many outputs as features, and at least as many classes as in the data."""
        ProjectingLoss.check(self, outputs, batch, data)
        check_classes(self.num_classes, "num_classes", data)
        check_ignored_class(self.ignore_index, self.num_classes or len(data.target.classes or ()))

    @property
    def divided_by(self) -> DividedBy:
        """The weights, if rows can have different weights."""
        if self.reduction == "sum":
            return "nothing"
        return "weights" if self.weight is not None or self.ignored_class is not None else "rows"

    @property
    def ignored_class(self) -> int | None:
        """The class that `ignore_index` sets."""
        return self.ignore_index

    def doubts_of_data(self, data: Data) -> "Iterable[str]":
        """Warn about a class that may mark rows without a class."""
        return doubt_marks(self.ignore_index, data)

    def divisor(self, criterion: "nn.Module", batch: Batch) -> "Tensor | float | None":
        """Return the total weight of the counted rows, by which torch divides a mean."""
        if self.divided_by != "weights":
            return super().divisor(criterion, batch)
        return weight_of(batch, self.ignored_class, criterion.weight)  # type: ignore[arg-type]
