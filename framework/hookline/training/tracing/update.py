"""The update of the parameters by a fused optimizer, as a part of a graph."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import define, evolve, field

from hookline.training.tracing.comparison import Comparison
from hookline.training.tracing.graphs.graph import (
    Call,
    Graph,
    GraphBuilder,
    Program,
    Untraceable,
    Value,
    replaced,
)
from hookline.training.tracing.graphs.recording import Recorded
from hookline.training.tracing.graphs.sources import Name
from hookline.training.tracing.graphs.whole_step import WholeStep, with_views_first
from hookline.training.tracing.traced_step import TracedStep

if TYPE_CHECKING:
    from torch import Tensor, optim

COUNTING = "_foreach_add_"
"""The operation that counts the steps of an optimizer."""

FUSED = "_fused_"


@define
class TracedUpdates:
    """The trace of steps with their updates, several of which can be made in one call."""

    step: TracedStep
    """The trace of their gradients."""
    whole: WholeStep
    program: Program
    comparison: Comparison = field(factory=Comparison)
    """How single steps compare with those of the layers."""
    seconds: float = 1e-6
    """How long a step takes if several are made at once."""


class UpdateState:
    """What an update depends on besides gradients and learning rates: the options and the states of the optimizer."""

    def __init__(self, optimizer: "optim.Optimizer"):
        """Remember the present options and states."""
        self._optimizer = optimizer
        self._options = self._present_options()
        self.tensors = self._present_tensors()
        """The tensors in the states."""

    def is_unchanged(self) -> bool:
        """Whether the options are equal, the states are the same tensors, and no hook wants to see the update."""
        now = self._present_tensors()
        return (
            len(now) == len(self.tensors)
            and all(one is other for one, other in zip(now, self.tensors, strict=True))
            and self._present_options() == self._options
        )

    def rates(self) -> list[float]:
        """The learning rate of each group."""
        return [group["lr"] for group in self._optimizer.param_groups]

    def _present_options(self) -> list[Any]:
        own = self._optimizer
        if own._optimizer_step_pre_hooks or own._optimizer_step_post_hooks:
            return [object()]
        options: list[Any] = [
            {name: value for name, value in group.items() if name not in ("lr", "initial_lr", "params")}
            for group in own.param_groups
        ]
        return [*options, *(type(group["lr"]) for group in own.param_groups), type(own)]

    def _present_tensors(self) -> "list[Tensor]":
        import torch

        states: Iterable[Mapping[str, Any]] = self._optimizer.state.values()
        return [one for state in states for one in state.values() if isinstance(one, torch.Tensor)]


def whole_step(
    step: TracedStep, operations: Iterable[Recorded], optimizer: "optim.Optimizer", state: UpdateState
) -> WholeStep:
    """Append a recorded update to the graph of the gradients.

    Args:
        step: the gradients.
        operations: the operations of the update, whose gradients are those in `grad` now.
        optimizer: the optimizer.
        state: its state.

    Raises:
        Untraceable: If the update consists of other operations than fused ones.

    """
    gradients: list[Any] = [parameter.grad for parameter in step.with_gradient]
    known = [*gradients, *step.fixed, *state.tensors, *(one for g in optimizer.param_groups for one in g["params"])]
    builder = GraphBuilder(known)
    for operation in operations:
        builder.add(operation)
    update = builder.graph([])
    first = 1 + max([0, *(value.number for value in _all_values(step.graph))])
    of_gradients = len(gradients)

    def place(value: Value) -> Value:
        index = builder.indices.get(value)
        if index is None:
            return Value(first + value.number)
        if index < of_gradients:
            return step.graph.outputs[1 + index]
        if index < of_gradients + len(step.fixed):
            return step.graph.inputs[index - of_gradients]
        return Value(first + value.number)

    groups = {id(one): number for number, group in enumerate(optimizer.param_groups) for one in group["params"]}
    lists: list[Sequence[Tensor]] = []
    names: dict[tuple[int, ...], Name] = {}

    def argument(one: Any) -> Any:
        if isinstance(one, (list, tuple)) and one and all(isinstance(value, Value) for value in one):
            indices = [builder.indices.get(value, -1) for value in one]
            if min(indices) >= of_gradients:
                tensors = [known[index] for index in indices]
                key = tuple(map(id, tensors))
                if key not in names:
                    names[key] = Name(f"list{len(lists)}")
                    lists.append(tensors)
                return names[key]
        return replaced(one, place)

    calls: list[Call] = []
    for call in update.calls:
        keywords = {name: argument(one) for name, one in call.keywords.items()}
        if call.schema.name.startswith(FUSED):
            rate = keywords.get("lr")
            if not isinstance(rate, float):
                raise Untraceable("the learning rate is no number")
            of_group = builder.tensors[call.arguments[0][0].number]
            keywords["lr"] = Name(f"r{groups[id(of_group)]}")
        elif call.schema.name != COUNTING or any(call.results):
            raise Untraceable(f"the optimizer updates with {call.operation}")
        calls.append(evolve(call, arguments=[argument(one) for one in call.arguments], keywords=keywords))
    if not any(call.schema.name.startswith(FUSED) for call in calls):
        raise Untraceable("the optimizer is not fused")
    of_step, before = with_views_first(step.graph.calls, step.graph.inputs[: len(step.fixed)])
    return WholeStep(
        graph=evolve(step.graph, calls=[*of_step, *calls]),
        fixed=step.fixed,
        lists=lists,
        of_batch=step.of_batch,
        groups=len(optimizer.param_groups),
        before=before,
    )


def _all_values(graph: Graph) -> Iterable[Value]:
    yield from graph.inputs
    for call in graph.calls:
        yield from call.values()
        yield from (one for one in call.results if one is not None)
