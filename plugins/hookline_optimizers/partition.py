"""Several optimizers, each for a part of the model."""

from collections import ChainMap
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from attrs import Attribute

from hookline.errors import MismatchError, OptionError
from hookline.script import listed, refuse_inherited_lines
from hookline.spec import NamedParameter, OptimizerSpec, ParameterSelection, divided, option, spec

if TYPE_CHECKING:
    from torch import optim

    from hookline.script import Script


@spec
class Part(ParameterSelection):
    """Parameters, and the optimizer that trains them."""

    optimizer: OptimizerSpec
    """The optimizer."""


def _several(instance: object, attribute: "Attribute[Any]", value: tuple[Part, ...]) -> None:
    if len(value) < 2:
        raise ValueError("There must be at least two parts; otherwise, use the optimizer directly.")


@spec
class Partition(OptimizerSpec):
    """Several optimizers, each for a part of the parameters. They take their steps one after another.

    Each parameter belongs to the first part that selects it. A part without a selection takes all remaining parameters.
    """

    parts: tuple[Part, ...] = option(validator=_several)
    """The parts, in order."""

    def conflicts(self) -> Iterator[OptionError]:
        """Report groups, and parts with an optimizer that cannot train a part."""
        if self.groups:
            yield OptionError("groups", "Set the groups of its parts, not of the Partition.")
        for index, part in enumerate(self.parts):
            if part.optimizer.needs_closure:
                name = type(part.optimizer).__name__
                message = f"{name} evaluates the loss several times per step, so it cannot train a part."
                yield OptionError("parts", message, index)

    @property
    def members(self) -> tuple[OptimizerSpec, ...]:
        """The optimizers of the parts."""
        return tuple(member for part in self.parts for member in part.optimizer.members)

    def build_for(self, parameters: Sequence[NamedParameter]) -> "optim.Optimizer":
        """Return an optimizer that contains those of the parts."""
        try:
            *members, left = divided(parameters, self.parts)
        except MismatchError as error:
            raise error.within("parts") from None
        if left:
            raise MismatchError(
                f"No part trains {left[0].name}: add a last part without a selection, which takes all others.",
                ("parts",),
            )
        optimizers = []
        for index, (part, selected) in enumerate(zip(self.parts, members, strict=True)):
            try:
                optimizers.append(part.optimizer.build_for(selected))
            except MismatchError as error:
                raise error.within("parts", index, "optimizer") from None
            for group in optimizers[-1].param_groups:
                name = f"{part}, {group['name']}" if "name" in group else str(part)
                group["name"] = f"{type(part.optimizer).__name__}: {name}"
        return partitioned_optimizer()(optimizers)

    def eject(self, script: "Script", parameters: Sequence[NamedParameter], optimizer: "optim.Optimizer") -> str:
        """Return the optimizers of the parts, as the argument of a class that makes a step with each."""
        *members, _ = divided(parameters, self.parts)
        several: Any = optimizer
        made = []
        for part, selected, built in zip(self.parts, members, several.optimizers, strict=True):
            refuse_inherited_lines(part.optimizer)
            made.append(part.optimizer.eject(script, selected, built))
        return listed(script.define(PARTITION), made)


PARTITION = '''
class Partition:
    """Several optimizers, each for a part of the parameters, which make their steps one after another."""

    def __init__(self, *optimizers):
        self.optimizers = optimizers
        self.param_groups = [group for optimizer in optimizers for group in optimizer.param_groups]

    def zero_grad(self):
        for optimizer in self.optimizers:
            optimizer.zero_grad()

    def step(self):
        for optimizer in self.optimizers:
            optimizer.step()
'''


class States(ChainMap[Any, Any]):
    """The states of several optimizers as those of one.

    A `ChainMap` alone would look each parameter up in the states of the first optimizer, which are a `defaultdict`: a
    look would add the parameter.
    """

    def __getitem__(self, key: Any) -> Any:
        for states in self.maps:
            if key in states:
                return states[key]
        raise KeyError(key)


@cache
def partitioned_optimizer() -> "Callable[[Sequence[optim.Optimizer]], optim.Optimizer]":
    """Return the class of the combined optimizer, defined lazily since it is a subclass of torch's."""
    from torch import enable_grad, optim

    class PartitionedOptimizer(optim.Optimizer):
        """The optimizers of all parts as one. It shares their groups, so that a scheduler affects all of them."""

        def __init__(self, optimizers: "Sequence[optim.Optimizer]"):
            self.optimizers = tuple(optimizers)
            super().__init__([group for part in self.optimizers for group in part.param_groups], {})
            # The defaults that all of them have, where schedulers check for a momentum.
            self.defaults = {
                name: value
                for name, value in self.optimizers[0].defaults.items()
                if all(name in part.defaults for part in self.optimizers)
            }
            self._look_at_parts()

        def _look_at_parts(self) -> None:
            self.param_groups = [group for part in self.optimizers for group in part.param_groups]
            self.state: Any = States(*(part.state for part in self.optimizers))

        def step(self, closure: "Callable[[], Any] | None" = None) -> Any:
            """Take one step with each optimizer."""
            loss = None
            if closure is not None:
                with enable_grad():
                    loss = closure()
            for part in self.optimizers:
                part.step()
            return loss

        def state_dict(self) -> dict[str, Any]:
            """Return the states of the parts, in order."""
            return {"optimizers": [part.state_dict() for part in self.optimizers]}

        def load_state_dict(self, state_dict: dict[str, Any]) -> None:
            """Load the states of the parts."""
            for part, state in zip(self.optimizers, state_dict["optimizers"], strict=True):
                part.load_state_dict(state)
            self._look_at_parts()

    return PartitionedOptimizer
