"""Steps with the updates of the parameters, several of which are made in one call."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from attrs import define, field

from hookline.spec.objective.objective import Term
from hookline.training.tracing.comparison import Comparison
from hookline.training.tracing.graphs.graph import Program, Untraceable
from hookline.training.tracing.graphs.whole_step import WholeStep
from hookline.training.tracing.options import VARIABLE, Option
from hookline.training.tracing.scalars import Scalars
from hookline.training.tracing.snapshot import Snapshot
from hookline.training.tracing.traced_step import TracedStep, tensors_of
from hookline.training.tracing.watching.optimizers import is_observed

if TYPE_CHECKING:
    import torch
    from torch import Tensor, optim

    from hookline.data.batches import Batch

RATES = "a learning rate changes, which the optimizer passes to its operations as a number"

LARGEST = 2**22
"""The largest size in bytes of what is copied before each call, which takes less than a hundredth of the longest."""

CONTAINERS = frozenset({"param_groups", "state"})
"""Attributes of an optimizer whose contents are compared in place of themselves."""

NOT_COMPARED = frozenset({"params", "initial_lr", *(name for name, _ in VARIABLE.values())})
"""Options that are inputs of the trace, or that do not belong to an update."""


@define(eq=False, repr=False)
class TracedUpdates:
    """The trace of steps with their updates, several of which can be made in one call."""

    step: TracedStep
    """The trace of their gradients."""
    whole: WholeStep
    options: Sequence[Option]
    """The options of the optimizer that it takes."""
    program: Program
    beginning: Snapshot
    """What the program changes, besides batches."""
    comparison: Comparison = field(factory=Comparison)
    """How single steps compare with those of the layers."""
    seconds: float = 0.0
    """How long a step takes if several are made at once."""
    _scalars: Scalars | None = None

    def scalars(self, count: int, dtype: "torch.dtype") -> Scalars:
        """Return tensors for the losses and terms of so many steps: those of the call before, if they fit."""
        if self._scalars is None or len(self._scalars.places[0]) != count:
            self._scalars = Scalars.of([dtype, *self.step.dtypes], count)
        return self._scalars

    def make(self, group: "Sequence[Batch]", options: Sequence[Sequence[float]], scalars: Scalars) -> None:
        """Make a step for each batch, and store the gradients of the last one.

        If the program fails, everything is as before.

        Args:
            group: the batches.
            options: the values in each step of each option.
            scalars: what `scalars` returned, to which the losses and terms are written.

        """
        tensors = [tensors_of(batch) for batch in group]
        columns = [[one[index] for one in tensors] for index in self.whole.of_batch]
        empty: list[Tensor] = []
        last = self.beginning.undone_if_it_fails(
            self.program,
            [*self.whole.fixed, *columns, *self.whole.lists, *options, *scalars.places, empty],
            [one[index] for one in tensors for index in self.step.changed_of_batch],
        )
        for parameter in self.step.without_gradient:
            parameter.grad = None
        for parameter, gradient in zip(self.step.with_gradient, last, strict=True):
            parameter.grad = gradient


def beginning_of(whole: WholeStep, step: TracedStep) -> Snapshot:
    """Return what the program of several steps changes.

    Raises:
        Untraceable: If it is so much that copies before each call would take long.

    """
    changed = {id(one): one for one in (*step.changed, *whole.changed, *chain.from_iterable(whole.lists))}.values()
    if sum(tensor.nbytes for tensor in changed) > LARGEST:
        raise Untraceable("the parameters and the states of the optimizer are so large that they are not copied")
    return Snapshot(changed)


class Made(NamedTuple):
    """Steps that were made in one call."""

    losses: list[float]
    terms: list[list[Term]]
    """The terms of `[losses]` of each step."""


class UpdateState:
    """What an update depends on besides gradients and `VARIABLE` options: other options and the optimizer's states."""

    def __init__(self, optimizer: "optim.Optimizer", *, rates_may_change: bool):
        """Remember the present options and states.

        Args:
            optimizer: the optimizer.
            rates_may_change: whether a schedule may change the `VARIABLE` options between two steps.

        """
        self._rates_may_change = rates_may_change
        self._optimizer = optimizer
        self._options = self._present_options()
        self.tensors = self._present_tensors()
        """The tensors in the states."""
        self._rates: list[Any] | None = None

    def is_unchanged(self) -> bool:
        """Whether the options are equal, the states are the same tensors, and no hook wants to see the update."""
        now = self._present_tensors()
        try:
            return (
                len(now) == len(self.tensors)
                and all(one is other for one, other in zip(now, self.tensors, strict=True))
                and self._present_options() == self._options
            )
        except Exception:  # noqa: BLE001 - An option of a plugin may not be comparable, such as a tensor.
            return False

    def keep_rates(self) -> None:
        """Remember the `VARIABLE` options, too.

        Raises:
            Untraceable: If a schedule may change one, if one is a tensor, or if a state is a number, from which an
                update may compute others.

        """
        import torch

        if self._rates_may_change:
            raise Untraceable(RATES)

        self._rates = self._present_rates()
        if any(isinstance(rate, torch.Tensor) for rate in self._rates):
            raise Untraceable("an option of the optimizer is a tensor")
        states = self._optimizer.state.values()
        if any(not isinstance(one, torch.Tensor | None) for state in states for one in state.values()):
            raise Untraceable("a state of the optimizer is no tensor")

    def has_same_rates(self) -> bool:
        """Whether these are unchanged, if they are remembered."""
        return self._rates is None or self._rates == self._present_rates()

    def _present_rates(self) -> list[Any]:
        groups: list[dict[str, Any]] = self._optimizer.param_groups
        return [group.get(name) for group in groups for name, _ in VARIABLE.values()]

    def _present_options(self) -> list[Any]:
        own = self._optimizer
        if is_observed(own):
            return [object()]
        groups: list[dict[str, Any]] = own.param_groups
        options = [{name: value for name, value in group.items() if name not in NOT_COMPARED} for group in groups]
        kinds = [(type(group["lr"]), bool(group.get("momentum"))) for group in groups]
        return [*options, *kinds, type(own), {name: one for name, one in vars(own).items() if name not in CONTAINERS}]

    def _present_tensors(self) -> "list[Tensor]":
        import torch

        states: Iterable[Mapping[str, Any]] = self._optimizer.state.values()
        return [one for state in states for one in state.values() if isinstance(one, torch.Tensor)]
