"""Write the operations of a graph in TorchScript's intermediate representation."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from hookline.training.tracing.graphs.graph import Call, Graph, Untraceable, Value
from hookline.training.tracing.graphs.operations import Argument
from hookline.training.tracing.graphs.running.sources import (
    OTHER_VALUES,
    Name,
    Number,
    Source,
)

LIST = "Tensor[]"
"""The type of a list of tensors."""

NONE, TRUE, FALSE = "%none", "%true", "%false"

TYPES = {"number": "Scalar", "Optional[Tensor]": "Tensor?"}
"""The types of the elements of lists that a schema prints in another way."""


class IntermediateSource(Source):
    """The statements of a graph in the intermediate representation."""

    def __init__(self, graph: Graph):
        """Write a graph.

        Raises:
            Untraceable: If an argument cannot be written.

        """
        super().__init__()
        self.constants = {
            NONE: f"{NONE} : NoneType = prim::Constant()",
            TRUE: f"{TRUE} : bool = prim::Constant[value=1]()",
            FALSE: f"{FALSE} : bool = prim::Constant[value=0]()",
        }
        """The lines of constants by their variables: they are the same for all batches."""
        self.schemas: list[str] = []
        """The schemas of operations, of which several have the same name."""
        for call in graph.calls:
            self.statements.append(self._written(call) if call.truth is None else list(self._guard(call)))

    def _written(self, call: Call) -> list[str]:
        """The lines of a call."""
        schema, arguments, count = call.schema, call.arguments, len(call.arguments)
        lines: list[str] = []
        given: list[str] = []
        is_declared = True
        for index, declared in enumerate(schema.arguments):
            if index < count:
                argument = arguments[index]
            elif declared.name in call.keywords:
                argument = call.keywords[declared.name]
            else:
                given.append(self._default(declared))
                continue
            # A number in place of a tensor, as in `mul.Tensor`, belongs to another operation, which computes the same.
            if declared.type == "Tensor" and type(argument) in (bool, int, float):
                is_declared = False
            if _has_values(argument):
                parts = [self._argument(one, declared.kind) for one in argument]
                kind = "Tensor?[]" if "Optional[Tensor]" in declared.type else LIST
                variable = f"%l{len(self.statements)}_{index}"
                lines.append(f"{variable} : {kind} = prim::ListConstruct({', '.join(parts)})")
                given.append(variable)
            else:
                given.append(self._argument(argument, declared.kind))
        if is_declared:
            self.schemas.append(schema.text)
        expression = f"{schema.namespace}::{schema.name}({', '.join(given)})"
        results = [f"%u{index}" if one is None else f"%{one.name}" for index, one in enumerate(call.results)]
        if call.is_list:
            lines.append(f"%several : {LIST} = {expression}")
            lines.append(f"{', '.join([f'{one} : Tensor' for one in results])} = prim::ListUnpack(%several)")
        else:
            lines.append(f"{', '.join(results)} = {expression}" if schema.results else expression)
        return lines

    def _guard(self, call: Call) -> Iterator[str]:
        """Lines that raise an error if a truth value is not what leads to the following operations."""
        message, kind = (self.parameter(Number("str", text)) for text in (OTHER_VALUES, "builtins.RuntimeError"))
        raising = [f"  prim::RaiseException(%{message}, %{kind})"]
        yield f"%truth : bool = aten::Bool(%{call.values[0].name})"
        yield "prim::If(%truth)"
        for index, lines in enumerate(([], raising) if call.truth else (raising, [])):
            yield from (f"  {line}" for line in (f"block{index}():", *lines, "  -> ()"))

    def _default(self, declared: Argument) -> str:
        """The variable of an argument that is not given."""
        if type(declared.default) is int:
            return self._integer(declared.default)
        return self._argument(declared.default, declared.kind)

    def _argument(self, argument: Any, kind: str) -> str:
        """The variable of an argument."""
        given = type(argument)
        if given is Value or given is Name:
            return f"%{argument.name if given is Value else argument}"
        if argument is None:
            return NONE
        if given is bool:
            return TRUE if argument else FALSE
        if number := self.number(argument, kind):
            return f"%{number}"
        if given is int:
            return self._integer(argument)
        if isinstance(argument, (list, tuple)):
            element = kind.removeprefix("List[").removesuffix("]")
            parts = ", ".join([self._argument(one, element) for one in argument])
            return self._constant(f"{TYPES.get(element, element)}[] = prim::ListConstruct({parts})")
        if (written := _types().get(given)) is None:
            raise Untraceable(f"TorchScript cannot write an argument of type {given.__name__}")
        return f"%{self.parameter(Number(written, argument))}"

    def _integer(self, value: int) -> str:
        name = f"%i{value}".replace("-", "_")
        self.constants[name] = f"{name} : int = prim::Constant[value={value}]()"
        return name

    def _constant(self, text: str) -> str:
        name = f"%c{len(self.constants)}"
        self.constants[name] = f"{name} : {text}"
        return name


@cache
def _types() -> dict[type, str]:
    """How values of other types are passed."""
    import torch

    of_torch = {torch.dtype: "int", torch.layout: "int", torch.memory_format: "int", torch.device: "Device"}
    return {float: "float", str: "str", **of_torch}


def _has_values(argument: Any) -> bool:
    """Whether an argument is a list that contains tensors."""
    return type(argument) is list and Value in map(type, argument)


def listed(values: Iterable[Value]) -> str:
    """Make a list of values."""
    return f"prim::ListConstruct({', '.join(f'%{value.name}' for value in values)})"
