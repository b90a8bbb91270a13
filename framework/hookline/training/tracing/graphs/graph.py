"""A graph of recorded operations: which values each one takes, and which tensors are its inputs and outputs."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import Factory, field, frozen

from hookline.training.tracing.graphs.operations import Schema, schema_of
from hookline.training.tracing.graphs.recording import Recorded

if TYPE_CHECKING:
    from torch import Tensor
    from torch._ops import OpOverload

IGNORED = frozenset({"profiler"})
"""The namespaces of operations that compute nothing."""

READ = frozenset({"_pack_padded_sequence", "is_nonzero", "item", "segment_reduce"})
"""Operations that look at values to decide how they compute, besides those that torch marks so."""

READ_AGAIN = frozenset({"_ctc_loss", "_ctc_loss_backward"})
"""Operations that torch marks so, whose kernels look at the values themselves: what follows does not depend on them."""

TRUTH = "_local_scalar_dense"
"""The operation that returns the value of a tensor to Python."""

FINAL = frozenset({"resize_", "set_"})
"""Operations that give a tensor other memory in place."""


PLAIN = frozenset({bool, float, int, str, type(None)})
"""Types of arguments that are no tensors and contain none."""


class Untraceable(Exception):  # noqa: N818 - It is a reason, and no error: the layers compute the step then.
    """Says why the operations of a step cannot be repeated without the layers."""


@frozen(eq=False)
class Value:
    """A tensor of a graph: an input, or a result of an operation. A graph has one object for each."""

    number: int


@frozen
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
        default=Factory(lambda self: _values_in([*self.arguments, *self.keywords.values()]), takes_self=True),
        repr=False,
    )
    """The values that it takes."""

    def written(self) -> list[Value]:
        """The values that it changes in place."""
        return _values_in(self.schema.written(self.arguments, self.keywords))

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


@frozen
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


def _values_in(parts: Sequence[Any]) -> list[Value]:
    found: list[Value] = []
    for part in parts:
        if isinstance(part, Value):
            found.append(part)
        elif isinstance(part, (list, tuple)):
            found += _values_in(part)
    return found


def replaced(part: Any, change: Callable[[Value], Value]) -> Any:
    """Return an argument with other values."""
    if isinstance(part, Value):
        return change(part)
    return [replaced(element, change) for element in part] if isinstance(part, (list, tuple)) else part


class GraphBuilder:
    """Makes a graph of recorded operations."""

    def __init__(self, known: "Sequence[Tensor]"):
        """Begin with the tensors that exist before the operations. Those that they use become inputs."""
        self._values: dict[int, Value] = {}
        self._known = {id(tensor): index for index, tensor in enumerate(known)}
        self.indices: dict[Value, int] = {}
        """The index among the known tensors of each input."""
        self._calls: list[Call] = []
        self._written: set[int] = set()
        """The storages to which operations write."""
        self.tensors: list[Tensor] = []
        """The tensor of each value, by its number."""
        self.reshaped: set[Value] = set()
        """The values whose tensors got another shape in place, so that the tensor no longer has that of the value."""

    def add(self, recorded: Recorded) -> None:
        """Add an operation.

        Raises:
            Untraceable: If it cannot be repeated without the layers.

        """
        import torch

        operation = recorded.operation
        if not isinstance(operation, torch._ops.OpOverload):
            raise Untraceable(f"{operation} is no operation of torch.ops")
        schema = schema_of(operation)
        if schema.namespace in IGNORED:
            return
        _refuse(schema, recorded)
        if schema.reshapes:
            self._add_reshaping(schema, recorded)
            return
        arguments = [self._argument(operation, one) for one in recorded.arguments]
        keywords = {name: self._argument(operation, one) for name, one in recorded.keywords.items()}
        if schema.writes:
            self._written.update(map(self._storage, _values_in(schema.written(arguments, keywords))))
        result = recorded.result
        if schema.name == TRUTH:
            self._calls.append(Call(operation, arguments, keywords, [None], False, False, result, schema))
            return
        is_several = isinstance(result, (list, tuple))
        results = [self._result(operation, one) for one in (result if is_several else [result])]
        is_list = schema.count == 1 and is_several
        self._calls.append(Call(operation, arguments, keywords, results, is_several, is_list, None, schema))

    def graph(self, outputs: "Sequence[Tensor]") -> Graph:
        """Return the graph with these outputs.

        Raises:
            Untraceable: If an output is not the result of an operation.

        """
        for tensor in outputs:
            if id(tensor) not in self._values:
                self._input(tensor, "an output")
        ends = [self._values[id(tensor)] for tensor in outputs]
        written = frozenset(value for value in self.indices if self._storage(value) in self._written)
        return Graph(list(self.indices), self._calls, ends, written)

    def _storage(self, value: Value) -> int:
        return int(self.tensors[value.number].untyped_storage()._cdata)

    def _add_reshaping(self, schema: Schema, recorded: Recorded) -> None:
        """Add an operation such as `transpose_` as one that returns a new view, which takes the place of the tensor."""
        import torch

        operation, (tensor, *others) = recorded.operation, recorded.arguments
        before = self._argument(operation, tensor)
        name = schema.name
        views = getattr(torch.ops.aten, name.removesuffix("_"))
        view = getattr(views, operation._overloadname, None) or getattr(views, "int", None)
        if view is None or before in self.indices or name in FINAL:
            raise Untraceable(f"{operation} changes the shape of a tensor in place")
        self.reshaped.add(before)
        after = self._values[id(tensor)] = self._new(tensor)
        self._calls.append(Call(view, [before, *others], recorded.keywords, [after], is_several=False))

    def _argument(self, operation: "OpOverload", argument: Any) -> Any:
        import torch

        if type(argument) in PLAIN:
            return argument
        if isinstance(argument, torch.Tensor):
            return self._values.get(id(argument)) or self._input(argument, operation)
        if isinstance(argument, (list, tuple)):
            return [self._argument(operation, element) for element in argument]
        if isinstance(argument, torch.Generator):
            raise Untraceable(f"{operation} draws from a generator of its own")
        return argument

    def _input(self, tensor: "Tensor", user: object) -> Value:
        index = self._known.get(id(tensor))
        if index is None:
            raise Untraceable(f"{user} takes a tensor that is neither in the batch nor an attribute of a layer")
        value = self._values[id(tensor)] = self._new(tensor)
        self.indices[value] = index
        return value

    def _result(self, operation: "OpOverload", result: Any) -> Value | None:
        import torch

        if result is None:
            return None
        known = self._values.get(id(result))
        if known is None:
            if type(result) is not torch.Tensor:
                raise Untraceable(f"{operation} returns a {type(result).__name__}")
            known = self._values[id(result)] = self._new(result)
        return known

    def _new(self, tensor: "Tensor") -> Value:
        import torch

        if tensor.layout != torch.strided or tensor.is_quantized or tensor.is_nested:
            raise Untraceable("a tensor is sparse, nested or quantized")
        self.tensors.append(tensor)
        return Value(len(self.tensors) - 1)


def _refuse(schema: Schema, recorded: Recorded) -> None:
    """Raise `Untraceable` if the result of an operation, or what follows, depends on more than the tensors it takes."""
    import torch

    operation = recorded.operation
    if schema.namespace != "aten":
        raise Untraceable(f"{operation} is an operation outside of torch")
    if schema.name == "index":
        indices = recorded.arguments[1]
        if any(one is not None and one.dtype in (torch.bool, torch.uint8) for one in indices):
            raise Untraceable("the shape of what is selected by a mask depends on its values")
    elif schema.name == TRUTH and type(recorded.result) is bool:
        return
    elif schema.name in READ or (schema.is_of_values and schema.name not in READ_AGAIN):
        raise Untraceable(f"{operation} looks at the values of a tensor")
