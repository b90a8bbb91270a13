"""Models and layers."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from attrs import evolve

from hookline.errors.text import PathElement
from hookline.script.written import without_lines
from hookline.spec.options import Spec
from hookline.spec.walk import at, items

if TYPE_CHECKING:
    from torch import nn

    from hookline.script.script import Script


class ModelSpec(Spec):
    """A model, or one layer of it: builds an `nn.Module` that fits its inputs."""

    __slots__ = ()
    family = "model"
    behavior = ("build",)

    size_option: ClassVar[str | None] = None
    """The option with the number of its outputs for each row, such as "out_features". If it is `None` in the layer that
    computes the outputs of the model, the loss sets it: see `sized`."""

    needs_size: ClassVar[bool] = True
    """Whether `size_option` is required unless the loss sets it."""

    keeps_size: ClassVar[bool] = False
    """Whether its outputs have the shape of its inputs, as those of an activation do. The loss then sets the size of
    the layer before it."""

    unstackable: ClassVar[str] = ""
    """Why trials with it cannot be trained together: see `vectorize` of a tuner. Empty if they can."""

    @property
    def members(self) -> int | None:
        """The number of members of an ensemble, `None` for all other models.

        An ensemble returns the outputs of all members for each row, `(N, members, …)`. Its loss is the mean of the
        losses of the members, and its prediction the mean of their predictions.
        """
        last = at(self, self.ending) if self.ending else None
        return last.members if isinstance(last, ModelSpec) else None

    def sized(self, sizes: "Mapping[str, int]") -> "Self":
        """Return the model with the number of outputs that the losses take, wherever its spec omits that.

        The default sets `size_option`, or else that of the layer in `ending`, if all outputs have the same size.

        Args:
            sizes: the size of each output of the model by its name. A model with a single output has one name.

        """
        if self.size_option is not None:
            if getattr(self, self.size_option) is not None or len(set(sizes.values())) != 1:
                return self
            made: Self = evolve(cast("Any", self), **{self.size_option: next(iter(sizes.values()))})
            return made
        return _sized_at(self, self.ending, sizes) if self.ending else self

    @property
    def ending(self) -> tuple[PathElement, ...]:
        """The path, in its options, of the layer that computes its outputs, for messages; empty for a single layer."""
        return ()

    def build(self, *inputs: Any, **more: Any) -> "nn.Module":
        """Return the module, with newly initialized parameters on the device of the inputs.

        `inputs` are an example of what the module will be applied to: a batch of one row. Sizes that the spec does not
        set follow from them. Declare as many arguments as the component takes inputs; most take one:
        `build(self, inputs)`. To learn more about the inputs, such as the names of the groups, the number of indices or
        the training rows, declare an argument `groups: Sequence[InputGroup] = ()`. It has an element for each input, or
        none if the inputs are the outputs of other layers. A container passes it on: see `build_and_apply`.

        The module returns a tensor, or a mapping of several tensors by name. A module that uses the lengths of padded
        sequences has the attribute `takes_lengths = True` and is called with `lengths=`: see `apply_module`. A module
        that only changes the shape has `keeps_values = True`: a loss that checks the last layer of the model skips it.
        """
        raise NotImplementedError(f"{type(self).__name__} has no `build`.")

    @without_lines
    def eject(self, script: "Script", module: "nn.Module") -> str:
        """Return an expression that builds the module, such as `nn.Linear(4, 16)`, for `hookline eject`.

        Args:
            script: takes imports, with `use`, and the classes and functions that the expression needs, with `define`.
            module: the module that `build` returned, which knows the inferred sizes.

        """
        raise NotImplementedError(f"{type(self).__name__} has no `eject`.")


class LayerSpec(ModelSpec):
    """One layer of a model. Every layer can be a model by itself."""

    __slots__ = ()
    family = "layer"


def _sized_at(value: Any, path: tuple[PathElement, ...], sizes: "Mapping[str, int]") -> Any:
    """A component, array or table with the layer at this path sized."""
    if not path:
        return value.sized(sizes) if isinstance(value, ModelSpec) else value
    key, *others = path
    before = dict(items(value)).get(key)
    made = _sized_at(before, tuple(others), sizes)
    if made is before:
        return value
    if isinstance(value, Spec):
        return evolve(cast("Any", value), **{str(key): made})
    changed = {place: made if place == key else element for place, element in items(value)}
    return changed if isinstance(value, Mapping) else tuple(changed.values())


def missing_size(model: ModelSpec) -> str | None:
    """The required option with the number of outputs of a model, if it is missing; otherwise `None`."""
    name = model.size_option
    return name if name is not None and model.needs_size and getattr(model, name) is None else None
