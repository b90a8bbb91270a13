"""The family of losses: what a loss declares about itself, and the defaults that follow from it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from attrs import asdict, fields

from hookline.data.numerics import log_odds
from hookline.data.targets.encoding import Encoding
from hookline.data.targets.numbers import Numbers
from hookline.errors.text import enumerate_names
from hookline.script.written import without_lines
from hookline.spec.options import Spec, option, spec

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from torch import Tensor, nn

    from hookline.data.batches import Batch, Data, Outputs
    from hookline.data.targets.encoding import Target
    from hookline.script.lines import BatchNames, LossLines, PredictionNames
    from hookline.script.script import Script

DividedBy = Literal["rows", "weights", "nothing"]
Activation = Literal["identity", "sigmoid", "softmax", "exp", "criterion"]
Predicts = Literal["probabilities", "scores", "numbers", "sequences"]
Offers = Literal["classes", "labels", "numbers", "sequences", "triplets", "embeddings"]

_OFFERS: Mapping[Offers, str] = {
    "classes": "predicts classes",
    "labels": "predicts labels",
    "numbers": "predicts numbers",
    "sequences": "predicts sequences",
    "triplets": "predicts the order of triplets",
    "embeddings": "trains embeddings",
}
"""A verb phrase for each kind of prediction, for messages."""


@spec
class LossSpec(Spec):
    """A loss: builds the criterion, and declares what it compares.

    `target` and `output` select its target and its output of the model, and `factor` is its weight. A loss in
    `[losses]` also has a name, which is the default for both.
    """

    family = "loss"
    behavior = ("build", "compute", "divisor")

    unstackable: ClassVar[str] = ""
    """Why trials with it cannot be trained together: see `vectorize` of a tuner. Empty if they can."""

    target: str | None = None
    """The target of the loss. Default: the one with the loss's own name in `[losses]`, or the only one."""
    output: str | Mapping[str, str] | None = None
    """The output of the model that the loss takes. Default: the one with the loss's own name in `[losses]`, or all
    outputs. For a loss that takes several outputs, pass a table such as `{ input = "mean", var = "spread" }`; a name
    that is missing from the table stands for the output of the same name."""
    factor: float = option(default=1.0, unbounded=True)
    """The factor by which the loss is multiplied."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The outputs of the model that the criterion takes, by torch's argument names.

        If there are several, such as `anchor`, `positive` and `negative`, either the groups of inputs have these names
        and the model is applied to each group, or the model itself returns outputs with these names.
        """
        return ("input",)

    @property
    def encoding(self) -> Encoding | None:
        """The encoding of the target; `None` if the loss takes no target."""
        return Numbers()

    @property
    def activation(self) -> Activation:
        """The function that turns the model's output into a prediction: a probability, or the number itself."""
        return "identity"

    @property
    def offers(self) -> Offers:
        """The kind of `predictions`, which determines the metrics that can evaluate them: see `MetricSpec.takes`.

        "classes" are probabilities or scores of each class, `(N, C)`. "labels" are probabilities that a label is true,
        `(N, k)` or `(N,)`. "numbers" and "sequences" are compared with the targets as they are. "triplets" are
        probabilities that the positive is nearer, all of which should be 1. "embeddings" have no predictions.

        The default is `encoding.kind`. A loss of embeddings with a target, such as the class of each row, overrides it
        with `offers = "embeddings"`.
        """
        return "embeddings" if self.encoding is None else self.encoding.kind

    def offer(self) -> str:
        """Return what the loss offers as a clause for messages, such as "MSELoss predicts numbers"."""
        return f"{type(self).__name__} {_OFFERS[self.offers]}"

    @property
    def predicts(self) -> Predicts:
        """The form of `predictions`, independent of the values in a batch.

        "probabilities" are from 0 to 1, one per class or label. "scores" are any numbers, one per class; the class with
        the largest is predicted. "numbers" are compared with the targets as they are. "sequences" are class indices,
        padded with -1. A loss of classes whose activation is "identity" predicts scores, unless it overrides this
        property.
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
        """The index of the class whose rows are ignored, also by metrics; `None` if there is none."""
        return None

    def own_options(self) -> dict[str, Any]:
        """Return the options except `target`, `output` and `factor`, for a criterion that takes them as arguments."""
        common = {attribute.name for attribute in fields(LossSpec)}
        return {name: value for name, value in asdict(self, recurse=False).items() if name not in common}

    def encodings(self, targets: "Collection[str]") -> "Mapping[str, Encoding]":
        """Return the encoding of each of the targets with these names.

        Raises:
            ValueError: If the loss takes other targets; an `OptionError` names the wrong target.

        """
        if self.encoding is None:
            if targets:
                # "target" is the internal name of a target without a name.
                given = "one" if set(targets) == {"target"} else enumerate_names(targets)
                raise ValueError(f"{type(self).__name__} takes no target, but {given} is given.")
            return {}
        if len(targets) != 1:
            given = f"{len(targets)} are" if targets else "none is"
            raise ValueError(f"{type(self).__name__} takes one target, but {given} given.")
        if not isinstance(self.encoding, Encoding):
            raise TypeError(f"`encoding` of {type(self).__name__} must be an encoding, not {self.encoding!r}.")
        return dict.fromkeys(targets, self.encoding)

    def name_for(self, target: str | None) -> str:
        """Return the type of the loss that takes a target, for messages: see `Objective.name_for`."""
        return type(self).__name__

    def output_size(self, target: "Target") -> int | None:
        """Return how many outputs of the model the loss takes for each row; `None` if any number, or if it is unknown.

        The last layer of the model gets this size if the spec omits it. The default is one output for each class, or
        for each column of the target. For a loss that takes several outputs, the default is `None`.

        Args:
            target: what the training rows say about the target.

        """
        if self.offers == "embeddings" or len(self.inputs) > 1:
            return None
        if self.offers in ("classes", "sequences"):
            return len(target.classes) if target.classes is not None else len(target.columns)
        if target.shape:  # A number for each step or pixel.
            return None
        return len(target.columns) or None

    def build(self, data: "Data") -> "nn.Module":
        """Return the criterion, a module that takes the model's outputs and the targets and returns a scalar tensor."""
        raise NotImplementedError(f"{type(self).__name__} has no `build`.")

    def compute(self, criterion: "nn.Module", outputs: "Outputs", batch: "Batch") -> "Tensor":
        """Return the loss of a batch, a scalar tensor: call the criterion with the outputs in `inputs` and the target.

        Override this for a criterion that takes anything else, such as several targets or sequence lengths. `factor` is
        applied afterwards. A batch whose rows have weights is passed to `weighted` instead.
        """
        names = self.inputs
        if len(names) == 1:
            return criterion(outputs, batch.target) if batch.targets else criterion(outputs)
        given: Any = outputs
        return criterion(*(given[name] for name in names), *((batch.target,) if batch.targets else ()))

    @property
    def takes_weights(self) -> bool:
        """Whether rows can have weights, such as `weight_column` of a table: whether it has `row_losses`.

        A class that overrides `compute` or `build` must override `row_losses` too, since the one that it inherits may
        compute another loss.
        """
        for kind in type(self).__mro__:
            own = vars(kind)
            if kind is LossSpec or "row_losses" in own:
                return kind is not LossSpec
            if "compute" in own or "build" in own:
                return False
        return False

    def row_losses(self, criterion: "nn.Module", outputs: "Outputs", batch: "Batch") -> "Tensor":
        """Return the loss of each row `(N,)`, or of each of its elements `(N, …)`, to which weights are applied.

        Override this in a loss that can weight its rows: return what the criterion would return with torch's
        `reduction="none"`. Elements of a row are averaged, or added if `divided_by` is "nothing" or "weights".
        """
        raise NotImplementedError(f"{type(self).__name__} has no `row_losses`, so rows cannot have weights.")

    def weighted(self, criterion: "nn.Module", outputs: "Outputs", batch: "Batch") -> "Tensor":
        """Return the loss of a batch whose rows have weights w: Σ w l / Σ w, with the loss l of each row.

        For `divided_by = "nothing"` it is Σ w l. For "weights", such as class weights c, it is Σ w l / Σ w c, where l
        contains c. It is 0, with gradients of 0, if all weights of the batch are 0.
        """
        import torch

        losses = self.row_losses(criterion, outputs, batch)
        if losses.dim() > 1:
            losses = losses.flatten(1)
            losses = losses.mean(dim=1) if self.divided_by == "rows" else losses.sum(dim=1)
        assert batch.weights is not None
        total = (batch.weights * losses).sum()
        divisor = self.divisor(criterion, batch)
        if divisor is None:
            return total
        return total / torch.as_tensor(divisor).clamp(min=torch.finfo(total.dtype).tiny)

    def unlike_inputs(self, outputs: "Outputs") -> str | None:
        """Return a message if the outputs of the model are not those that `inputs` names, otherwise `None`."""
        name, inputs = type(self).__name__, self.inputs
        if len(inputs) > 1 and not isinstance(outputs, Mapping):
            return (
                f"{name} compares several outputs: name the inputs of the data {enumerate_names(inputs)}, or return "
                f"outputs with these names from the model."
            )
        several = outputs
        if len(inputs) > 1 and isinstance(outputs, Mapping):
            if missing := [argument for argument in inputs if argument not in outputs]:
                there_are = f"the model returns {enumerate_names(outputs)}"
                no = enumerate_names(missing, "or")
                return f"{name} takes {enumerate_names(inputs)}, but there is no {no}: {there_are}."
            several = next((outputs[one] for one in inputs if isinstance(outputs[one], Mapping)), outputs[inputs[0]])
        if isinstance(several, Mapping):
            return (
                f"{name} takes one output of the model, which returns {enumerate_names(several)}: select one with "
                f"`output`, or use [losses] with a loss for each."
            )
        return None

    def check_outputs(self, outputs: "Outputs") -> None:
        """Raise a `ValueError` if the outputs are not those that `inputs` names. Called before `check`.

        The outputs of a loss that overrides `compute` are not checked, since it may take others.
        """
        if type(self).compute is LossSpec.compute and (message := self.unlike_inputs(outputs)):
            raise ValueError(message)

    def distances(self, criterion: "nn.Module", outputs: "Outputs", batch: "Batch") -> "Mapping[str, Tensor]":
        """Return what the loss compares in pairs or triplets of rows, `(N,)` or `(N, k)`, for `hookline evaluate`.

        A loss of pairs, which offers "labels", returns one quantity by its name, such as "distance" or "cosine". A loss
        of triplets returns the distances "positive" and "negative". The default, for all other losses, is nothing.
        """
        return {}

    def predictions(self, criterion: "nn.Module", outputs: "Outputs", batch: "Batch") -> "Tensor":
        """Return what the outputs predict: see `offers` and `predicts`. `(N, C)` for classes, else like the outputs.

        If you override this, clamp probabilities to the range 0 to 1, which rounding may exceed.
        """
        if isinstance(outputs, Mapping):
            raise ValueError(f"{type(self).__name__} takes several outputs and has no `predictions` for metrics.")
        if self.activation == "sigmoid":
            return outputs.sigmoid()
        if self.activation == "softmax":
            return outputs.softmax(dim=1)
        if self.activation == "exp":
            return outputs.exp() if self.predicts == "numbers" else outputs.exp().clamp(max=1)
        return outputs

    def scores(self, criterion: "nn.Module", outputs: "Outputs", batch: "Batch") -> "Tensor":
        """Return the numbers by which metrics rank rows: they increase with `predictions` and have the same shape.

        They distinguish rows whose probabilities are so close to 0 or 1 that they round to the same number. If a loss
        overrides `predictions` but not `scores`, its rows are ranked by `predictions`.
        """
        if isinstance(outputs, Mapping) or self.activation in ("identity", "criterion"):
            return self.predictions(criterion, outputs, batch)
        if self.activation == "softmax" or self._has_classes:
            return log_odds(outputs)
        return outputs

    def check_transformed(self, targets: "Collection[str]") -> None:
        """Raise a `ValueError` if the targets of these names cannot be transformed, such as standardized.

        The loss compares outputs with the transformed numbers, and predictions are transformed back. By default this
        suits losses of any numbers: not those of counts, classes or labels.
        """
        encoding = self.encoding
        if not isinstance(encoding, Numbers):
            raise ValueError(f"{type(self).__name__} does not compare numbers, so its target cannot be transformed.")
        if encoding.minimum is not None:
            raise ValueError(
                f"{type(self).__name__} needs numbers of at least {encoding.minimum:g}, such as counts, whose "
                f"distribution a transformation would change."
            )

    def main_target(self, targets: "Collection[str]") -> str | None:
        """Return the name of the target that the predictions estimate; `None` if the loss takes no target.

        The default is the first target. Override this, like `truth`, for a loss that takes several.
        """
        return None if self.encoding is None else next(iter(targets), None)

    def truth(self, batch: "Batch") -> "Tensor":
        """Return the true values with which metrics compare the predictions of a batch."""
        if not batch.targets:
            raise ValueError(f"{type(self).__name__} takes no target and has no `truth` for metrics.")
        return batch.target

    def distribution(self, batch: "Batch") -> "Tensor":
        """Return the true probability of each class, `(N, C)`, where the targets of a batch say it; else the `truth`.

        For metrics that compare distributions: see `MetricSpec.takes_distributions`.
        """
        return self.truth(batch)

    def doubts_of_data(self, data: "Data") -> "Iterable[str]":
        """Yield warnings about the targets, as sentences. Called once, before training."""
        return ()

    def check(self, outputs: "Outputs", batch: "Batch", data: "Data") -> None:
        """Raise a `ValueError` if outputs and targets of these shapes and types cannot be compared.

        Called once before training, to report mistakes that torch would hide by broadcasting, or report in the middle
        of an epoch as an index out of bounds.
        """

    def doubts(self, model: "nn.Module", outputs: "Outputs") -> "Iterable[str]":
        """Yield warnings about model and outputs, as sentences. Called after `check`.

        `model` is the module that returns the outputs: for a loss in `[losses]`, the head of its output.

        Raises:
            ValueError: If later batches would fail although this one does not.

        """
        return ()

    @property
    def divided_by(self) -> DividedBy:
        """What the loss of a batch is divided by: its number of rows, their total weight, or nothing.

        If rows have weights of their own (`Batch.weights`), "rows" stands for the sum of these.

        A loss that is a sum sets `divided_by = "nothing"`. One that weights its rows sets "weights", and returns their
        total weight from `divisor`.
        """
        return "rows"

    def check_accumulation(self) -> None:
        """Raise a `ValueError` if the gradients of a batch are not the sum of the gradients of its parts."""

    def divisor(self, criterion: "nn.Module", batch: "Batch") -> "Tensor | float | None":
        """Return what the loss of a batch was divided by; `None` for a sum. It weights the batch in averages.

        Override this if `divided_by` is "weights", since only the loss can compute the total weight.
        """
        divided_by = self.divided_by
        if divided_by == "weights":
            raise NotImplementedError(f'{type(self).__name__} is divided by "weights" but has no `divisor`.')
        return rows_or_weights(batch) if divided_by == "rows" else None

    @without_lines
    def eject(
        self, script: "Script", criterion: "nn.Module", *, called: str, outputs: str, batch: "BatchNames"
    ) -> "LossLines":
        """Return the expressions that build the criterion and compute the loss of a batch, for `hookline eject`.

        Args:
            script: takes the imports and functions that they need.
            criterion: the criterion that `build` returned.
            called: the variable of the criterion.
            outputs: the outputs of the model, as code; a dictionary if the loss takes several.
            batch: the variables of the batch.

        """
        raise NotImplementedError(f"{type(self).__name__} has no `eject`.")

    def eject_predictions(
        self, script: "Script", *, called: str, outputs: str, batch: "BatchNames"
    ) -> "PredictionNames":
        """Return expressions for what the outputs of a split predict, and for what is true.

        The default applies `activation`. Override it together with `predictions`, `scores` or `truth`.
        """
        from hookline.spec.objective.prediction_lines import prediction_names

        return prediction_names(self, script, outputs, batch)


def rows_or_weights(batch: "Batch") -> "Tensor | int":
    """Return the number of rows of a batch, or the sum of their weights if they have any."""
    return batch.rows if batch.weights is None else batch.weights.sum()
