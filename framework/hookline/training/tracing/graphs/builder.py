"""Make a graph of recorded operations."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hookline.training.tracing.graphs.graph import Call, Graph, Untraceable, Value, values_in
from hookline.training.tracing.graphs.memory import Memory
from hookline.training.tracing.graphs.operations import Schema
from hookline.training.tracing.graphs.recording import Recorded

if TYPE_CHECKING:
    from torch import Tensor
    from torch._ops import OpOverload

IGNORED = frozenset({"profiler"})
"""The namespaces of operations that compute nothing."""

INDEXING = "index"
"""The operation that selects elements by indices or by a mask."""

READ = frozenset({"_pack_padded_sequence", "is_nonzero", "item", "segment_reduce"})
"""Operations that look at values to decide how they compute, besides those that torch marks so."""

READ_AGAIN = frozenset({"_ctc_loss", "_ctc_loss_backward"})
"""Operations that torch marks so, whose kernels look at the values themselves: what follows does not depend on them."""

TRUTH = "_local_scalar_dense"
"""The operation that returns the value of a tensor to Python."""

LOOKED_AT = READ | {INDEXING, TRUTH}
"""Operations that may be refused, besides those that torch marks so."""

FINAL = frozenset({"resize_", "set_"})
"""Operations that give a tensor other memory in place."""

PLAIN = frozenset({bool, float, int, str, type(None)})
"""Types of arguments that are not tensors and contain none."""


class GraphBuilder:
    """Makes a graph of recorded operations."""

    def __init__(self, known: "Sequence[Tensor]", first: int = 0):
        """Begin with the tensors that exist before the operations. Those that they use become inputs.

        Args:
            known: the tensors.
            first: the number of the first value.

        """
        self._values: dict[int, Value] = {}
        self._known = {id(tensor): index for index, tensor in enumerate(known)}
        self._calls: list[Call] = []
        self.indices: dict[Value, int] = {}
        """The index among the known tensors of each input."""
        self.memory = Memory(first)
        """The tensors of the values."""

    def add(self, recorded: Recorded) -> None:
        """Add an operation.

        Raises:
            Untraceable: If it cannot be repeated without the layers.

        """
        operation, given, named, result, schema = recorded
        if schema is None:
            raise Untraceable(f"{operation} is not an operation of torch.ops")
        if schema.namespace in IGNORED:
            return
        if schema.is_of_values or schema.namespace != "aten" or schema.name in LOOKED_AT:
            _refuse(schema, recorded)
        if schema.reshapes:
            self._add_reshaping(schema, recorded)
            return
        taken: list[Value] = []
        arguments = [one if type(one) in PLAIN else self._argument(operation, one, taken) for one in given]
        keywords = {name: self._argument(operation, one, taken) for name, one in named.items()} if named else {}
        if schema.writes:
            self.memory.written.update([one.storage for one in values_in(schema.written(arguments, keywords))])
        is_several, truth = isinstance(result, (list, tuple)), None
        results: list[Value | None]
        if schema.name == TRUTH:
            results, truth = [None], result
        elif is_several:
            results = [self._result(operation, one) for one in result]
        else:
            results = [self._result(operation, result)]
        self._calls.append(
            Call(
                operation,
                arguments,
                keywords,
                results,
                is_several=is_several,
                is_list=is_several and schema.results == 1,
                truth=truth,
                schema=schema,
                values=taken,
            )
        )

    def graph(self, outputs: "Sequence[Tensor]") -> Graph:
        """Return the graph with these outputs.

        Raises:
            Untraceable: If an output is not the result of an operation.

        """
        for tensor in outputs:
            if id(tensor) not in self._values:
                self._input(tensor, "an output")
        ends = [self._values[id(tensor)] for tensor in outputs]
        written = frozenset([value for value in self.indices if value.storage in self.memory.written])
        return Graph(list(self.indices), self._calls, ends, written)

    def _add_reshaping(self, schema: Schema, recorded: Recorded) -> None:
        """Add an operation such as `transpose_` as one that returns a new view, which takes the place of the tensor."""
        import torch

        operation, (tensor, *others) = recorded.operation, recorded.arguments
        before = self._argument(operation, tensor, [])
        name = schema.name
        views = getattr(torch.ops.aten, name.removesuffix("_"))
        view = getattr(views, operation._overloadname, None) or getattr(views, "int", None)
        if view is None or before in self.indices or name in FINAL:
            raise Untraceable(f"{operation} changes the shape of a tensor in place")
        self.memory.reshaped.add(before)
        after = self._values[id(tensor)] = self.memory.new_value(tensor)
        self._calls.append(Call(view, [before, *others], recorded.keywords, [after]))

    def _argument(self, operation: "OpOverload", argument: Any, taken: list[Value]) -> Any:
        """Return an argument with a value in place of each tensor; these values are added to `taken`."""
        import torch

        value = self._values.get(id(argument))
        if value is None:
            if isinstance(argument, (list, tuple)):
                return [one if type(one) in PLAIN else self._argument(operation, one, taken) for one in argument]
            if not isinstance(argument, torch.Tensor):
                if isinstance(argument, torch.Generator):
                    raise Untraceable(f"{operation} draws from a generator of its own")
                return argument
            value = self._input(argument, operation)
        taken.append(value)
        return value

    def _input(self, tensor: "Tensor", user: object) -> Value:
        index = self._known.get(id(tensor))
        if index is None:
            raise Untraceable(f"{user} takes a tensor that is neither in the batch nor an attribute of a layer")
        value = self._values[id(tensor)] = self.memory.new_value(tensor)
        self.indices[value] = index
        return value

    def _result(self, operation: "OpOverload", result: Any) -> Value | None:
        import torch

        if result is None:
            return None
        value = self._values.get(id(result))
        if value is None:
            if type(result) is not torch.Tensor:
                raise Untraceable(f"{operation} returns a {type(result).__name__}")
            value = self._values[id(result)] = self.memory.new_value(result)
        return value


def _refuse(schema: Schema, recorded: Recorded) -> None:
    """Raise `Untraceable` if the result of an operation, or what follows, depends on more than the tensors it takes."""
    import torch

    operation = recorded.operation
    if schema.namespace != "aten":
        raise Untraceable(f"{operation} is an operation outside of torch")
    if schema.name == INDEXING:
        indices = recorded.arguments[1]
        if any(one is not None and one.dtype in (torch.bool, torch.uint8) for one in indices):
            raise Untraceable("the shape of what is selected by a mask depends on its values")
    elif schema.name == TRUTH and type(recorded.result) is bool:
        return
    elif schema.name in READ or (schema.is_of_values and schema.name not in READ_AGAIN):
        raise Untraceable(f"{operation} looks at the values of a tensor")
