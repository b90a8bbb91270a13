"""The family of losses: what a loss declares about itself, and the defaults that follow from it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from attrs import asdict, fields

from hookline.data.numerics import log_odds
from hookline.data.targets.encoding import Encoding
from hookline.data.targets.numbers import Numbers
from hookline.errors.text import enumerate_names
from hookline.spec.options import Spec, option, spec

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from torch import Tensor, nn

    from hookline.data.batches import Batch, Data, Outputs

DividedBy = Literal["rows", "weights", "nothing"]
Activation = Literal["identity", "sigmoid", "softmax", "exp", "criterion"]
Predicts = Literal["probabilities", "scores", "numbers", "sequences"]
Offers = Literal["classes", "labels", "numbers", "sequences", "triplets", "embeddings"]

OFFERING: Mapping[Offers, str] = {
    "classes": "predicts classes",
    "labels": "predicts labels",
    "numbers": "predicts numbers",
    "sequences": "predicts sequences",
    "triplets": "predicts the order of triplets",
    "embeddings": "trains embeddings",
}
"""What a loss does that offers a kind of prediction, for messages."""


@spec
class LossSpec(Spec):
    """A loss: builds the criterion, and declares what it compares.

    `target`, `output` and `factor` say which target and output it is given, and how much it counts. A loss of
    `[losses]` is also called by a name, under which its target and output are looked up if these options are left out.
    """

    family = "loss"

    target: str | None = None
    """The target that the loss is given; left out, the one with the loss's own name in `[losses]`, or the only one."""
    output: str | Mapping[str, str] | None = None
    """The output of the model that the loss is given; left out, the one with the loss's own name in `[losses]`, or all
    that there is. A loss that takes several has a table instead, such as `{ input = "mean", var = "spread" }`; outputs
    that the table leaves out have the names that the loss gives them."""
    factor: float = option(default=1.0, unbounded=True)
    """What the loss is multiplied by."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The outputs of the model that the criterion takes, by torch's names of its arguments.

        If there are several, such as `anchor`, `positive` and `negative`, either the groups of inputs have these names,
        and the model is applied to each; or the model itself gives outputs with these names.
        """
        return ("input",)

    @property
    def encoding(self) -> Encoding | None:
        """How its target is encoded; `None` if it takes none."""
        return Numbers()

    @property
    def activation(self) -> Activation:
        """What turns the model's output into a prediction: a probability, or the number itself."""
        return "identity"

    @property
    def offers(self) -> Offers:
        """The kind of `predictions`, which decides the metrics that can judge them: see `MetricSpec.takes`.

        "classes" are probabilities or scores of each class, `(N, C)`; "labels" are probabilities that something holds,
        `(N, k)` or `(N,)`; "numbers" and "sequences" are compared with the targets as they are; "triplets" are
        probabilities that the positive is nearer, of which all should be 1; "embeddings" have no predictions. It
        follows from `encoding.kind`: a loss of embeddings with a target, such as the class of each row, overrides it
        with `offers = "embeddings"`.
        """
        return "embeddings" if self.encoding is None else self.encoding.kind

    @property
    def predicts(self) -> Predicts:
        """The form of `predictions`, whatever the values of a batch are.

        "probabilities" are from 0 to 1, of each class or of each label; "scores" are any numbers, one for each class,
        the greatest of which decides; "numbers" are compared with the targets as they are; "sequences" are indices of
        classes, padded with -1. A loss of classes whose activation is "identity" predicts scores, unless it overrides
        this property.
        """
        if self.offers == "numbers":
            return "numbers"
        if self.offers == "sequences":
            return "sequences"
        return "scores" if self._has_classes and self.activation == "identity" else "probabilities"

    @property
    def _has_classes(self) -> bool:
        return self.encoding is not None and self.encoding.kind == "classes"

    @property
    def ignored_class(self) -> int | None:
        """The index of the class whose rows are ignored, by metrics too."""
        return None

    def own_options(self) -> dict[str, Any]:
        """Its options without `target`, `output` and `factor`, for a criterion that takes them as arguments."""
        common = {attribute.name for attribute in fields(LossSpec)}
        return {name: value for name, value in asdict(self, recurse=False).items() if name not in common}

    def encodings(self, targets: "Collection[str]") -> "Mapping[str, Encoding]":
        """How each of the targets with these names is encoded.

        Raises:
            ValueError: if it takes others; an `OptionError` names the target that is wrong.

        """
        if self.encoding is None:
            if targets:
                # "target" is the name of one without a name of its own, which nobody has written.
                given = "one" if set(targets) == {"target"} else enumerate_names(targets)
                raise ValueError(f"{type(self).__name__} takes no target, and {given} is given.")
            return {}
        if len(targets) != 1:
            given = f"{len(targets)} are" if targets else "none is"
            raise ValueError(f"{type(self).__name__} takes one target, and {given} given.")
        if not isinstance(self.encoding, Encoding):
            raise TypeError(f"`encoding` of {type(self).__name__} must be an encoding, and it is {self.encoding!r}.")
        return dict.fromkeys(targets, self.encoding)

    def name_for(self, target: str | None) -> str:
        """The type of the loss that takes a target, for messages: see `Objective.name_for`."""
        return type(self).__name__

    def build(self, data: "Data") -> "nn.Module":
        """The criterion: called with the model's outputs and the targets, it returns a scalar tensor."""
        raise NotImplementedError(f"{type(self).__name__} has no `build`.")

    def compute(self, criterion: "nn.Module", outputs: "Outputs", batch: "Batch") -> "Tensor":
        """The loss of a batch: the criterion, called with the outputs that `inputs` names, and the target if any.

        Override it for a criterion that takes anything else, such as several targets or the lengths of sequences.
        `factor` is applied afterwards.
        """
        names = self.inputs
        if len(names) == 1:
            return criterion(outputs, batch.target) if batch.targets else criterion(outputs)
        given: Any = outputs
        return criterion(*(given[name] for name in names), *((batch.target,) if batch.targets else ()))

    def unlike_inputs(self, outputs: "Outputs") -> str | None:
        """A message that says how the outputs of the model differ from those that `inputs` names; `None` if not."""
        name, inputs = type(self).__name__, self.inputs
        if len(inputs) > 1 and not isinstance(outputs, Mapping):
            return (
                f"{name} compares several outputs: the inputs of the data must be called {enumerate_names(inputs)}, or "
                f"the model must give outputs of these names."
            )
        several = outputs
        if len(inputs) > 1 and isinstance(outputs, Mapping):
            if missing := [argument for argument in inputs if argument not in outputs]:
                there_are = f"the model gives {enumerate_names(outputs)}"
                no = enumerate_names(missing, "or")
                return f"{name} takes {enumerate_names(inputs)}, and there is no {no}: {there_are}."
            several = next((outputs[one] for one in inputs if isinstance(outputs[one], Mapping)), outputs[inputs[0]])
        if isinstance(several, Mapping):
            return (
                f"{name} takes one output of the model, and it gives {enumerate_names(several)}: say which with "
                f"`output`, or use [losses] with a loss for each."
            )
        return None

    def check_outputs(self, outputs: "Outputs") -> None:
        """Raise a `ValueError` if the outputs are not those that `inputs` names. Called before `check`.

        A loss that overrides `compute` may take others: they are not checked here.
        """
        if type(self).compute is LossSpec.compute and (message := self.unlike_inputs(outputs)):
            raise ValueError(message)

    def predictions(self, criterion: "nn.Module", outputs: "Outputs", batch: "Batch") -> "Tensor":
        """What the model's outputs predict: see `offers` and `predicts`. `(N, C)` for classes, else as the outputs.

        A loss that overrides it clamps probabilities to 0 and 1, so that rounding leads to no others.
        """
        if isinstance(outputs, Mapping):
            raise ValueError(f"{type(self).__name__} takes several outputs, and has no `predictions` for metrics.")
        if self.activation == "sigmoid":
            return outputs.sigmoid()
        if self.activation == "softmax":
            return outputs.softmax(dim=1)
        if self.activation == "exp":
            return outputs.exp() if self.predicts == "numbers" else outputs.exp().clamp(max=1)
        return outputs

    def scores(self, criterion: "nn.Module", outputs: "Outputs", batch: "Batch") -> "Tensor":
        """What metrics rank rows by: numbers that rise with the `predictions`, of the same shape.

        They distinguish rows whose probabilities are so close to 0 or 1 that they round to the same number. A loss that
        overrides `predictions` is ranked by these, unless it overrides `scores` too.
        """
        if isinstance(outputs, Mapping) or self.activation in ("identity", "criterion"):
            return self.predictions(criterion, outputs, batch)
        if self.activation == "softmax" or self._has_classes:
            return log_odds(outputs)
        return outputs

    def truth(self, batch: "Batch") -> "Tensor":
        """What metrics compare the predictions of a batch with."""
        if not batch.targets:
            raise ValueError(f"{type(self).__name__} takes no target, and has no `truth` for metrics.")
        return batch.target

    def doubts_of_data(self, data: "Data") -> "Iterable[str]":
        """Warnings about the targets, as sentences. Called once, before training."""
        return ()

    def check(self, outputs: "Outputs", batch: "Batch", data: "Data") -> None:
        """Raise a `ValueError` if outputs and targets of these shapes and types cannot be compared.

        Called once before training, so that a mistake that torch would broadcast away, or report as an index out of
        bounds in the middle of an epoch, is reported in a sentence.
        """

    def doubts(self, model: "nn.Module", outputs: "Outputs") -> "Iterable[str]":
        """Warnings about model and outputs, as sentences. Called after `check`.

        `model` is the module that gives the outputs: a loss of `[losses]` is given the head of the model with its
        output.

        Raises:
            ValueError: if the training cannot go well, though this example does.

        """
        return ()

    @property
    def divided_by(self) -> DividedBy:
        """What the loss of a batch is divided by: the number of its rows, their weight, or nothing if it is a sum.

        A loss that is a sum declares `divided_by = "nothing"`. One that weighs its rows declares "weights", and
        returns their total weight in `divisor`.
        """
        return "rows"

    def check_accumulation(self) -> None:
        """Raise a `ValueError` if the gradients of a batch cannot be added up from those of its parts."""

    def divisor(self, criterion: "nn.Module", batch: "Batch") -> "Tensor | float | None":
        """What the loss of a batch was divided by, or `None` if it is a sum: losses of batches are averaged by it.

        Follows from `divided_by`, unless this is "weights", which only the loss itself can add up.
        """
        divided_by = self.divided_by
        if divided_by == "weights":
            raise NotImplementedError(f'{type(self).__name__} is divided by "weights", and has no `divisor`.')
        return batch.rows if divided_by == "rows" else None
