"""Notice when an update would no longer be the recorded one: other options, other states, or hooks of the optimizer."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from operator import methodcaller
from typing import TYPE_CHECKING, Any

from hookline.training.tracing.graphs.graph import Untraceable
from hookline.training.tracing.updates.counters import Counter
from hookline.training.tracing.updates.options import VARIABLE
from hookline.training.tracing.watching.optimizers import is_observed
from hookline.training.tracing.watching.views import are_same_objects

if TYPE_CHECKING:
    from torch import Tensor, optim

RATES = "a learning rate changes, which the optimizer passes to its operations as a number"

VALUES = methodcaller("values")

CONTAINERS = frozenset({"param_groups", "state"})
"""Attributes of an optimizer whose contents are compared in place of themselves."""

NOT_COMPARED = frozenset({"params", "initial_lr", *(name for name, _ in VARIABLE.values())})
"""Options that are inputs of the trace, or that do not belong to an update."""


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
        self.counters: Sequence[Counter] = ()
        """The counts of steps that must be equal."""
        self._rates: list[Any] | None = None
        self._objects = self._present_objects()
        """The objects with which all was last found to be unchanged."""

    def is_unchanged(self) -> bool:
        """Whether options and counts are equal, states are the same tensors, and no hook wants to see the update."""
        try:
            if is_observed(self._optimizer):
                return False
            objects = self._present_objects()
            if not are_same_objects(objects, self._objects):
                if not are_same_objects(self._present_tensors(), self.tensors):
                    return False
                if self._present_options() != self._options:
                    return False
                self._objects = objects
            return all(counter.is_common for counter in self.counters)
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

    def _present_objects(self) -> list[Any]:
        """Return all objects of which options and states consist, with their names. They are compared in each epoch."""
        own = self._optimizer
        tables: list[Any] = [vars(own), *own.param_groups, *own.state.values()]
        of_tables = chain.from_iterable(map(VALUES, tables))
        return [type(own), *map(len, tables), *chain.from_iterable(tables), *of_tables]

    def _present_options(self) -> list[Any]:
        own = self._optimizer
        groups: list[dict[str, Any]] = own.param_groups
        options = [{name: value for name, value in group.items() if name not in NOT_COMPARED} for group in groups]
        kinds = [(type(group["lr"]), bool(group.get("momentum"))) for group in groups]
        return [*options, *kinds, type(own), {name: one for name, one in vars(own).items() if name not in CONTAINERS}]

    def _present_tensors(self) -> "list[Tensor]":
        import torch

        states: Iterable[Mapping[str, Any]] = self._optimizer.state.values()
        return [one for state in states for one in state.values() if isinstance(one, torch.Tensor)]
