"""Run a graph in TorchScript's interpreter, without Python between the operations.

The graph is written in TorchScript's intermediate representation. Its parser takes a tenth of the time that TorchScript
takes to compile a function.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from hookline.training.tracing.graphs.graph import Graph, Program, Untraceable, Value
from hookline.training.tracing.graphs.running.intermediate import (
    FALSE,
    LIST,
    TRUE,
    IntermediateSource,
    listed,
)
from hookline.training.tracing.graphs.running.sources import MOST_COMPILED, lines_of
from hookline.training.tracing.graphs.whole_step import WholeStep

if TYPE_CHECKING:
    from torch import Tensor

INDENT = "  "

NO_SCHEMA = "(no schema)"
"""What torch returns for a node that is not an operation."""


def in_torchscript(graph: Graph) -> Program:
    """Run the operations of a batch."""
    source = IntermediateSource(graph)
    given = [f"%{value.name} : Tensor" for value in graph.inputs]
    lines = [*lines_of(source.statements), f"%found : {LIST} = {listed(graph.outputs)}"]
    return _program(given, lines, "found", source)


def several_in_torchscript(whole: WholeStep) -> Program:
    """Run several steps with their updates: see `runners.best_of_several`."""
    graph, source = whole.graph, IntermediateSource(whole.graph)
    of_batch = graph.inputs[len(whole.fixed) :]
    loss, *others = graph.outputs
    terms = others[whole.gradients :]
    written = {"losses": loss, **{f"term{index}": term for index, term in enumerate(terms)}}
    given = [
        *(f"%{value.name} : Tensor" for value in graph.inputs[: len(whole.fixed)]),
        *(f"%of_{value.name} : {LIST}" for value in of_batch),
        *(f"%list{index} : {LIST}" for index in range(len(whole.lists))),
        *(f"%of_r{index} : float[]" for index in range(whole.options)),
        *(f"%{name} : {LIST}" for name in written),
        f"%last : {LIST}",
    ]
    updates = len(source.statements) - whole.updates
    lines = [
        *lines_of(source.statements[: whole.before]),
        "%count : int = aten::len(%losses)",
        f"%end : {LIST} = prim::Loop(%count, {TRUE}, %last)",
        f"{INDENT}block0(%step : int, %last : {LIST}):",
        *(f"{INDENT * 2}{line}" for line in _elements(of_batch)),
        *(f"{INDENT * 2}%r{index} : float = aten::__getitem__(%of_r{index}, %step)" for index in range(whole.options)),
        *(f"{INDENT * 2}{line}" for line in lines_of(source.statements[whole.before : updates])),
        f"{INDENT * 2}%last : {LIST} = {listed(others[: whole.gradients])}",
        *(f"{INDENT * 2}{line}" for line in lines_of(source.statements[updates:])),
        *(f"{INDENT * 2}{line}" for name, value in written.items() for line in _copied(name, value)),
        f"{INDENT * 2}-> ({TRUE}, %last)",
    ]
    return _program(given, lines, "end", source)


def batches_in_torchscript(graph: Graph, fixed: int, before: int = 0) -> Program:
    """Run several batches without updates: see `runners.best_of_batches`."""
    source, of_batch = IntermediateSource(graph), graph.inputs[fixed:]
    given = [
        *(f"%{value.name} : Tensor" for value in graph.inputs[:fixed]),
        *(f"%of_{value.name} : {LIST}" for value in of_batch),
        "%count : int",
        f"%found : {LIST}",
    ]
    lines = [
        *lines_of(source.statements[:before]),
        f"prim::Loop(%count, {TRUE})",
        f"{INDENT}block0(%step : int):",
        *(f"{INDENT * 2}{line}" for line in _elements(of_batch)),
        *(f"{INDENT * 2}{line}" for line in lines_of(source.statements[before:])),
        f"{INDENT * 2}%ends : {LIST} = {listed(graph.outputs)}",
        f"{INDENT * 2}aten::extend(%found, %ends)",
        f"{INDENT * 2}-> ({TRUE})",
    ]
    return _program(given, lines, "found", source)


def _elements(of_batch: Iterable[Value]) -> Iterator[str]:
    """Lines that take the tensors of a batch from their lists."""
    for value in of_batch:
        yield f"%{value.name} : Tensor = aten::__getitem__(%of_{value.name}, %step)"


def _copied(name: str, value: Value) -> Iterator[str]:
    """Lines that write a scalar of a step to its place."""
    yield f"%place : Tensor = aten::__getitem__(%{name}, %step)"
    yield f"%written : Tensor = aten::copy_(%place, %{value.name}, {FALSE})"


def _program(given: Iterable[str], lines: Iterable[str], result: str, source: IntermediateSource) -> Program:
    import torch

    numbers = [f"%{name} : {number.type}" for name, number in source.numbers.items()]
    body = (*source.constants.values(), *lines, f"return (%{result})")
    text = "\n".join([f"graph({', '.join([*numbers, *given])}):", *(f"{INDENT}{line}" for line in body), ""])
    step = compiled(text, tuple(source.schemas))
    values = [number.value for number in source.numbers.values()]
    own: Any = torch._C
    below_autograd, is_optimizing = own._AutoDispatchBelowAutograd, own._get_graph_executor_optimize
    set_optimizing, no = own._set_graph_executor_optimize, False

    def program(*inputs: Any) -> "Sequence[Tensor]":
        # TorchScript's optimizer would combine some operations, which changes bits.
        before = is_optimizing()
        set_optimizing(no)
        try:
            with below_autograd():
                outputs: Sequence[Tensor] = step(*values, *inputs)
        finally:
            set_optimizing(before)
        return outputs

    return program


@lru_cache(MOST_COMPILED)
def compiled(text: str, schemas: tuple[str, ...]) -> Any:
    """Return the function of a graph.

    Args:
        text: the graph, in the intermediate representation.
        schemas: the schemas of its operations: those of the same name differ by the types of their arguments.

    Raises:
        Untraceable: If TorchScript does not accept it, or would run other operations.

    """
    import torch

    if sys.version_info >= (3, 14):
        raise Untraceable("torch has no TorchScript for this version of Python")
    own: Any = torch._C
    try:
        graph = own.parse_ir(text)
        found = Counter(_schemas(graph))
        step = own._create_function_from_graph("step", graph)
    except RuntimeError as error:
        raise Untraceable(f"TorchScript refuses the operations: {_first_line(error)}") from error
    if NO_SCHEMA in found or not Counter(schemas) <= found:
        raise Untraceable("TorchScript does not find an operation")
    return step


def _schemas(block: Any) -> Iterator[str]:
    """The schemas of the operations in a graph or in a block of it."""
    for node in block.nodes():
        if not node.kind().startswith("prim::"):
            yield node.schema()
        for inner in node.blocks():
            yield from _schemas(inner)


def _first_line(error: BaseException) -> str:
    return next((line for line in map(str.strip, str(error).splitlines()) if line), type(error).__name__)
