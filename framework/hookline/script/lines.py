"""The variables in the lines of components: those of a batch, of predictions and of a loss."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Any

from attrs import evolve, field, frozen

NO_NAMES: Mapping[str, str] = MappingProxyType({})


@frozen(kw_only=True)
class BatchNames:
    """The variables of a batch in the script, in the order in which its function `batches` yields them."""

    inputs: Mapping[str, str]
    """The variable of each group of inputs, by the name of the group."""
    targets: Mapping[str, str] = NO_NAMES
    """The variable of each target, by its name."""
    lengths: Mapping[str, str] = NO_NAMES
    """The variable with the lengths of each group of padded sequences, by the name of the group."""
    weights: str | None = None
    """The variable with the weight of each row in the loss."""
    training: Mapping[str, str] = NO_NAMES
    """The inputs of all training rows in order, as code, by the name of the group; empty if they are not in memory."""
    undo: Mapping[str, str] = NO_NAMES
    """The function that returns the numbers of a transformed target in their original unit, by the target's name."""

    is_distribution: bool = False
    """Whether the only target is the probability of each class, and not a class."""

    @property
    def all(self) -> tuple[str, ...]:
        """All variables."""
        weights = () if self.weights is None else (self.weights,)
        return (*self.inputs.values(), *self.targets.values(), *self.lengths.values(), *weights)

    @property
    def target(self) -> str | None:
        """The variable of the only target."""
        return next(iter(self.targets.values()), None)

    @property
    def rows(self) -> str:
        """The number of rows of a batch, as code."""
        return f"len({next(iter(self.targets.values()), None) or next(iter(self.inputs.values()))})"

    def only(self, target: str | None) -> "BatchNames":
        """Return the names with only this target."""
        targets = {} if target is None else {target: self.targets[target]}
        return evolve(self, targets=targets)

    def of_groups(self, names: Collection[str]) -> "BatchNames":
        """Return the names with only these groups of inputs, and what belongs to them."""
        inputs, lengths, training = (
            {name: code for name, code in table.items() if name in names}
            for table in (self.inputs, self.lengths, self.training)
        )
        return evolve(self, inputs=inputs, lengths=lengths, training=training)

    def changed(self, suffix: str) -> "BatchNames":
        """Return names whose targets and weights of rows are those of other rows, such as `y[order]`."""
        weights = None if self.weights is None else f"{self.weights}{suffix}"
        return evolve(self, targets={name: f"{one}{suffix}" for name, one in self.targets.items()}, weights=weights)


@frozen(kw_only=True)
class LossLines:
    """The lines of a loss: expressions of Python."""

    build: str
    """Builds the criterion, such as `nn.CrossEntropyLoss()`."""
    loss: str
    """The loss of a batch, such as `criterion(outputs, y)`."""
    divisor: str | None
    """What the loss of a batch is divided by: `len(y)`; `None` if it is a sum."""
    is_tensor: bool = False
    """Whether the divisor is a tensor, such as a sum of weights."""
    may_be_zero: bool = False
    """Whether it is 0 if all rows of a batch are ignored; the loss is then 0 / 0."""

    @property
    def count(self) -> str | None:
        """The divisor as a number."""
        return f"{self.divisor}.item()" if self.is_tensor else self.divisor


@frozen(kw_only=True)
class PredictionNames:
    """Expressions for the predictions of a split, and what is true, for metrics."""

    predictions: str
    """What the outputs predict: see `LossSpec.predictions`."""
    scores: str
    """The numbers by which rows are ranked: see `LossSpec.scores`."""
    truth: str
    """The true values: see `LossSpec.truth`."""
    distribution: str = field(default="")
    """The true probabilities of all classes; empty if they are not known."""
    outputs: str = field(default="")
    """The outputs of the model that the loss takes."""
    example: Any = None
    """The prediction for an example of a batch, a `hookline.spec.Prediction`."""
