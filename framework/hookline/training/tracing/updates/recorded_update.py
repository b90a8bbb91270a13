"""Append the update of the parameters to the graph of their gradients."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import is_
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from hookline.training.tracing.graphs import runners
from hookline.training.tracing.graphs.builder import GraphBuilder
from hookline.training.tracing.graphs.graph import Call, Graph, Untraceable, Value
from hookline.training.tracing.graphs.recording import Recorded
from hookline.training.tracing.graphs.running.sources import Name
from hookline.training.tracing.graphs.whole_step import Lists, WholeStep, with_views_first
from hookline.training.tracing.traced_step import TracedStep
from hookline.training.tracing.updates.counters import FUSED, Counter, counts, with_common_counters
from hookline.training.tracing.updates.options import VARIABLE, Option
from hookline.training.tracing.updates.update import TracedUpdates, beginning_of
from hookline.training.tracing.updates.update_state import UpdateState

if TYPE_CHECKING:
    from torch import Tensor, optim


def traced_updates(
    step: TracedStep, operations: Iterable[Recorded], optimizer: "optim.Optimizer", state: UpdateState
) -> TracedUpdates:
    """Append a recorded update to the graph of the gradients, and return the trace of both.

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
    builder = GraphBuilder(known, first=1 + max([0, *(value.number for value in _all_values(step.graph))]))
    for operation in operations:
        builder.add(operation)
    update, memory = builder.graph([]), builder.memory
    of_gradients = len(gradients)
    ends = list(step.graph.outputs[1 : 1 + of_gradients])

    of_step = [*ends, *step.graph.inputs[: len(step.fixed)]]
    places = {value: of_step[index] for value, index in builder.indices.items() if index < len(of_step)}

    options: dict[Option, Name] = {}
    groups = {id(one): number for number, group in enumerate(optimizer.param_groups) for one in group["params"]}
    lists = Lists()

    def argument(one: Any) -> Any:
        """The argument itself, or the name of a list of tensors that exist already."""
        if type(one) is not list or set(map(type, one)) != {Value}:
            return one
        if [places.get(value) for value in one] == ends:
            return Name("last")
        indices = [builder.indices.get(value, -1) for value in one]
        return lists.name([known[index] for index in indices]) if min(indices) >= of_gradients else one

    calls: list[Call] = []
    for call in update.calls:
        arguments = [argument(one) for one in call.arguments]
        keywords = {name: argument(one) for name, one in call.keywords.items()}
        if call.schema.name.startswith(FUSED):
            group = groups[id(memory.tensor(call.arguments[0][0]))]
            for name in filter(keywords.__contains__, VARIABLE):
                if not isinstance(keywords[name], (int, float)):
                    raise Untraceable(f"the option {VARIABLE[name][0]} of the optimizer is no number")
                option = Option(group, *VARIABLE[name], recorded=float(keywords[name]))
                keywords[name] = options.setdefault(option, Name(f"r{len(options)}"))
        elif not counts(call):
            _refuse(call, gradients)
            if any(type(one) is list for one in call.schema.written(arguments, keywords)):
                # A list that is made inside TorchScript would not be changed in place.
                raise Untraceable(f"the optimizer updates with {call.operation}")
            state.keep_rates()
        calls.append(call.with_arguments(arguments, keywords).with_values(places))
    if not calls:
        raise Untraceable("the optimizer updates nothing")
    taken = {value for call in calls for value in call.values}
    more = {value: known[index] for value, index in builder.indices.items() if value in taken}
    written = {places.get(value, value) for value in update.written}
    calls, tensors, counters = with_common_counters(calls, lists.tensors)
    state.counters = counters
    return _traced(step, calls, tensors, list(options), counters, more, written)


def _refuse(call: Call, gradients: "Sequence[Tensor]") -> None:
    """Raise `Untraceable` if an operation that is not fused cannot be repeated in another step."""
    if call.truth is not None:
        raise Untraceable("the optimizer looks at values of tensors")
    storages = {one.untyped_storage()._cdata for one in gradients}
    if any(one.storage in storages for one in call.written()):
        raise Untraceable("the optimizer changes gradients")


def _traced(
    step: TracedStep,
    update: Sequence[Call],
    lists: "Sequence[Sequence[Tensor]]",
    options: Sequence[Option],
    counters: Sequence[Counter],
    more: "Mapping[Value, Tensor]" = MappingProxyType({}),
    written: Collection[Value] = (),
) -> TracedUpdates:
    """Append the calls of an update, which takes more inputs and writes to some, besides those of fused operations."""
    count = len(step.fixed)
    calls, before = with_views_first(step.graph.calls, step.graph.inputs[:count])
    inputs = [*step.graph.inputs[:count], *more, *step.graph.inputs[count:]]
    fixed = [*step.fixed, *more.values()]
    whole = WholeStep(
        graph=Graph(inputs, [*calls, *update], step.graph.outputs, step.graph.written),
        fixed=fixed,
        lists=lists,
        of_batch=step.of_batch,
        options=len(options),
        gradients=len(step.with_gradient),
        before=before,
        updates=len(update),
        changed=[one for one, value in zip(fixed, inputs, strict=False) if value in written],
    )
    beginning = beginning_of(whole, step, counters)
    return TracedUpdates(step, whole, options, runners.best_of_several(whole), beginning, counters)


def updates_like(other: TracedUpdates, step: TracedStep) -> TracedUpdates | None:
    """Append the update of another shape of batches, which is the same; `None` if it is not sure that it is.

    Args:
        other: the steps of the other shape. The optimizer and its states must be as they were recorded.
        step: the gradients.

    """
    parameters, gradients = step.with_gradient, step.graph.outputs[1 : 1 + len(step.with_gradient)]
    others = other.step.graph.outputs[1 : 1 + len(other.step.with_gradient)]
    if len(parameters) != len(others) or not all(map(is_, parameters, other.step.with_gradient)):
        return None
    places = dict(zip(others, gradients, strict=True))
    calls = other.whole.graph.calls[len(other.step.graph.calls) :]
    is_of_gradients = places.keys() >= {value for call in calls for value in call.values}
    if len(places) < len(others) or not is_of_gradients or step.graph.is_guarded or None in step.dtypes:
        return None
    try:
        update = [call.with_values(places) for call in calls]
        return _traced(step, update, other.whole.lists, other.options, other.counters)
    except Exception:  # noqa: BLE001 - The update is recorded, which says what it is.
        return None


def _all_values(graph: Graph) -> Iterable[Value]:
    yield from graph.inputs
    for call in graph.calls:
        yield from call.values
        yield from (one for one in call.results if one is not None)
