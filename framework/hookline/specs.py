"""The families of components that a spec names, each a base class.

A component is an attrs class below one of the family classes. Its name is the `type` that a spec file gives, its
fields are the options, and it is found when a plugin returns it from `register_specs`. Nothing here imports torch:
a component imports it where it builds something.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from attrs import evolve

from hookline.encodings.base import Encoding
from hookline.encodings.numbers import Numbers
from hookline.errors import MisfitError, OptionError
from hookline.options import Spec, option, spec
from hookline.parameters import NamedParameter, ParameterGroup, ParameterSelection, divided, group_type
from hookline.wording import did_you_mean, enumerate_names

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from attrs import Attribute
    from torch import Tensor, nn, optim

    from hookline.data import Batch, Data, Outputs
    from hookline.run import Run
    from hookline.training_spec import TrainingSpec
    from hookline.trial import Trial

DividedBy = Literal["rows", "weights", "nothing"]
Activation = Literal["identity", "sigmoid", "softmax", "exp", "criterion"]


class ModelSpec(Spec):
    """A model, or one layer of it: builds an `nn.Module` that fits its inputs."""

    __slots__ = ()
    family = "model"

    def build(self, *inputs: Any) -> "nn.Module":
        """The module, with newly initialised parameters on the device of the inputs.

        `inputs` are what the module will be applied to: a batch of the right shape and type, with one row. Sizes that
        the spec leaves out follow from them. A component says by the arguments of its own how many it takes: most take
        one, `build(self, inputs)`.

        The module gives a tensor, or several by name as a mapping. One that looks at the lengths of padded sequences
        has the attribute `takes_lengths = True` and is called with `lengths=`: see `apply_module`. One that changes the
        shape only has `keeps_values = True`: a loss looks past it for what the model ends in.
        """
        raise NotImplementedError


class LayerSpec(ModelSpec):
    """One layer of a model. Every layer can be a model by itself."""

    __slots__ = ()
    family = "layer"


@spec
class InitializationSpec(ParameterSelection):
    """How the parameters that it selects are initialised, instead of as their layer does it."""

    family = "initialization"

    def initialize(self, tensor: "Tensor") -> None:
        """Write over a parameter."""
        raise NotImplementedError


class DistanceSpec(Spec):
    """A distance, for losses that let one choose."""

    __slots__ = ()
    family = "distance"

    def build(self) -> "Callable[[Tensor, Tensor], Tensor]":
        """A function of two tensors `(N, features)` that gives the distance of their rows, `(N,)`."""
        raise NotImplementedError


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
    def ignored_class(self) -> int | None:
        """The index of the class whose rows do not count, so that metrics do not count them either."""
        return None

    def encodings(self, targets: "Collection[str]") -> "Mapping[str, Encoding]":
        """How each of the targets of these names is told to it.

        Raises:
            ValueError: if it takes others.

        """
        if self.encoding is None:
            if targets:
                raise ValueError(f"{type(self).__name__} takes no target, and {enumerate_names(targets)} is given.")
            return {}
        if len(targets) != 1:
            given = f"{len(targets)} are" if targets else "none is"
            raise ValueError(f"{type(self).__name__} takes one target, and {given} given.")
        return dict.fromkeys(targets, self.encoding)

    def build(self, data: "Data") -> "nn.Module":
        """The criterion: called with the model's outputs and the targets, it returns a scalar tensor."""
        raise NotImplementedError

    def compute(self, criterion: "nn.Module", outputs: "Outputs", batch: "Batch") -> "Tensor":
        """The loss of a batch: the criterion, applied to what it takes of the outputs and of the batch."""
        return criterion(outputs, batch.target)

    def predictions(self, criterion: "nn.Module", outputs: "Outputs", batch: "Batch") -> "Tensor":
        """What the model's outputs predict: probabilities where the loss knows them."""
        assert not isinstance(outputs, Mapping), "A loss that takes several outputs has its own predictions."
        if self.activation == "sigmoid":
            return outputs.sigmoid()
        if self.activation == "softmax":
            return outputs.softmax(dim=1)
        if self.activation == "exp":
            return outputs.exp()
        return outputs

    def truth(self, batch: "Batch") -> "Tensor":
        """What the predictions of a batch are compared with by metrics."""
        return batch.target

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
        """What the loss of a batch is divided by: how many rows it has, what they weigh, or nothing if it is a sum."""
        return "rows"

    def check_accumulation(self) -> None:
        """Raise a `ValueError` if the gradients of a batch cannot be added up from those of its parts."""

    def divisor(self, criterion: "nn.Module", batch: "Batch") -> "Tensor | float | None":
        """What the loss of a batch was divided by, or `None` if it is a sum: losses of batches are averaged by it."""
        return batch.rows

    @property
    def parts(self) -> "Mapping[str, LossSpec]":
        """The losses of which it is made, if it is made of several, by the names under which they are logged."""
        return {}

    def of_target(self, part: str | None) -> "LossSpec":
        """The loss that a metric goes by: itself, or of a combined loss the part of this name.

        Raises:
            ValueError: if there is no such part, or if several are to be told apart and none is named.

        """
        if not self.parts:
            if part is not None:
                raise ValueError(f"{type(self).__name__} has one target: leave out `target`.")
            return self
        if part is None:
            raise ValueError(f"There are several targets: `target` says which, {enumerate_names(self.parts, 'or')}.")
        if part not in self.parts:
            raise ValueError(f'There is no target "{part}".{did_you_mean(part, self.parts)}')
        return self.parts[part]

    def part(
        self, part: str | None, criterion: "nn.Module", outputs: "Outputs", batch: "Batch"
    ) -> "tuple[nn.Module, Outputs, Batch]":
        """Of criterion, outputs and batch what belongs to a part; all of it, unless the loss is made of several."""
        return criterion, outputs, batch

    def latest_parts(self, criterion: "nn.Module") -> "Mapping[str, Tensor]":
        """The losses, detached, of which the latest one was made, by the names of the parts."""
        return {}


def _check_groups(optimizer: Any, attribute: "Attribute[Any]", groups: "tuple[ParameterGroup, ...]") -> None:
    """Raise an `OptionError` for a group whose options do not go together with those of the optimizer."""
    if isinstance(optimizer, type):
        return  # The options are still being read, one by one.
    for index, group in enumerate(groups):
        try:
            optimizer.of_group(group)
        except OptionError as error:
            raise OptionError("groups", str(error), index, *error.path) from None
        except ValueError as error:
            raise OptionError("groups", str(error), index) from None


@spec
class OptimizerSpec(Spec):
    """An optimizer: builds it over the parameters that it is to train."""

    family = "optimizer"

    groups: tuple[ParameterGroup, ...] = option(default=(), validator=_check_groups)
    """Parameters with options of their own: the first group that selects a parameter has it; all others are left with
    the options of the optimizer itself."""

    needs_closure: ClassVar[bool] = False
    """Whether a step evaluates the loss again and again, as LBFGS does."""

    reads_lr_once: ClassVar[bool] = False
    """Whether its learning rate is that of the first step, and makes no difference later, as Rprop's."""

    not_in_groups: ClassVar[tuple[str, ...]] = ("groups",)
    """The options that a group cannot have of its own."""

    @classmethod
    def option_type(cls, option: "Attribute[Any]") -> Any:
        """A group has the options of this very optimizer."""
        return tuple[cls.group_type(), ...] if option.name == "groups" else option.type  # type: ignore[misc]

    @classmethod
    def group_type(cls) -> type[ParameterGroup]:
        """The class of the groups of this optimizer."""
        kind: Any = cls
        return group_type(kind, cls.not_in_groups)

    @classmethod
    def group(cls, **options: Any) -> ParameterGroup:
        """A group of this optimizer: what it selects, and the options that it has of its own."""
        return cls.group_type()(**options)

    def of_group(self, group: ParameterGroup) -> "OptimizerSpec":
        """The optimizer as it is for a group: with the options that this has of its own."""
        whole: Any = self
        changed: OptimizerSpec = evolve(whole, groups=(), **group.options())
        return changed

    def check(self, parameters: "Sequence[NamedParameter]") -> None:
        """Raise a `MisfitError` if it cannot train these parameters; its path begins inside of the optimizer."""

    def build(self, parameters: "Iterable[Any]") -> "optim.Optimizer":
        """The optimizer over these parameters, given as to every optimizer of torch.

        They are `nn.Parameter`s, or, if there are groups, dictionaries with the "params" and options of each.
        """
        raise NotImplementedError

    def build_for(self, parameters: "Sequence[NamedParameter]") -> "optim.Optimizer":
        """The optimizer over these parameters, in the groups that the spec names; those of no group come last.

        Raises:
            MisfitError: if it cannot train them, or if a group selects nothing.

        """
        if not self.groups:
            self.check(parameters)
            return self.build([parameter.tensor for parameter in parameters])
        try:
            *chosen, others = divided(parameters, self.groups)
            for index, (group, members) in enumerate(zip(self.groups, chosen, strict=True)):
                try:
                    self.of_group(group).check(members)
                except MisfitError as error:
                    raise error.within(index) from None
        except MisfitError as error:
            raise error.within("groups") from None
        self.check(others)
        groups: list[dict[str, Any]] = [
            {"params": [parameter.tensor for parameter in members], "name": str(group), **group.options()}
            for group, members in zip(self.groups, chosen, strict=True)
        ]
        if others:
            groups.append({"params": [parameter.tensor for parameter in others], "name": "others"})
        return self.build(groups)


@spec
class DataSpec(Spec):
    """A source of data: reads it and splits it into batches for training, validation and test."""

    family = "data source"

    batch_size: int = option(default=32, minimum=1)
    """How many rows are in a batch."""
    shuffle: bool = True
    """Whether the rows for training are put into a new order for each epoch, which follows from seed and epoch."""
    drop_last: bool = False
    """Whether the last batch of an epoch of training is left out if it is smaller than the others. (BatchNorm cannot be
    trained with a batch of one row.)"""

    def check(self, loss: LossSpec | None) -> "Iterable[OptionError]":
        """What is wrong with the files that it names, as far as that can be told fast and without torch or NumPy.

        Asked by `hookline check` and before training, each error with the option that it belongs to: a file that is not
        there, a column that is not in its header, targets that the loss does not take. If the loss cannot be read,
        `None` is given.
        """
        return ()

    def prepare(self, run: "Run", loss: LossSpec) -> "Data":
        """Read the data; `run` tells seed and device, and `loss` how it wants its targets."""
        raise NotImplementedError


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

    @property
    def label(self) -> str:
        """The name that stands in the results."""
        return self.name or type(self).__name__

    def check(self, loss: LossSpec) -> None:
        """Raise a `ValueError` if the metric cannot judge what is trained with this loss."""

    def build(self, loss: LossSpec, predictions: "Tensor") -> Any:
        """A metric of torchmetrics, or an object with the same `update`, `compute` and `to`.

        `predictions` are those of the first batch, from which the number of classes follows.
        """
        raise NotImplementedError

    def prepare(self, predictions: "Tensor", targets: "Tensor") -> "tuple[Tensor, Tensor]":
        """The predictions of a batch and its targets as `update` takes them."""
        return predictions, targets


class WrapperSpec(Spec):
    """What is done around stages: a callback, or a scheduler."""

    __slots__ = ()
    family = "callback"

    replaces_weights: ClassVar[bool] = False
    """Whether it puts other weights into the model when the training ends, which only one of a spec can do."""

    logs: ClassVar[tuple[str, ...]] = ()
    """The names of the numbers that it adds to what is logged, if they have a "/" as those of a split do: others may
    then look at them."""

    def check(self, spec: "TrainingSpec") -> None:
        """Raise a `ValueError` if it cannot be used in the training of this spec; asked when the spec is read."""

    def build(self) -> object:
        """The object whose hook implementations are used in one run. One without state is the spec itself."""
        return self


@spec
class CallbackSpec(WrapperSpec):
    """A callback: an object with wrappers around stages."""

    family = "callback"

    every: int | None = option(default=None, minimum=1)
    """Only every so many steps or epochs it does something: steps, if it is a wrapper around `forward`, `loss`,
    `backward` or `step`, and otherwise epochs. Left out, always. What is judged at the end is in no epoch, and not
    left out."""
    first: int | None = option(default=None, minimum=1)
    """The first step or epoch, counted from 1, in which it does something, and from which `every` counts."""
    last: int | None = option(default=None, minimum=1)
    """The last step or epoch in which it does something."""

    @property
    def is_limited(self) -> bool:
        """Whether there are steps or epochs in which it does nothing."""
        return (self.every, self.first, self.last) != (None, None, None)

    def is_due(self, number: int) -> bool:
        """Whether it does something in the step or epoch of this number, counted from 1.

        >>> from hookline import CallbackSpec
        >>> [number for number in range(1, 10) if CallbackSpec(every=3, last=8).is_due(number)]
        [3, 6]
        >>> [number for number in range(1, 10) if CallbackSpec(every=3, first=1).is_due(number)]
        [1, 4, 7]
        """
        if number < (self.first or 1) or (self.last is not None and number > self.last):
            return False
        return self.every is None or (number - (self.first or 0)) % self.every == 0


class DeploySpec(Spec):
    """A form in which the trained model is handed on."""

    __slots__ = ()
    family = "deployment target"

    def deploy(self, run: "Run", trial: "Trial") -> "Iterable[Path]":
        """Write the model and return the paths of what was written."""
        raise NotImplementedError
