"""Make a graph of recorded operations."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from hookline.training.tracing.graphs.graph import Call, Graph, Untraceable, Value, values_in
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
            self._written.update(map(self._storage, values_in(schema.written(arguments, keywords))))
        result = recorded.result
        if schema.name == TRUTH:
            self._calls.append(
                Call(operation, arguments, keywords, [None], is_several=False, truth=result, schema=schema)
            )
            return
        is_several = isinstance(result, (list, tuple))
        results = [self._result(operation, one) for one in (result if is_several else [result])]
        is_list = schema.count == 1 and is_several
        self._calls.append(Call(operation, arguments, keywords, results, is_several, is_list, schema=schema))

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
