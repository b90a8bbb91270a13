"""The update of several models at once, each with its own options: how an optimizer steps in a stack of trials."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from torch import Tensor


@frozen
class StackedOptions:
    """The options of an optimizer for each model of a stack."""

    numbers: "Mapping[str, Tensor | tuple[Tensor, ...]]"
    """The numbers that may differ, such as the learning rates: float64 of shape `(models, 1)`, or `(models, elements)`
    if the parameters are in groups with different numbers. An option with several numbers is a tuple."""
    equal: Mapping[str, Any]
    """The options that all models share."""
    zero: frozenset[str]
    """The names of the numbers that are 0 for all models."""


Step = Callable[["Tensor", "Tensor", StackedOptions, dict[str, Any]], None]


@frozen
class StackedUpdate:
    """How an optimizer updates the parameters of several models at once.

    `step(parameters, gradients, options, state)` changes the parameters `(models, elements)` in place. `state` is an
    empty dictionary at first, in which it keeps what the next step needs.
    """

    step: Step
    """Makes a step of all models."""
    numbers: Sequence[str]
    """The options with numbers, which may differ from model to model, by their names in the parameter groups."""
    equal: Sequence[str] = ()
    """The options that must be equal for all models that are updated at once."""
