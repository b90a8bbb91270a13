"""Run a graph in Python, without layers and without autograd."""

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from types import CodeType
from typing import TYPE_CHECKING, Any

from hookline.training.tracing.graphs.graph import Call, Graph, Program, Value
from hookline.training.tracing.graphs.running.sources import MOST_COMPILED, OTHER_VALUES, Name, Source, lines_of
from hookline.training.tracing.graphs.whole_step import WholeStep

if TYPE_CHECKING:
    from torch import Tensor

INDENT = "    "


class PythonSource(Source):
    """The statements of a graph in Python."""

    def __init__(self) -> None:
        """Begin without statements."""
        super().__init__()
        self.names: dict[str, Any] = {}
        """What the statements name: operations, and constants that are not numbers."""


def in_python(graph: Graph) -> Program:
    """Run the operations of a batch."""
    source = _source(graph)
    given = [value.name for value in graph.inputs]
    return _program(given, [*lines_of(source.statements), f"return {_list(graph.outputs)}"], source)


def several_in_python(whole: WholeStep) -> Program:
    """Run several steps with their updates: see `runners.best_of_several`."""
    graph, source = whole.graph, _source(whole.graph, whole.before)
    of_batch = graph.inputs[len(whole.fixed) :]
    loss, *others = (value.name for value in graph.outputs)
    gradients, terms = others[: whole.gradients], others[whole.gradients :]
    given = [
        *(value.name for value in graph.inputs[: len(whole.fixed)]),
        *(f"of_{value.name}" for value in of_batch),
        *(f"list{index}" for index in range(len(whole.lists))),
        *(f"of_r{index}" for index in range(whole.options)),
        "losses",
        *(f"term{index}" for index in range(len(terms))),
        "last",
    ]
    updates = len(source.statements) - whole.updates
    lines = [
        *lines_of(source.statements[: whole.before]),
        "for step in range(len(losses)):",
        *(f"{INDENT}{value.name} = of_{value.name}[step]" for value in of_batch),
        *(f"{INDENT}r{index} = of_r{index}[step]" for index in range(whole.options)),
        *(f"{INDENT}{line}" for line in lines_of(source.statements[whole.before : updates])),
        f"{INDENT}last = [{', '.join(gradients)}]",
        *(f"{INDENT}{line}" for line in lines_of(source.statements[updates:])),
        *(f"{INDENT}term{index}[step].copy_({term})" for index, term in enumerate(terms)),
        f"{INDENT}losses[step].copy_({loss})",
        "return last",
    ]
    return _program(given, lines, source)


def batches_in_python(graph: Graph, fixed: int, before: int = 0) -> Program:
    """Run several batches without updates: see `runners.best_of_batches`."""
    source = _source(graph, before)
    of_batch = graph.inputs[fixed:]
    given = [value.name for value in graph.inputs[:fixed]]
    given += [*(f"of_{value.name}" for value in of_batch), "count", "found"]
    lines = [
        *lines_of(source.statements[:before]),
        "for step in range(count):",
        *(f"{INDENT}{value.name} = of_{value.name}[step]" for value in of_batch),
        *(f"{INDENT}{line}" for line in lines_of(source.statements[before:])),
        f"{INDENT}found.extend({_list(graph.outputs)})",
        "return found",
    ]
    return _program(given, lines, source)


def _list(values: Iterable[Value]) -> str:
    return f"[{', '.join(one.name for one in values)}]"


def _program(given: Iterable[str], lines: Iterable[str], source: PythonSource) -> Program:
    import torch

    head = f"def step({', '.join([*source.numbers, *given])}):"
    names = dict(source.names)
    code = compiled_python("\n".join([head, *(f"{INDENT}{line}" for line in lines), ""]))
    exec(code, names)  # noqa: S102 - It is written from torch's operations.
    step = names["step"]
    numbers = [number.value for number in source.numbers.values()]
    below_autograd: Any = torch._C._AutoDispatchBelowAutograd

    def program(*inputs: Any) -> "Sequence[Tensor]":
        with below_autograd():
            outputs: Sequence[Tensor] = step(*numbers, *inputs)
        return outputs

    return program


@lru_cache(MOST_COMPILED)
def compiled_python(text: str) -> CodeType:
    """Compile Python."""
    return compile(text, "<traced step>", "exec")


def _source(graph: Graph, before: int = 0) -> PythonSource:
    """Write a graph. The results of the first `before` calls are kept, since a loop follows these."""
    source = PythonSource()
    last = last_uses(graph, before)
    for index, call in enumerate(graph.calls):
        function = call.schema.full_name
        source.names[function] = call.operation._op
        given = ", ".join(_arguments(call, source))
        if call.truth is None:
            lines = list(_assigned(call, f"{function}({given})"))
        else:
            lines = [f"if bool({given}) != {call.truth}:", f"{INDENT}raise RuntimeError('{OTHER_VALUES}')"]
        if last[index]:
            lines.append(f"del {', '.join(one.name for one in last[index])}")
        source.statements.append(lines)
    return source


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


def _arguments(call: Call, source: PythonSource) -> Iterator[str]:
    """The arguments of a call as text."""
    kinds = {one.name: one.kind for one in call.schema.arguments}
    for argument, declared in zip(call.arguments, call.schema.arguments, strict=False):
        yield _argument(argument, declared.kind, source)
    for name, argument in call.keywords.items():
        yield f"{name}={_argument(argument, kinds[name], source)}"


def _argument(argument: Any, kind: str, source: PythonSource) -> str:
    if isinstance(argument, Value):
        return argument.name
    if isinstance(argument, Name):
        return str(argument)
    if number := source.number(argument, kind):
        return number
    if isinstance(argument, (list, tuple)):
        return f"[{', '.join(_argument(one, '', source) for one in argument)}]"
    if argument is None or isinstance(argument, (bool, int, str)):
        return repr(argument)
    name = f"c{len(source.names)}"
    source.names[name] = argument
    return name


def _assigned(call: Call, expression: str) -> Iterator[str]:
    """Lines that assign the results of a call to their variables."""
    results = call.results
    if not any(results):
        yield expression
    elif not call.is_several:
        [result] = results
        yield f"{result.name} = {expression}" if result is not None else expression
    else:
        targets = [f"_{index}" if one is None else one.name for index, one in enumerate(results)]
        yield f"{', '.join(targets)}{',' if len(targets) == 1 else ''} = {expression}"
