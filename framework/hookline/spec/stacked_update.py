"""The update of several models at once, each with its own options: how an optimizer steps in a stack of trials."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

if TYPE_CHECKING:
    from torch import Tensor


@frozen
class StackedOptions:
    """The options of an optimizer for each model of a stack. Schedulers change the numbers in place."""

    numbers: "Mapping[str, Tensor | tuple[Tensor, ...]]"
    """The numbers that may differ, such as the learning rates: float64 of shape `(models, 1)`, or `(models, elements)`
    if the parameters are in groups with different numbers. An option with several numbers is a tuple."""
    equal: Mapping[str, Any]
    """The options that all models share."""
    zero: frozenset[str]
    """The names of the numbers that are 0 for all models."""
    shared: Mapping[str, Any] = field(factory=dict)
    """The values of numbers in `StackedUpdate.constant` that all models share."""

    def have_same_form(self, other: "StackedOptions") -> bool:
        """Whether a step with other options consists of the same operations."""
        shapes, others = ([tensor.shape for tensor in one.tensors()] for one in (self, other))
        of_both = ((one.equal, one.zero, one.shared) for one in (self, other))
        return shapes == others and next(of_both) == next(of_both)

    def take_numbers(self, other: "StackedOptions") -> None:
        """Change the numbers in place to those of other options, which must have the same form."""
        for tensor, new in zip(self.tensors(), other.tensors(), strict=True):
            tensor.copy_(new)

    def tensors(self) -> "list[Tensor]":
        """The tensors of the numbers."""
        several = self.numbers.values()
        return [tensor for one in several for tensor in (one if isinstance(one, tuple) else (one,))]


Step = Callable[["Tensor", "Tensor", StackedOptions, dict[str, Any]], None]


@frozen
class StackedUpdate:
    """How an optimizer updates the parameters of several models at once.

    `step(parameters, gradients, options, state)` changes the parameters `(models, elements)` in place. `state` is an
    empty dictionary at first, in which it keeps what the next step needs. Steps are traced if all of it is tensors that
    `step` changes in place, counters included: then the operations of all steps are the same.
    """

    step: Step
    """Makes a step of all models."""
    numbers: Sequence[str]
    """The options with numbers, which may differ from model to model, by their names in the parameter groups."""
    equal: Sequence[str] = ()
    """The options that must be equal for all models that are updated at once."""
    constant: Sequence[str] = ()
    """The names of numbers that `step` uses as Python numbers if all models share them. A change makes a new trace."""
