"""The update of the parameters by an optimizer of torch, as a part of a graph."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from attrs import define, evolve, field

from hookline.spec.objective.objective import Term
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
from hookline.training.tracing.options import VARIABLE, Option
from hookline.training.tracing.snapshot import Snapshot
from hookline.training.tracing.traced_step import TracedStep, tensors_of
from hookline.training.tracing.watching.optimizers import is_observed

if TYPE_CHECKING:
    import torch
    from torch import Tensor, optim

    from hookline.data.batches import Batch

COUNTING = "_foreach_add_"
"""The operation that counts the steps of an optimizer."""

FUSED = "_fused_"

LARGEST = 2**22
"""The largest size in bytes of what is copied before each call, which takes less than a hundredth of the longest."""

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
    beginning: Snapshot
    """What the program changes, besides batches."""
    comparison: Comparison = field(factory=Comparison)
    """How single steps compare with those of the layers."""
    seconds: float = 0.0
    """How long a step takes if several are made at once."""

    def scalars(self, count: int, dtype: "torch.dtype") -> "list[Tensor]":
        """Make tensors for the losses of steps, and for each tensor of their terms."""
        import torch

        return [torch.empty(count, dtype=own) for own in (dtype, *self.step.dtypes)]

    def make(self, group: "Sequence[Batch]", options: Sequence[Sequence[float]], scalars: "Sequence[Tensor]") -> None:
        """Make a step for each batch, and store the gradients of the last one.

        If the program fails, everything is as before.

        Args:
            group: the batches.
            options: the values in each step of each option.
            scalars: what `scalars` returned, to which the losses and terms are written.

        """
        tensors = [tensors_of(batch) for batch in group]
        columns = [[one[index] for one in tensors] for index in self.whole.of_batch]
        outputs = [list(several.unbind()) for several in scalars]
        empty: list[Tensor] = []
        of_batches = [(one[index], one[index].clone()) for one in tensors for index in self.step.changed_of_batch]
        self.beginning.keep()
        try:
            last = self.program(*self.whole.fixed, *columns, *self.whole.lists, *options, *outputs, empty)
        except BaseException:
            self.beginning.restore()
            for tensor, value in of_batches:
                tensor.copy_(value)
            raise
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

    def __init__(self, optimizer: "optim.Optimizer"):
        """Remember the present options and states."""
        self._optimizer = optimizer
        self._options = self._present_options()
        self.tensors = self._present_tensors()
        """The tensors in the states."""
        self._rates: list[Any] | None = None

    def is_unchanged(self) -> bool:
        """Whether the options are equal, the states are the same tensors, and no hook wants to see the update."""
        now = self._present_tensors()
        return (
            len(now) == len(self.tensors)
            and all(one is other for one, other in zip(now, self.tensors, strict=True))
            and self._present_options() == self._options
        )

    def keep_rates(self) -> None:
        """Remember the `VARIABLE` options, too.

        Raises:
            Untraceable: If one is a tensor, or if a state is a number, from which an update may compute others.

        """
        import torch

        self._rates = self._present_rates()
        if any(isinstance(rate, torch.Tensor) for rate in self._rates):
            raise Untraceable("an option of the optimizer is a tensor")
        states = self._optimizer.state.values()
        if any(not isinstance(one, torch.Tensor | None) for state in states for one in state.values()):
            raise Untraceable("a state of the optimizer is no tensor")

    @property
    def keeps_rates(self) -> bool:
        """Whether the update is only that of the present `VARIABLE` options."""
        return self._rates is not None

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
        return [*options, *kinds, type(own), vars(own).get("step")]

    def _present_tensors(self) -> "list[Tensor]":
        import torch

        states: Iterable[Mapping[str, Any]] = self._optimizer.state.values()
        return [one for state in states for one in state.values() if isinstance(one, torch.Tensor)]


def whole_step(
    step: TracedStep, operations: Iterable[Recorded], optimizer: "optim.Optimizer", state: UpdateState
) -> tuple[WholeStep, list[Option]]:
    """Append a recorded update to the graph of the gradients. Return also the options that it takes.

    Fused operations take the options that may change from step to step as arguments. Other operations take numbers that
    were computed from them, so `state` keeps these options, and the trace holds as long as they are unchanged.

    Args:
        step: the gradients.
        operations: the operations of the update, whose gradients are those in `grad` now.
        optimizer: the optimizer.
        state: its state.

    Raises:
        Untraceable: If the update or the gradients look at values, or the update changes gradients.

    """
    if step.graph.is_guarded:
        raise Untraceable("the layers look at values of tensors")
    if None in step.dtypes:
        raise Untraceable("a term of the loss is no scalar")
    gradients: list[Any] = [parameter.grad for parameter in step.with_gradient]
    others = [*step.fixed, *state.tensors, *(one for g in optimizer.param_groups for one in g["params"])]
    known = [*gradients, *{id(one): one for one in others}.values()]
    builder = GraphBuilder(known)
    for operation in operations:
        builder.add(operation)
    update = builder.graph([])
    first = 1 + max([0, *(value.number for value in _all_values(step.graph))])
    of_gradients = len(gradients)

    places: dict[Value, Value] = {}
    more: dict[Value, Tensor] = {}
    for value, index in builder.indices.items():
        if index < of_gradients:
            places[value] = step.graph.outputs[1 + index]
        elif index < of_gradients + len(step.fixed):
            places[value] = step.graph.inputs[index - of_gradients]

    def place(value: Value) -> Value:
        if value not in places:
            places[value] = Value(first + value.number)
            if value in builder.indices:
                more[places[value]] = known[builder.indices[value]]
        return places[value]

    options: dict[Option, Name] = {}
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
        arguments = [argument(one) for one in call.arguments]
        keywords = {name: argument(one) for name, one in call.keywords.items()}
        if call.schema.name.startswith(FUSED):
            group = groups[id(builder.tensors[call.arguments[0][0].number])]
            for name in filter(keywords.__contains__, VARIABLE):
                if not isinstance(keywords[name], (int, float)):
                    raise Untraceable(f"the option {VARIABLE[name][0]} of the optimizer is no number")
                option = Option(group, *VARIABLE[name], recorded=float(keywords[name]))
                keywords[name] = options.setdefault(option, Name(f"r{len(options)}"))
        elif not _counts(call):
            _refuse(call, [builder.tensors[value.number] for value in call.written()], gradients)
            if any(isinstance(one, list) for one in call.schema.written(arguments, keywords)):
                # A list that is made inside TorchScript would not be changed in place.
                raise Untraceable(f"the optimizer updates with {call.operation}")
            state.keep_rates()
        results = [None if one is None else place(one) for one in call.results]
        calls.append(evolve(call, arguments=arguments, keywords=keywords, results=results))
    if not calls:
        raise Untraceable("the optimizer updates nothing")
    count = len(step.fixed)
    inputs = [*step.graph.inputs[:count], *more, *step.graph.inputs[count:]]
    of_step, before = with_views_first(step.graph.calls, step.graph.inputs[:count])
    fixed = [*step.fixed, *more.values()]
    written = {places[value] for value in update.written if value in places}
    whole = WholeStep(
        graph=evolve(step.graph, inputs=inputs, calls=[*of_step, *calls]),
        fixed=fixed,
        lists=lists,
        of_batch=step.of_batch,
        options=len(options),
        gradients=of_gradients,
        before=before,
        changed=[one for one, value in zip(fixed, inputs, strict=False) if value in written],
    )
    return whole, list(options)


def _counts(call: Call) -> bool:
    """Whether a call counts the steps of the optimizer, so that it takes no number from the options."""
    return call.schema.name == COUNTING and type(call.arguments[1]) is int


def _refuse(call: Call, written: "Sequence[Tensor]", gradients: "Sequence[Tensor]") -> None:
    """Raise `Untraceable` if an operation that is not fused cannot be repeated in another step."""
    if call.truth is not None:
        raise Untraceable("the optimizer looks at values of tensors")
    storages = {one.untyped_storage()._cdata for one in gradients}
    if any(one.untyped_storage()._cdata in storages for one in written):
        raise Untraceable("the optimizer changes gradients")


def _all_values(graph: Graph) -> Iterable[Value]:
    yield from graph.inputs
    for call in graph.calls:
        yield from call.values()
        yield from (one for one in call.results if one is not None)
