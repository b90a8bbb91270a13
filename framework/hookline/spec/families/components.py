"""The families of components that a spec names, each a base class.

A component is an attrs class below one of the family classes. Its name is the `type` that a spec file gives, its
fields are the options, and it is found when a plugin returns it from `register_specs`. Nothing here imports torch:
a component imports it where it builds something.
"""

from collections.abc import Mapping
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from hookline.errors.option_errors import OptionError
from hookline.errors.text import PathElement
from hookline.spec.options import Spec, option, spec
from hookline.spec.parameters import ParameterSelection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from torch import Tensor, nn

    from hookline.data.batches import Data
    from hookline.spec.objective.objective import Objective


class ModelSpec(Spec):
    """A model, or one layer of it: builds an `nn.Module` that fits its inputs."""

    __slots__ = ()
    family = "model"

    @property
    def ending(self) -> tuple[PathElement, ...]:
        """The path, in its options, of the layer whose outputs are its own, for messages; of one layer it is empty."""
        return ()

    def build(self, *inputs: Any) -> "nn.Module":
        """The module, with newly initialized parameters on the device of the inputs.

        `inputs` are what the module will be applied to: a batch of the right shape and type, with one row. Sizes that
        the spec leaves out follow from them. A component says by the arguments of its own how many it takes: most take
        one, `build(self, inputs)`.

        The module gives a tensor, or several by name as a mapping. One that looks at the lengths of padded sequences
        has the attribute `takes_lengths = True` and is called with `lengths=`: see `apply_module`. One that changes the
        shape only has `keeps_values = True`: a loss looks past it for what the model ends in.
        """
        raise NotImplementedError(f"{type(self).__name__} has no `build`.")


class LayerSpec(ModelSpec):
    """One layer of a model. Every layer can be a model by itself."""

    __slots__ = ()
    family = "layer"


@spec
class InitializationSpec(ParameterSelection):
    """How the parameters that it selects are initialized, instead of as their layer does it."""

    family = "initialization"

    def initialize(self, tensor: "Tensor") -> None:
        """Write over a parameter."""
        raise NotImplementedError(f"{type(self).__name__} has no `initialize`.")


class DistanceSpec(Spec):
    """A distance, for losses that let one choose."""

    __slots__ = ()
    family = "distance"

    def build(self) -> "Callable[[Tensor, Tensor], Tensor]":
        """A function of two tensors `(N, features)` that gives the distance of their rows, `(N,)`."""
        raise NotImplementedError(f"{type(self).__name__} has no `build`.")


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

    @property
    def has_validation(self) -> bool | None:
        """Whether there will be a validation split; `None` if that is not known before the data is read."""
        return None

    def check(self, loss: "Objective | None") -> "Iterable[OptionError]":
        """What is wrong with the files that it names, as far as that can be told fast and without torch or NumPy.

        Asked by `hookline check` and before training, each error with the option that it belongs to: a file that is not
        there, a column that is not in its header, targets that the loss does not take. If the loss cannot be read,
        `None` is given.
        """
        return ()

    def prepare(self, run: Any, loss: "Objective") -> "Data":
        """Read the data. `run`, a `hookline.Run`, has the seed and the device, and `loss` the encodings of targets."""
        raise NotImplementedError(f"{type(self).__name__} has no `prepare`.")


class WrapperSpec(Spec):
    """What is done around stages: a callback, or a scheduler."""

    __slots__ = ()
    family = "callback"

    replaces_weights: ClassVar[bool] = False
    """Whether it puts other weights into the model when the training ends, which only one of a spec can do. It sets
    `run.weights` to say which."""

    logs: ClassVar[tuple[str, ...] | None] = None
    """The names of the numbers that it adds to what is logged, or patterns of such with "*". `None` does not say: as
    long as one of a spec is not known, a misspelt name of a number to look at cannot be told."""

    mixes_rows: ClassVar[bool] = False
    """Whether it mixes the rows of what it is given with one another, so that the parts of a batch do not equal the
    whole: whoever asks for parts, by `run.accumulate`, is told."""

    keeps_log: ClassVar[bool] = False
    """Whether it keeps all that is logged: one who lists it after those that add numbers is told that it lacks them."""

    writes_to: ClassVar[tuple[str, ...] | None] = None
    """The files and directories to which it writes; relative ones are in the run directory. `hookline plan` prints
    them. `None` does not say: whoever trains a spec of somebody else is told that it may write anything."""

    connects_to: ClassVar[tuple[str, ...] | None] = None
    """The addresses or services with which it connects, in the same way."""

    def check(self, *args: Any, **sections: Any) -> None:
        """Raise a `ValueError` if it cannot be used together with other sections of the spec.

        Override it with the sections that it needs as arguments, by name, as hooks have theirs:
        `def check(self, optimizer, callbacks)`; `objective` is the `Objective` of `[loss]` or `[losses]`. It is called
        while the spec is read, once all of these sections are valid. `**sections` takes every other valid section.
        """

    def sections_of_check(self) -> tuple[list[str], bool]:
        """The sections that `check` names, and whether it takes all others, too."""
        parameters = signature(self.check).parameters.values()
        named = [parameter.name for parameter in parameters if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
        return named, any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)

    def check_in(self, sections: Mapping[str, Any]) -> None:
        """Call `check` with the sections that it names, unless one of them is missing, since it is not valid."""
        named, takes_others = self.sections_of_check()
        if all(name in sections for name in named):
            self.check(**(sections if takes_others else {name: sections[name] for name in named}))

    def doubts(self, run: Any) -> "Iterable[OptionError]":
        """What of its options has no effect in this run, or not the one that is expected: these become warnings.

        Asked before training, when `run.steps_per_epoch` is known: what never happens since the run ends before, or
        what is over long before the run.
        """
        return ()

    def build(self) -> object:
        """The object whose hook implementations are used in one run. One without state is the spec itself."""
        return self


LIMITS = ("every", "first", "last")
"""The options of a callback that say in which steps or epochs it does something."""


@spec
class CallbackSpec(WrapperSpec):
    """A callback: an object with wrappers around stages.

    What it must know of earlier steps to go on with a training, the object that is built gives as `state_dict()`, made
    of tensors, numbers, text, lists and dictionaries, and takes up in `load_state_dict(state)`: see `stages.fit` for
    when they are called. One that need not know anything has neither.
    """

    family = "callback"

    unlimited: ClassVar[str | Mapping[str, str]] = {}
    """Why `every`, `first` and `last` make no sense, in a sentence; or why some of them do not, by their names."""

    every: int | None = option(default=None, minimum=1)
    """Only every so many steps or epochs it does something: steps, if it is a wrapper around `forward`, `loss`,
    `backward` or `step`, and otherwise epochs. Left out, always. What is judged at the end is in no epoch, and not
    left out."""
    first: int | None = option(default=None, minimum=1)
    """The first step or epoch, counted from 1, in which it does something, and from which `every` counts."""
    last: int | None = option(default=None, minimum=1)
    """The last step or epoch in which it does something."""

    def refused_limits(self) -> "Iterable[OptionError]":
        """Those of `every`, `first` and `last` that are given and make no sense, each with the reason."""
        reasons = dict.fromkeys(LIMITS, self.unlimited) if isinstance(self.unlimited, str) else self.unlimited
        for name in LIMITS:
            if name in reasons and getattr(self, name) is not None:
                yield OptionError(name, reasons[name], id="unused-option")

    @property
    def is_limited(self) -> bool:
        """Whether there are steps or epochs in which it does nothing."""
        return (self.every, self.first, self.last) != (None, None, None)

    def is_due(self, number: int) -> bool:
        """Whether it does something in the step or epoch of this number, counted from 1.

        >>> from hookline.spec import CallbackSpec
        >>> [number for number in range(1, 10) if CallbackSpec(every=3, last=8).is_due(number)]
        [3, 6]
        >>> [number for number in range(1, 10) if CallbackSpec(every=3, first=1).is_due(number)]
        [1, 4, 7]
        """
        if number < (self.first or 1) or (self.last is not None and number > self.last):
            return False
        return self.every is None or (number - (self.first or 0)) % self.every == 0

    @property
    def first_due(self) -> int:
        """The number of the first step or epoch in which it does something.

        >>> from hookline.spec import CallbackSpec
        >>> CallbackSpec(every=3).first_due, CallbackSpec(every=3, first=2).first_due, CallbackSpec(last=4).first_due
        (3, 2, 1)
        """
        return self.first or self.every or 1


class DeploySpec(Spec):
    """A form in which the trained model is handed on."""

    __slots__ = ()
    family = "deployment target"

    writes_to: ClassVar[tuple[str, ...] | None] = None
    """The files and directories to which it writes; relative ones are in the run directory. `hookline plan` prints
    them. `None` does not say: whoever trains a spec of somebody else is told that it may write anything."""

    connects_to: ClassVar[tuple[str, ...] | None] = None
    """The addresses or services with which it connects, in the same way."""

    def deploy(self, run: Any, trial: Any) -> "Iterable[Path]":
        """Write the model and return the paths of what was written."""
        raise NotImplementedError(f"{type(self).__name__} has no `deploy`.")
