"""The update of the parameters by a fused optimizer, as a part of a graph."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from attrs import define, evolve, field

from hookline.spec.objective.objective import Term
from hookline.training.tracing.comparison import FIRST_SECONDS, Comparison
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
from hookline.training.tracing.graphs.whole_step import Lists, WholeStep, with_views_first
from hookline.training.tracing.options import VARIABLE, Option
from hookline.training.tracing.traced_step import TracedStep, tensors_of
from hookline.training.tracing.unwritten import unwritten
from hookline.training.tracing.watching.optimizers import is_observed, is_of_torch

if TYPE_CHECKING:
    import torch
    from torch import Tensor, optim

    from hookline.data.batches import Batch

COUNTING = "_foreach_add_"
"""The operation that counts the steps of an optimizer."""

FUSED = "_fused_"

NOT_COMPARED = frozenset({"params", "initial_lr", *(name for name, _ in VARIABLE.values())})
"""Options that are inputs of the trace, or that do not belong to an update."""


@define
class TracedUpdates:
    """The trace of steps with their updates, several of which can be made in one call."""

    step: TracedStep
    """The trace of their gradients."""
    whole: WholeStep
    options: Sequence[Option]
    """The options of the optimizer that it takes."""
    program: Program
    comparison: Comparison = field(factory=Comparison)
    """How single steps compare with those of the layers."""
    seconds: float = FIRST_SECONDS
    """How long a step takes if several are made at once."""

    def scalars(self, count: int, dtype: "torch.dtype") -> "list[Tensor]":
        """Make tensors for the losses of steps, which are marked as missing, and for each tensor of their terms."""
        import torch

        return [unwritten(count, dtype), *(torch.empty(count, dtype=own) for own in self.step.dtypes)]

    def make(self, group: "Sequence[Batch]", options: Sequence[Sequence[float]], scalars: "Sequence[Tensor]") -> None:
        """Make a step for each batch, and store the gradients of the last one.

        Args:
            group: the batches.
            options: the values in each step of each option.
            scalars: what `scalars` returned, in which each step writes its loss last.

        """
        tensors = [tensors_of(batch) for batch in group]
        columns = [[one[index] for one in tensors] for index in self.whole.of_batch]
        outputs = [list(several.unbind()) for several in scalars]
        empty: list[Tensor] = []
        last = self.program(*self.whole.fixed, *columns, *self.whole.lists, *options, *outputs, empty)
        for parameter in self.step.without_gradient:
            parameter.grad = None
        for parameter, gradient in zip(self.step.with_gradient, last, strict=True):
            parameter.grad = gradient


class Made(NamedTuple):
    """Steps that were made in one call."""

    losses: list[float]
    terms: list[list[Term]]
    """The terms of `[losses]` of each step."""
    error: BaseException | None
    """The error that ended the call after these steps."""


class UpdateState:
    """What an update depends on besides gradients and `VARIABLE` options: other options and the optimizer's states."""

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

    def _present_options(self) -> list[Any]:
        own = self._optimizer
        if is_observed(own):
            return [object()]
        groups: list[dict[str, Any]] = own.param_groups
        options = [{name: value for name, value in group.items() if name not in NOT_COMPARED} for group in groups]
        kinds = [(type(group["lr"]), bool(group.get("momentum"))) for group in groups]
        return [*options, *kinds, type(own), vars(own).get("step")]

    def _present_tensors(self) -> "list[Tensor]":
        import torch

        states: Iterable[Mapping[str, Any]] = self._optimizer.state.values()
        return [one for state in states for one in state.values() if isinstance(one, torch.Tensor)]


def whole_step(
    step: TracedStep, operations: Iterable[Recorded], optimizer: "optim.Optimizer", state: UpdateState
) -> tuple[WholeStep, list[Option]]:
    """Append a recorded update to the graph of the gradients. Return also the options that it takes.

    Args:
        step: the gradients.
        operations: the operations of the update, whose gradients are those in `grad` now.
        optimizer: the optimizer.
        state: its state.

    Raises:
        Untraceable: If the update consists of other operations than fused ones, or the gradients look at values.

    """
    if step.graph.is_guarded:
        raise Untraceable("the layers look at values of tensors")
    if not is_of_torch(optimizer):
        raise Untraceable(f"{type(optimizer).__name__} is no optimizer of torch")
    if None in step.dtypes:
        raise Untraceable("a term of the loss is no scalar")
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

    options: dict[Option, Name] = {}
    groups = {id(one): number for number, group in enumerate(optimizer.param_groups) for one in group["params"]}
    lists = Lists()

    def argument(one: Any) -> Any:
        if isinstance(one, (list, tuple)) and one and all(isinstance(value, Value) for value in one):
            indices = [builder.indices.get(value, -1) for value in one]
            if min(indices) >= of_gradients:
                return lists.name([known[index] for index in indices])
        return replaced(one, place)

    calls: list[Call] = []
    for call in update.calls:
        keywords = {name: argument(one) for name, one in call.keywords.items()}
        if call.schema.name.startswith(FUSED):
            group = groups[id(builder.tensors[call.arguments[0][0].number])]
            for name in filter(keywords.__contains__, VARIABLE):
                if not isinstance(keywords[name], (int, float)):
                    raise Untraceable(f"the option {VARIABLE[name][0]} of the optimizer is no number")
                option = Option(group, *VARIABLE[name], recorded=float(keywords[name]))
                keywords[name] = options.setdefault(option, Name(f"r{len(options)}"))
        elif call.schema.name != COUNTING or any(call.results):
            raise Untraceable(f"the optimizer updates with {call.operation}")
        calls.append(evolve(call, arguments=[argument(one) for one in call.arguments], keywords=keywords))
    if not any(call.schema.name.startswith(FUSED) for call in calls):
        raise Untraceable("the optimizer is not fused")
    of_step, before = with_views_first(step.graph.calls, step.graph.inputs[: len(step.fixed)])
    whole = WholeStep(
        graph=evolve(step.graph, calls=[*of_step, *calls]),
        fixed=step.fixed,
        lists=lists.tensors,
        of_batch=step.of_batch,
        options=len(options),
        gradients=of_gradients,
        before=before,
    )
    return whole, list(options)


def _all_values(graph: Graph) -> Iterable[Value]:
    yield from graph.inputs
    for call in graph.calls:
        yield from call.values()
        yield from (one for one in call.results if one is not None)
