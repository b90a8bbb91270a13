"""Several optimizers, each for a part of the model."""

from collections import ChainMap
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from attrs import Attribute

from hookline.errors import MisfitError, OptionError
from hookline.spec import NamedParameter, OptimizerSpec, ParameterSelection, divided, option, spec

if TYPE_CHECKING:
    from torch import optim


@spec
class Part(ParameterSelection):
    """Some parameters, and the optimizer that trains them."""

    optimizer: OptimizerSpec
    """The optimizer."""


def _several(instance: object, attribute: "Attribute[Any]", value: tuple[Part, ...]) -> None:
    if len(value) < 2:
        raise ValueError("There must be several parts: for one, name its optimizer.")


@spec
class Partition(OptimizerSpec):
    """Several optimizers, each for a part of the parameters. At each step they make theirs one after another.

    The first part that selects a parameter has it; one that selects by nothing has all that are left. Each parameter is
    in exactly one part.
    """

    parts: tuple[Part, ...] = option(validator=_several)
    """The parts, in order."""

    def conflicts(self) -> Iterator[OptionError]:
        """Groups of its own, and parts whose optimizer cannot train one."""
        if self.groups:
            yield OptionError("groups", "Its parts have groups, not the Partition itself.")
        for index, part in enumerate(self.parts):
            if part.optimizer.needs_closure:
                name = type(part.optimizer).__name__
                message = f"{name} evaluates the loss again as often as it likes: it cannot train a part."
                yield OptionError("parts", message, index)

    @property
    def members(self) -> tuple[OptimizerSpec, ...]:
        """Those of the parts."""
        return tuple(member for part in self.parts for member in part.optimizer.members)

    def build_for(self, parameters: Sequence[NamedParameter]) -> "optim.Optimizer":
        """One optimizer that holds those of the parts."""
        try:
            *members, left = divided(parameters, self.parts)
        except MisfitError as error:
            raise error.within("parts") from None
        if left:
            raise MisfitError(
                f"No part has {left[0].name}: a last part that selects by nothing has all others.", ("parts",)
            )
        optimizers = []
        for index, (part, selected) in enumerate(zip(self.parts, members, strict=True)):
            try:
                optimizers.append(part.optimizer.build_for(selected))
            except MisfitError as error:
                raise error.within("parts", index, "optimizer") from None
            for group in optimizers[-1].param_groups:
                name = f"{part}, {group['name']}" if "name" in group else str(part)
                group["name"] = f"{type(part.optimizer).__name__}: {name}"
        return partitioned_optimizer()(optimizers)


@cache
def partitioned_optimizer() -> "Callable[[Sequence[optim.Optimizer]], optim.Optimizer]":
    """The class of the optimizer that holds others; made when it is needed, since it is one of torch's."""
    from torch import enable_grad, optim

    class PartitionedOptimizer(optim.Optimizer):
        """Optimizers of the parts of a model as one; its groups are theirs, so that a scheduler reaches all of them."""

        def __init__(self, optimizers: "Sequence[optim.Optimizer]"):
            self.optimizers = tuple(optimizers)
            super().__init__([group for part in self.optimizers for group in part.param_groups], {})
            # What all of them have: schedulers look here whether there is a momentum.
            self.defaults = {
                name: value
                for name, value in self.optimizers[0].defaults.items()
                if all(name in part.defaults for part in self.optimizers)
            }
            self._look_at_parts()

        def _look_at_parts(self) -> None:
            self.param_groups = [group for part in self.optimizers for group in part.param_groups]
            self.state: Any = ChainMap(*(part.state for part in self.optimizers))

        def step(self, closure: "Callable[[], Any] | None" = None) -> Any:
            """One step of each."""
            loss = None
            if closure is not None:
                with enable_grad():
                    loss = closure()
            for part in self.optimizers:
                part.step()
            return loss

        def state_dict(self) -> dict[str, Any]:
            """The states of the parts, in order."""
            return {"optimizers": [part.state_dict() for part in self.optimizers]}

        def load_state_dict(self, state_dict: dict[str, Any]) -> None:
            """Take up the states of the parts."""
            for part, state in zip(self.optimizers, state_dict["optimizers"], strict=True):
                part.load_state_dict(state)
            self._look_at_parts()

    return PartitionedOptimizer
