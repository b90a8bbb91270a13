"""Write the operations of a graph in TorchScript's intermediate representation."""

from collections.abc import Iterable, Iterator
from typing import Any

from attrs import field, frozen

from hookline.training.tracing.graphs.graph import Call, Graph, Untraceable, Value
from hookline.training.tracing.graphs.operations import Argument
from hookline.training.tracing.graphs.running.sources import (
    OTHER_VALUES,
    Name,
    Number,
    Source,
    name_of,
    without_optional,
)

LIST = "Tensor[]"
"""The type of a list of tensors."""

NONE, TRUE, FALSE = "%none", "%true", "%false"

TYPES = {"number": "Scalar", "Optional[Tensor]": "Tensor?"}
"""The types of the elements of lists that a schema prints in another way."""


@frozen(eq=False, repr=False)
class IntermediateSource(Source):
    """The statements of a graph in the intermediate representation."""

    constants: dict[str, str] = field(factory=dict)
    """The lines of constants by their variables: they are the same for all batches."""
    schemas: list[str] = field(factory=list)
    """The schemas of operations, of which several have the same name."""

    @classmethod
    def of(cls, graph: Graph) -> "IntermediateSource":
        """Write a graph.

        Raises:
            Untraceable: If an argument cannot be written.

        """
        source = cls()
        source.constants[NONE] = f"{NONE} : NoneType = prim::Constant()"
        for name, value in ((TRUE, 1), (FALSE, 0)):
            source.constants[name] = f"{name} : bool = prim::Constant[value={value}]()"
        for call in graph.calls:
            source.statements.append(list(source._guard(call) if call.truth is not None else source._written(call)))
        return source

    def _written(self, call: Call) -> Iterator[str]:
        """The lines of a call."""
        schema, given = call.schema, []
        # A number in place of a tensor, as in `mul.Tensor`, belongs to another operation, which computes the same.
        pairs = zip(call.arguments, schema.arguments, strict=False)
        if not any(one.type == "Tensor" and _is_number(value) for value, one in pairs):
            self.schemas.append(schema.text)
        for index, declared in enumerate(schema.arguments):
            if index < len(call.arguments):
                argument = call.arguments[index]
            elif declared.name in call.keywords:
                argument = call.keywords[declared.name]
            else:
                given.append(self._default(declared))
                continue
            if _has_values(argument):
                parts = (self._argument(one, declared.type) for one in argument)
                kind = "Tensor?[]" if "Optional[Tensor]" in declared.type else LIST
                variable = f"%l{len(self.statements)}_{index}"
                yield f"{variable} : {kind} = prim::ListConstruct({', '.join(parts)})"
                given.append(variable)
            else:
                given.append(self._argument(argument, declared.type))
        expression = f"{schema.namespace}::{schema.name}({', '.join(given)})"
        results = [f"%u{index}" if one is None else f"%{name_of(one)}" for index, one in enumerate(call.results)]
        if call.is_list:
            yield f"%several : {LIST} = {expression}"
            yield f"{', '.join(f'{one} : Tensor' for one in results)} = prim::ListUnpack(%several)"
        elif schema.count:
            yield f"{', '.join(results)} = {expression}"
        else:
            yield expression

    def _guard(self, call: Call) -> Iterator[str]:
        """Lines that raise an error if a truth value is not what leads to the following operations."""
        message, kind = (self.parameter(Number("str", text)) for text in (OTHER_VALUES, "builtins.RuntimeError"))
        raising = [f"  prim::RaiseException(%{message}, %{kind})"]
        yield f"%truth : bool = aten::Bool(%{name_of(call.values[0])})"
        yield "prim::If(%truth)"
        for index, lines in enumerate(([], raising) if call.truth else (raising, [])):
            yield from (f"  {line}" for line in (f"block{index}():", *lines, "  -> ()"))

    def _default(self, declared: Argument) -> str:
        """The variable of an argument that is not given."""
        if type(declared.default) is int:
            return self._integer(declared.default)
        return self._argument(declared.default, declared.type)

    def _argument(self, argument: Any, kind: str) -> str:
        """The variable of an argument."""
        import torch

        if isinstance(argument, Value):
            return f"%{name_of(argument)}"
        if isinstance(argument, Name):
            return f"%{argument.text}"
        if number := self.number(argument, kind):
            return f"%{number}"
        if argument is None:
            return NONE
        if isinstance(argument, bool):
            return TRUE if argument else FALSE
        if isinstance(argument, int):
            return self._integer(argument)
        if isinstance(argument, (list, tuple)):
            element = without_optional(kind).removeprefix("List[").removesuffix("]")
            parts = ", ".join(self._argument(one, element) for one in argument)
            return self._constant(f"{TYPES.get(element, element)}[] = prim::ListConstruct({parts})")
        for types, written in (
            ((torch.dtype, torch.layout, torch.memory_format), "int"),
            (float, "float"),
            (str, "str"),
            (torch.device, "Device"),
        ):
            if isinstance(argument, types):
                return f"%{self.parameter(Number(written, argument))}"
        raise Untraceable(f"TorchScript cannot write an argument of type {type(argument).__name__}")

    def _integer(self, value: int) -> str:
        name = f"%i{value}".replace("-", "_")
        self.constants[name] = f"{name} : int = prim::Constant[value={value}]()"
        return name

    def _constant(self, text: str) -> str:
        name = f"%c{len(self.constants)}"
        self.constants[name] = f"{name} : {text}"
        return name


def _is_number(argument: Any) -> bool:
    return isinstance(argument, (bool, int, float))


def _has_values(argument: Any) -> bool:
    """Whether an argument is a list that contains tensors."""
    return isinstance(argument, (list, tuple)) and any(isinstance(one, Value) for one in argument)


def listed(values: Iterable[Value]) -> str:
    """Make a list of values."""
    return f"prim::ListConstruct({', '.join(f'%{name_of(value)}' for value in values)})"
