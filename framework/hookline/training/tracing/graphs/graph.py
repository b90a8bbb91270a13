"""A graph of recorded operations: which values each one takes, and which tensors are its inputs and outputs."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import Factory, field, frozen

from hookline.training.tracing.graphs.operations import Schema, schema_of

if TYPE_CHECKING:
    from torch import Tensor
    from torch._ops import OpOverload


class Untraceable(Exception):  # noqa: N818 - It is a reason, and no error: the layers compute the step then.
    """Says why the operations of a step cannot be repeated without the layers."""


def reason_of(error: Exception) -> str:
    """Say why a trace cannot be made."""
    return str(error) if isinstance(error, Untraceable) else f"the trace cannot be made: {error!r}"


@frozen(eq=False, repr=False)
class Value:
    """A tensor of a graph: an input, or a result of an operation. A graph has one object for each."""

    number: int


@frozen(eq=False, repr=False)
class Call:
    """An operation with its arguments, in which `Value` stands for a tensor."""

    operation: "OpOverload"
    arguments: Sequence[Any]
    keywords: Mapping[str, Any]
    results: Sequence[Value | None]
    """Its results; `None` for one that is no tensor."""
    is_several: bool
    """Whether it returns several results, or a list of them."""
    is_list: bool = False
    """Whether it returns a list whose length its schema does not say."""
    truth: bool | None = None
    """What it must return if the following operations are to be those of the layers, as in `if (x < 0).any()`; for an
    operation that returns a truth value."""
    schema: Schema = field(default=Factory(lambda self: schema_of(self.operation), takes_self=True), repr=False)
    """What is known about its operation."""
    values: Sequence[Value] = field(
        default=Factory(lambda self: values_in([*self.arguments, *self.keywords.values()]), takes_self=True),
        repr=False,
    )
    """The values that it takes."""

    def written(self) -> list[Value]:
        """The values that it changes in place."""
        return values_in(self.schema.written(self.arguments, self.keywords))

    def changed(self, change: Callable[[Value], Value], argument: Callable[[Any], Any] | None = None) -> "Call":
        """Return the call with other values.

        Args:
            change: returns what takes the place of a value.
            argument: returns what takes the place of an argument; `None` if only values change.

        """
        other = argument or (lambda part: replaced(part, change))
        return Call(
            self.operation,
            [other(part) for part in self.arguments],
            {name: other(part) for name, part in self.keywords.items()},
            # An operation in place returns the tensor that it changes.
            [None if one is None else change(one) for one in self.results],
            self.is_several,
            self.is_list,
            self.truth,
            self.schema,
        )


@frozen(eq=False, repr=False)
class Graph:
    """Operations in the order in which they run."""

    inputs: Sequence[Value]
    calls: Sequence[Call]
    outputs: Sequence[Value]
    written: frozenset[Value] = field(default=frozenset())
    """The inputs whose memory the operations change."""

    @property
    def is_guarded(self) -> bool:
        """Whether the operations are those of the layers only for some values of the inputs."""
        return any(call.truth is not None for call in self.calls)


Program: TypeAlias = "Callable[..., Sequence[Tensor]]"
"""Takes the inputs of a graph as positional arguments, and returns its outputs."""

Runner: TypeAlias = Callable[[Graph], Program]
"""Makes the program of a graph. Raises `Untraceable` if it cannot."""


def values_in(parts: Sequence[Any]) -> list[Value]:
    """Return the values in arguments, and in lists among them."""
    found: list[Value] = []
    for part in parts:
        if isinstance(part, Value):
            found.append(part)
        elif isinstance(part, (list, tuple)):
            found += values_in(part)
    return found


def replaced(part: Any, change: Callable[[Value], Value]) -> Any:
    """Return an argument with other values."""
    if isinstance(part, Value):
        return change(part)
    return [replaced(element, change) for element in part] if isinstance(part, (list, tuple)) else part
