"""Write a graph as the source of a function, in TorchScript or in Python."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from attrs import frozen

from hookline.training.tracing.graphs.graph import Call, Graph, Untraceable, Value

INDENT = "    "


@frozen
class Name:
    """A variable that is no value of the graph, as an argument."""

    text: str


def name_of(value: Value) -> str:
    """Return the variable of a value."""
    return f"t{value.number}"


def last_uses(graph: Graph) -> dict[int, list[Value]]:
    """The values that are not needed any more after each call, by the index of the call."""
    needed = {*graph.outputs, *graph.inputs}
    last: dict[int, list[Value]] = {}
    for index in reversed(range(len(graph.calls))):
        call = graph.calls[index]
        ended = {*call.values(), *(one for one in call.results if one is not None)} - needed
        last[index] = sorted(ended, key=lambda value: value.number)
        needed |= ended
    return last


def python_lines(graph: Graph) -> tuple[list[str], dict[str, Any]]:
    """The statements of a graph in Python, and the operations and constants that they name."""
    names: dict[str, Any] = {}
    known: dict[Any, str] = {}
    last = last_uses(graph)
    lines: list[str] = []
    for index, call in enumerate(graph.calls):
        function = known.setdefault(call.operation, f"f{len(known)}")
        names[function] = call.operation._op
        given = [_in_python(one, names) for one in call.arguments]
        given += [f"{name}={_in_python(one, names)}" for name, one in call.keywords.items()]
        lines += _assigned(call, f"{function}({', '.join(given)})")
        if last[index]:
            lines.append(f"del {', '.join(map(name_of, last[index]))}")
    return lines, names


def _in_python(argument: Any, names: dict[str, Any]) -> str:
    if isinstance(argument, Value):
        return name_of(argument)
    if isinstance(argument, Name):
        return argument.text
    if isinstance(argument, (list, tuple)):
        return f"[{', '.join(_in_python(one, names) for one in argument)}]"
    if argument is None or isinstance(argument, (bool, int, str)):
        return repr(argument)
    if isinstance(argument, float) and math.isfinite(argument):
        return repr(argument)
    name = f"c{len(names)}"
    names[name] = argument
    return name


def script_lines(graph: Graph) -> list[str]:
    """The statements of a graph in TorchScript.

    Raises:
        Untraceable: If TorchScript cannot name an operation or an argument.

    """
    lines: list[str] = []
    for call in graph.calls:
        declared = call.operation._schema.arguments
        types = {one.name: str(one.type) for one in declared}
        given = [_in_script(argument, types[one.name]) for argument, one in zip(call.arguments, declared, strict=False)]
        given += [f"{name}={_in_script(one, types[name])}" for name, one in call.keywords.items()]
        space, _, name = call.operation._schema.name.partition("::")
        lines += _assigned(call, f"torch.ops.{space}.{name}({', '.join(given)})")
    return lines


def _in_script(argument: Any, kind: str) -> str:
    import torch

    if isinstance(argument, Value):
        return name_of(argument)
    if isinstance(argument, Name):
        return argument.text
    if isinstance(argument, (list, tuple)):
        return _list_in_script(argument, kind)
    if isinstance(argument, float) and not math.isfinite(argument):
        return f'float("{argument}")'
    if type(argument) is int and kind in ("float", "Optional[float]"):
        return repr(float(argument))
    if argument is None or isinstance(argument, (bool, int, float, str)):
        return repr(argument)
    if isinstance(argument, (torch.dtype, torch.layout, torch.memory_format)):
        return str(argument)
    if isinstance(argument, torch.device):
        return f'torch.device("{argument}")'
    raise Untraceable(f"TorchScript cannot write an argument of type {type(argument).__name__}")


def _list_in_script(argument: Sequence[Any], kind: str) -> str:
    elements = f"[{', '.join(_in_script(one, '') for one in argument)}]"
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
