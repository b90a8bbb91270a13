"""The family of losses: what a loss says of itself, and what follows for those that say nothing else."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from hookline.data.numerics import log_odds
from hookline.data.targets.classes import Classes, Distribution
from hookline.data.targets.encoding import Encoding
from hookline.data.targets.numbers import Numbers
from hookline.data.targets.sequences import Sequences
from hookline.errors.text import did_you_mean, enumerate_names
from hookline.spec.options import Spec

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from torch import Tensor, nn

    from hookline.data.batches import Batch, Data, Outputs

DividedBy = Literal["rows", "weights", "nothing"]
Activation = Literal["identity", "sigmoid", "softmax", "exp", "criterion"]
Predicts = Literal["probabilities", "scores", "numbers", "sequences"]


class LossSpec(Spec):
    """A loss: builds the criterion, and says what it takes its inputs and targets to be."""

    __slots__ = ()
    family = "loss"

    @property
    def inputs(self) -> tuple[str, ...]:
        """The arguments of the criterion that the model gives, by torch's names.

        Of several, such as `anchor`, `positive` and `negative`, the groups of the data's inputs bear the names, and the
        model is applied to each; or else the model itself gives outputs of these names.
        """
        return ("input",)

    @property
    def encoding(self) -> Encoding | None:
        """How its target is told to it; `None` if it takes none."""
        return Numbers()

    @property
    def activation(self) -> Activation:
        """What turns the model's output into a prediction: a probability, or the number itself."""
        return "identity"

    @property
    def predicts(self) -> Predicts:
        """What `predictions` returns, whatever the values of a batch are.

        "probabilities" are from 0 to 1, of each class or of each label; "scores" are any numbers, one for each class,
        the greatest of which decides; "numbers" are compared with the targets as they are; "sequences" are indices of
        classes, padded with -1. A loss of classes whose activation is "identity" predicts scores, unless it says
        otherwise here.
        """
        if isinstance(self.encoding, Numbers):
            return "numbers"
        if isinstance(self.encoding, Sequences):
            return "sequences"
        return "scores" if self._has_classes and self.activation == "identity" else "probabilities"

    @property
    def _has_classes(self) -> bool:
        return isinstance(self.encoding, (Classes, Distribution))

    @property
    def ignored_class(self) -> int | None:
        """The index of the class whose rows do not count, so that metrics do not count them either."""
        return None

    def encodings(self, targets: "Collection[str]") -> "Mapping[str, Encoding]":
        """How each of the targets of these names is told to it.

        Raises:
            ValueError: if it takes others; an `OptionError` of a target's name says that it is this one.

        """
        if self.encoding is None:
            if targets:
                # One without a name of its own is called "target", which nobody has written.
                given = "one" if set(targets) == {"target"} else enumerate_names(targets)
                raise ValueError(f"{type(self).__name__} takes no target, and {given} is given.")
            return {}
        if len(targets) != 1:
            given = f"{len(targets)} are" if targets else "none is"
            raise ValueError(f"{type(self).__name__} takes one target, and {given} given.")
        if not isinstance(self.encoding, Encoding):
            raise TypeError(f"`encoding` of {type(self).__name__} must be an encoding, and it is {self.encoding!r}.")
        return dict.fromkeys(targets, self.encoding)

    def build(self, data: "Data") -> "nn.Module":
        """The criterion: called with the model's outputs and the targets, it returns a scalar tensor."""
        raise NotImplementedError(f"{type(self).__name__} has no `build`.")

    def compute(self, criterion: "nn.Module", outputs: "Outputs", batch: "Batch") -> "Tensor":
        """The loss of a batch: the criterion, called with the outputs that `inputs` names, and the target if any.

        Override it for a criterion that takes anything else, such as several targets or the lengths of sequences.
        """
        names = self.inputs
        if len(names) == 1:
            return criterion(outputs, batch.target) if batch.targets else criterion(outputs)
        given: Any = outputs
        return criterion(*(given[name] for name in names), *((batch.target,) if batch.targets else ()))

    def unlike_inputs(self, outputs: "Outputs") -> str | None:
        """What the outputs of the model are, if they are not those that `inputs` names, and what to do, in sentences.

        Nothing is said of a loss that is made of several.
        """
        name, inputs = type(self).__name__, self.inputs
        if self.parts:
            return None
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
                f"{name} takes one output of the model, and it gives {enumerate_names(several)}: use a loss that "
                f"combines one for each of them, or a model with one output."
            )
        return None

    def check_outputs(self, outputs: "Outputs") -> None:
        """Raise a `ValueError` if the outputs are not those that `inputs` names. Asked before `check`.

        A loss with a `compute` of its own may take others, and is not asked.
        """
        if type(self).compute is LossSpec.compute and (message := self.unlike_inputs(outputs)):
            raise ValueError(message)

    def predictions(self, criterion: "nn.Module", outputs: "Outputs", batch: "Batch") -> "Tensor":
        """What the model's outputs predict: see `predicts`. Of classes `(N, C)`, of labels and numbers as the outputs.

        A loss with predictions of its own clamps probabilities to 0 and 1, so that rounding leads to no others.
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

        They tell rows apart whose probabilities are so close to 0 or 1 that they round to the same number. A loss with
        predictions of its own is ranked by these, unless it has scores of its own, too.
        """
        if isinstance(outputs, Mapping) or self.activation in ("identity", "criterion"):
            return self.predictions(criterion, outputs, batch)
        if self.activation == "softmax" or self._has_classes:
            return log_odds(outputs)
        return outputs

    def truth(self, batch: "Batch") -> "Tensor":
        """What the predictions of a batch are compared with by metrics."""
        if not batch.targets:
            raise ValueError(f"{type(self).__name__} takes no target, and has no `truth` for metrics.")
        return batch.target

    def doubts_of_data(self, data: "Data") -> "Iterable[str]":
        """What makes one wonder about the targets: sentences that become warnings. Asked once, before training."""
        return ()

    def check(self, outputs: "Outputs", batch: "Batch", data: "Data") -> None:
        """Raise a `ValueError` if outputs and targets of these shapes and types cannot be compared.

        Asked once before training, so that a mistake that torch would broadcast away, or report as an index out of
        bounds in the middle of an epoch, is told in a sentence.
        """

    def doubts(self, model: "nn.Module", outputs: "Outputs") -> "Iterable[str]":
        """What makes one wonder about model and outputs: sentences that become warnings. Asked after `check`.

        The model is what gives the outputs: of a combined loss, each is given the part of the model with its output.

        Raises:
            ValueError: if the training cannot go well, though this example does.

        """
        return ()

    @property
    def divided_by(self) -> DividedBy:
        """What the loss of a batch is divided by: how many rows it has, what they weigh, or nothing if it is a sum.

        A loss that is a sum says `divided_by = "nothing"`, and no more; one that weighs its rows says "weights", and in
        `divisor` what those of a batch weigh together.
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

    @property
    def parts(self) -> "Mapping[str, LossSpec]":
        """The losses of which it is made, if it is made of several, by the names under which they are logged."""
        return {}

    @property
    def factors(self) -> "Mapping[str, float]":
        """By what each of `parts` is multiplied, if the loss is their sum; none, if it is made of them otherwise.

        The loss that is logged is then the sum of the parts that are logged, each times its factor, whatever the batch
        size and whatever each part is divided by.
        """
        return {}

    def of_target(self, part: str | None) -> "LossSpec":
        """The loss that a metric goes by: itself, or of a combined loss the part of this name, or its only one.

        Raises:
            ValueError: if there is no such part, or if several are to be told apart and none is named.

        """
        if not self.parts:
            if part is not None:
                raise ValueError(f"{type(self).__name__} has one target: leave out `target`.")
            return self
        if part is None and len(self.parts) == 1:
            return next(iter(self.parts.values()))
        if part is None:
            raise ValueError(f"There are several targets: `target` says which, {enumerate_names(self.parts, 'or')}.")
        if part not in self.parts:
            raise ValueError(f'There is no target "{part}".{did_you_mean(part, self.parts)}')
        return self.parts[part]

    def part(
        self, part: str | None, criterion: "nn.Module", outputs: "Outputs", batch: "Batch"
    ) -> "tuple[nn.Module, Outputs, Batch]":
        """Of criterion, outputs and batch what belongs to a part, or to the only one if none is named.

        All of it, unless the loss is made of several.
        """
        return criterion, outputs, batch

    def latest_parts(self, criterion: "nn.Module") -> "Mapping[str, Tensor]":
        """The losses, detached, of which the latest one was made, by the names of the parts."""
        return {}

    def latest_divisors(self, criterion: "nn.Module") -> "Mapping[str, Tensor | float | None]":
        """The divisors of `latest_parts` that are already known, by the names of the parts; `divisor` gives others."""
        return {}
