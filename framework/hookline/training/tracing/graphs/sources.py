"""Write a graph as the source of a function, in TorchScript or in Python."""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from attrs import field, frozen

from hookline.training.tracing.graphs.graph import Call, Graph, Untraceable, Value

INDENT = "    "

OTHER_VALUES = "the layers look at values, which lead to other operations now"
"""The error of a trace whose operations are not those of the layers for the present values."""


@frozen
class Name:
    """A variable that is no value of the graph, as an argument."""

    text: str


def name_of(value: Value) -> str:
    """Return the variable of a value."""
    return f"t{value.number}"


def last_uses(graph: Graph, kept: int = 0) -> dict[int, list[Value]]:
    """The values that are not needed any more after each call, by the index of the call.

    The results of the first `kept` calls are always needed.
    """
    needed = {*graph.outputs, *graph.inputs}
    needed.update(one for call in graph.calls[:kept] for one in call.results if one is not None)
    last: dict[int, list[Value]] = {}
    for index in reversed(range(len(graph.calls))):
        call = graph.calls[index]
        ended = {*call.values, *(one for one in call.results if one is not None)} - needed
        last[index] = sorted(ended, key=lambda value: value.number)
        needed |= ended
    return last


@frozen
class Number:
    """The value of a parameter, and its type as TorchScript writes it."""

    type: str
    value: Any


@frozen
class Source:
    """The statements of a graph, and what they name besides the values of the graph.

    Numbers are parameters of the function. So the functions of batches of another shape, and of another trial of a
    study, have the same text, which is compiled only once.
    """

    statements: list[list[str]] = field(factory=list)
    """The lines of each call."""
    numbers: dict[str, Number] = field(factory=dict)
    """The numbers by the names of their parameters."""
    names: dict[str, Any] = field(factory=dict)
    """What the statements in Python name: operations, and constants that are no numbers."""

    def number(self, argument: Any, kind: str) -> str | None:
        """Return the parameter of a number or a list of numbers; `None` if it must be written in the statement."""
        number = _number(argument, kind)
        if number is None:
            return None
        name = f"n{len(self.numbers)}"
        self.numbers[name] = number
        return name


def _number(argument: Any, kind: str) -> Number | None:
    """Return a number as a schema takes it; `None` if it is not clear that it is one."""
    kind = kind.removeprefix("Optional[").removesuffix("]") if kind.startswith("Optional[") else kind
    if type(argument) is int and kind in ("int", "number"):
        return Number("int", argument)
    if (type(argument) in (int, float) and kind == "float") or (type(argument) is float and kind == "number"):
        return Number("float", float(argument))
    if not isinstance(argument, (list, tuple)) or not argument:
        return None
    types = set(map(type, argument))
    if kind == "List[int]" and types == {int}:
        return Number(kind, list(argument))
    if kind == "List[float]" and types <= {int, float}:
        return Number(kind, list(map(float, argument)))
    return None


def python_source(graph: Graph, before: int = 0) -> Source:
    """Write a graph in Python. The results of the first `before` calls are kept, since a loop follows these."""
    source = Source()
    last = last_uses(graph, before)
    for index, call in enumerate(graph.calls):
        function = call.schema.full_name
        source.names[function] = call.operation._op
        given = [text if name is None else f"{name}={text}" for name, text in _arguments(call, source, _in_python)]
        if call.truth is None:
            lines = list(_assigned(call, f"{function}({', '.join(given)})"))
        else:
            lines = [f"if bool({given[0]}) != {call.truth}:", f"{INDENT}raise RuntimeError('{OTHER_VALUES}')"]
        if last[index]:
            lines.append(f"del {', '.join(map(name_of, last[index]))}")
        source.statements.append(lines)
    return source


def script_source(graph: Graph) -> Source:
    """Write a graph in TorchScript.

    Raises:
        Untraceable: If TorchScript cannot name an operation or an argument.

    """
    source = Source()
    for call in graph.calls:
        given = [text if name is None else f"{name}={text}" for name, text in _arguments(call, source, _in_script)]
        if call.truth is not None:
            lines = [f"if bool({given[0]}) != {call.truth}:", f"{INDENT}raise RuntimeError('{OTHER_VALUES}')"]
            source.statements.append(lines)
            continue
        schema = call.schema
        expression = f"torch.ops.{schema.namespace}.{schema.name}({', '.join(given)})"
        source.statements.append(list(_assigned(call, expression)))
    return source


def _arguments(
    call: Call, source: Source, written: Callable[[Any, str, Source], str]
) -> Iterator[tuple[str | None, str]]:
    """The arguments of a call as text, with the names of the keywords."""
    declared = call.schema.arguments
    types = {one.name: one.type for one in declared}
    given = [(None, one.type, argument) for argument, one in zip(call.arguments, declared, strict=False)]
    for name, kind, argument in (*given, *((name, types[name], one) for name, one in call.keywords.items())):
        if isinstance(argument, Value):
            yield name, name_of(argument)
        else:
            yield name, source.number(argument, kind) or written(argument, kind, source)


def _in_python(argument: Any, kind: str, source: Source) -> str:
    if isinstance(argument, Value):
        return name_of(argument)
    if isinstance(argument, Name):
        return argument.text
    if isinstance(argument, (list, tuple)):
        return f"[{', '.join(_in_python(one, kind, source) for one in argument)}]"
    if argument is None or isinstance(argument, (bool, int, str)):
        return repr(argument)
    name = f"c{len(source.names)}"
    source.names[name] = argument
    return name


def _in_script(argument: Any, kind: str, source: Source) -> str:
    import torch

    if isinstance(argument, Value):
        return name_of(argument)
    if isinstance(argument, Name):
        return argument.text
    if isinstance(argument, (list, tuple)):
        return _list_in_script(argument, kind, source)
    if isinstance(argument, float) and not math.isfinite(argument):
        return f'float("{argument}")'
    if argument is None or isinstance(argument, (bool, int, float, str)):
        return repr(argument)
    if isinstance(argument, (torch.dtype, torch.layout, torch.memory_format)):
        return str(argument)
    if isinstance(argument, torch.device):
        return f'torch.device("{argument}")'
    raise Untraceable(f"TorchScript cannot write an argument of type {type(argument).__name__}")


def _list_in_script(argument: Sequence[Any], kind: str, source: Source) -> str:
    elements = f"[{', '.join(_in_script(one, '', source) for one in argument)}]"
    if any(isinstance(one, Value) for one in argument):
        has_gaps = any(one is None for one in argument)
        return (
            f"torch.jit.annotate(List[Optional[Tensor]], {elements})"
            if has_gaps or "Optional[Tensor]" in kind
            else elements
        )
    if argument:
        return elements
    element = next((one for one in ("int", "float", "bool", "Tensor") if one in kind), "Tensor")
    return f"torch.jit.annotate(List[{element}], [])"


def _assigned(call: Call, expression: str) -> Iterator[str]:
    """Lines that assign the results of a call to their variables."""
    results = call.results
    if not any(results):
        yield expression
    elif not call.is_several:
        [result] = results
        yield f"{name_of(result)} = {expression}" if result is not None else expression
    elif call.is_list:
        several = f"l{next(one.number for one in results if one is not None)}"
        yield f"{several} = {expression}"
        for index, one in enumerate(results):
            if one is not None:
                yield f"{name_of(one)} = {several}[{index}]"
    else:
        targets = [f"_{index}" if one is None else name_of(one) for index, one in enumerate(results)]
        yield f"{', '.join(targets)} = {expression}"
