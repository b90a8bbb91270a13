"""A graph of recorded operations: which values each one takes, and which tensors are its inputs and outputs."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from hookline.training.tracing.graphs.operations import Schema, schema_of

if TYPE_CHECKING:
    from torch import Tensor
    from torch._ops import OpOverload


class Untraceable(Exception):  # noqa: N818 - It is a reason, and no error: the layers compute the step then.
    """Says why the operations of a step cannot be repeated without the layers."""


def reason_of(error: Exception) -> str:
    """Say why a trace cannot be made."""
    return str(error) if isinstance(error, Untraceable) else f"the trace cannot be made: {error!r}"


class Value:
    """A tensor of a graph: an input, or a result of an operation. A graph has one object for each."""

    __slots__ = ("name", "number", "storage")

    def __init__(self, number: int, storage: int = 0):
        """Name a tensor.

        Args:
            number: the number, which no other value of the graph has.
            storage: identifies the memory of the tensor while the operations were recorded.

        """
        self.number, self.storage = number, storage
        self.name = f"t{number}"
        """Its variable in the source of a program."""


class Call:
    """An operation with its arguments, in which `Value` stands for a tensor."""

    __slots__ = ("arguments", "is_list", "is_several", "keywords", "operation", "results", "schema", "truth", "values")

    def __init__(
        self,
        operation: "OpOverload",
        arguments: Sequence[Any],
        keywords: Mapping[str, Any],
        results: Sequence[Value | None],
        *,
        is_several: bool = False,
        is_list: bool = False,
        truth: bool | None = None,
        schema: Schema | None = None,
        values: Sequence[Value] | None = None,
    ):
        """Describe a call.

        Args:
            operation: the operation.
            arguments: its arguments.
            keywords: its arguments with names.
            results: its results; `None` for one that is not a tensor.
            is_several: whether it returns several results, or a list of them.
            is_list: whether it returns a list whose length its schema does not say.
            truth: what it must return if the following operations are to be those of the layers, as in
                `if (x < 0).any()`; for an operation that returns a truth value.
            schema: what is known about the operation.
            values: the values that it takes, in the order of the arguments.

        """
        self.operation, self.arguments, self.keywords, self.results = operation, arguments, keywords, results
        self.is_several, self.is_list, self.truth = is_several, is_list, truth
        self.schema = schema_of(operation) if schema is None else schema
        self.values = values_in([*arguments, *keywords.values()]) if values is None else values

    def written(self) -> list[Value]:
        """The values that it changes in place."""
        return values_in(self.schema.written(self.arguments, self.keywords))

    def with_values(self, others: Mapping[Value, Value]) -> "Call":
        """Return the call with other values in place of some."""

        def other(part: Any) -> Any:
            if type(part) is Value:
                return others.get(part, part)
            return [other(one) for one in part] if type(part) is list else part

        return Call(
            self.operation,
            [other(one) for one in self.arguments],
            {name: other(one) for name, one in self.keywords.items()},
            # An operation in place returns the tensor that it changes.
            [others.get(one, one) if one is not None else None for one in self.results],
            is_several=self.is_several,
            is_list=self.is_list,
            truth=self.truth,
            schema=self.schema,
            values=[others.get(one, one) for one in self.values],
        )

    def with_arguments(
        self,
        arguments: Sequence[Any],
        keywords: Mapping[str, Any] | None = None,
        results: Sequence[Value | None] | None = None,
    ) -> "Call":
        """Return the call with other arguments, and other results if given."""
        return Call(
            self.operation,
            arguments,
            self.keywords if keywords is None else keywords,
            self.results if results is None else results,
            is_several=self.is_several,
            is_list=self.is_list,
            truth=self.truth,
            schema=self.schema,
        )


class Graph:
    """Operations in the order in which they run."""

    __slots__ = ("calls", "inputs", "outputs", "written")

    def __init__(
        self,
        inputs: Sequence[Value],
        calls: Sequence[Call],
        outputs: Sequence[Value],
        written: frozenset[Value] = frozenset(),
    ):
        """Describe a graph.

        Args:
            inputs: the values that it takes.
            calls: its operations.
            outputs: the values that it returns.
            written: the inputs whose memory the operations change.

        """
        self.inputs, self.calls, self.outputs, self.written = inputs, calls, outputs, written

    def with_calls(self, calls: Sequence[Call]) -> "Graph":
        """Return a graph with other calls that takes and returns the same."""
        return Graph(self.inputs, calls, self.outputs, self.written)

    @property
    def is_guarded(self) -> bool:
        """Whether the operations are those of the layers only for some values of the inputs."""
        return bool({call.truth for call in self.calls} - {None})


Program: TypeAlias = "Callable[..., Sequence[Tensor]]"
"""Takes the inputs of a graph as positional arguments, and returns its outputs."""

Runner: TypeAlias = Callable[[Graph], Program]
"""Makes the program of a graph. Raises `Untraceable` if it cannot."""


def values_in(parts: Sequence[Any]) -> list[Value]:
    """Return the values in arguments, and in lists among them."""
    found: list[Value] = []
    for part in parts:
        if type(part) is Value:
            found.append(part)
        elif type(part) is list:
            found += values_in(part)
    return found
