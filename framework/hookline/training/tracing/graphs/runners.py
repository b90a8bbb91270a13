"""Run a graph. There are two ways, behind one interface: TorchScript's interpreter, and Python."""

import sys
import warnings
from collections.abc import Iterable, Sequence
from functools import lru_cache
from types import CodeType
from typing import TYPE_CHECKING, Any, NamedTuple

from hookline.training.tracing.graphs.graph import Graph, Program, Untraceable
from hookline.training.tracing.graphs.sources import INDENT, Source, name_of, python_source, script_source
from hookline.training.tracing.graphs.whole_step import WholeStep

if TYPE_CHECKING:
    from torch import Tensor

MOST_COMPILED = 128
"""The largest number of functions to keep, for other batches and other trials with the same operations."""


def in_python(graph: Graph) -> Program:
    """Run the operations from Python, without layers and without autograd."""
    source = python_source(graph)
    return _of_python(_single(graph, source), source)


def in_torchscript(graph: Graph) -> Program:
    """Run the operations in TorchScript's interpreter, without Python between them."""
    source = script_source(graph)
    return _of_script(_single(graph, source), source)


def several_in_python(whole: WholeStep) -> Program:
    """Like `in_python`, for several steps with their updates.

    The program takes the inputs of the graph, with a list of tensors in place of each tensor of a batch, then the lists
    of `whole`, the values of each option in each step, the tensors to write the losses and each tensor of the terms to,
    and an empty list. It returns the gradients of the last step.
    """
    source = python_source(whole.graph, whole.before)
    return _of_python(_several(whole, source), source)


def several_in_torchscript(whole: WholeStep) -> Program:
    """Like `several_in_python`, in TorchScript's interpreter."""
    source = script_source(whole.graph)
    return _of_script(_several(whole, source), source)


def batches_in_python(graph: Graph, fixed: int, before: int = 0) -> Program:
    """Like `in_python`, for several batches.

    The program takes the fixed inputs of the graph, a list of tensors in place of each tensor of a batch, the number of
    batches, and an empty list. It adds the outputs of each batch to the list, and returns it.

    Args:
        graph: the graph of one batch.
        fixed: the number of inputs before those of a batch.
        before: the number of calls at the beginning of the graph that are made once.

    """
    source = python_source(graph, before)
    return _of_python(_batches(graph, source, fixed, before), source)


def batches_in_torchscript(graph: Graph, fixed: int, before: int = 0) -> Program:
    """Like `batches_in_python`, in TorchScript's interpreter."""
    source = script_source(graph)
    return _of_script(_batches(graph, source, fixed, before), source)


class _Function(NamedTuple):
    """The parameters of a function with their types, and its lines."""

    parameters: list[tuple[str, str]]
    lines: list[str]


def _single(graph: Graph, source: Source) -> _Function:
    """The function of one step."""
    given = [(name_of(value), "Tensor") for value in graph.inputs]
    return _Function(given, [*_lines(source.statements), f"return [{', '.join(map(name_of, graph.outputs))}]"])


def _several(whole: WholeStep, source: Source) -> _Function:
    """The function of several steps."""
    tensors = "List[Tensor]"
    of_batch = whole.graph.inputs[len(whole.fixed) :]
    given = [(name_of(value), "Tensor") for value in whole.graph.inputs[: len(whole.fixed)]]
    given += [(f"of_{name_of(value)}", tensors) for value in of_batch]
    given += [(f"list{index}", tensors) for index in range(len(whole.lists))]
    given += [(f"of_r{index}", "List[float]") for index in range(whole.options)]
    loss, *others = map(name_of, whole.graph.outputs)
    gradients, terms = others[: whole.gradients], others[whole.gradients :]
    given += [("losses", tensors), *((f"term{index}", tensors) for index in range(len(terms))), ("last", tensors)]
    updates = len(source.statements) - whole.updates
    lines = [
        *_lines(source.statements[: whole.before]),
        "for step in range(len(losses)):",
        *(f"{INDENT}{name_of(value)} = of_{name_of(value)}[step]" for value in of_batch),
        *(f"{INDENT}r{index} = of_r{index}[step]" for index in range(whole.options)),
        *(f"{INDENT}{line}" for line in _lines(source.statements[whole.before : updates])),
        f"{INDENT}last = [{', '.join(gradients)}]",
        *(f"{INDENT}{line}" for line in _lines(source.statements[updates:])),
        *(f"{INDENT}term{index}[step].copy_({term})" for index, term in enumerate(terms)),
        f"{INDENT}losses[step].copy_({loss})",
        "return last",
    ]
    return _Function(given, lines)


def _batches(graph: Graph, source: Source, fixed: int, before: int) -> _Function:
    """The function of several batches without updates."""
    tensors = "List[Tensor]"
    given = [(name_of(value), "Tensor") for value in graph.inputs[:fixed]]
    given += [(f"of_{name_of(value)}", tensors) for value in graph.inputs[fixed:]]
    lines = [
        *_lines(source.statements[:before]),
        "for step in range(count):",
        *(f"{INDENT}{name_of(value)} = of_{name_of(value)}[step]" for value in graph.inputs[fixed:]),
        *(f"{INDENT}{line}" for line in _lines(source.statements[before:])),
        f"{INDENT}found.extend([{', '.join(map(name_of, graph.outputs))}])",
        "return found",
    ]
    return _Function([*given, ("count", "int"), ("found", tensors)], lines)


def _lines(statements: Iterable[Sequence[str]]) -> list[str]:
    return [line for lines in statements for line in lines]


def _text(head: str, lines: Iterable[str]) -> str:
    return "\n".join([head, *(f"{INDENT}{line}" for line in lines), ""])


def _of_python(function: _Function, source: Source) -> Program:
    import torch

    parameters = [*source.numbers, *(name for name, _ in function.parameters)]
    names = dict(source.names)
    code = compiled_python(_text(f"def step({', '.join(parameters)}):", function.lines))
    exec(code, names)  # noqa: S102 - It is written from torch's operations.
    step = names["step"]
    numbers = [number.value for number in source.numbers.values()]
    below_autograd: Any = torch._C._AutoDispatchBelowAutograd

    def program(*inputs: Any) -> "Sequence[Tensor]":
        with below_autograd():
            outputs: Sequence[Tensor] = step(*numbers, *inputs)
        return outputs

    return program


def _of_script(function: _Function, source: Source) -> Program:
    import torch

    if sys.version_info >= (3, 14):
        raise Untraceable("torch has no TorchScript for this version of Python")
    parameters = [f"{name}: {number.type}" for name, number in source.numbers.items()]
    parameters += [f"{name}: {kind}" for name, kind in function.parameters]
    step = compiled(_text(f"def step({', '.join(parameters)}) -> List[Tensor]:", function.lines)).step
    numbers = [number.value for number in source.numbers.values()]
    below_autograd: Any = torch._C._AutoDispatchBelowAutograd

    def program(*inputs: Any) -> "Sequence[Tensor]":
        with below_autograd(), Unoptimized():
            outputs: Sequence[Tensor] = step(*numbers, *inputs)
        return outputs

    return program


@lru_cache(MOST_COMPILED)
def compiled_python(text: str) -> CodeType:
    """Compile Python."""
    return compile(text, "<traced step>", "exec")


@lru_cache(MOST_COMPILED)
def compiled(text: str) -> Any:
    """Compile TorchScript.

    Raises:
        Untraceable: If TorchScript does not accept it.

    """
    import torch

    with warnings.catch_warnings(action="ignore"), Unoptimized():  # TorchScript is deprecated.
        try:
            return torch.jit.CompilationUnit(text)
        except RuntimeError as error:
            raise Untraceable(f"TorchScript refuses the operations: {_first_line(error)}") from error


def failure(error: BaseException) -> str:
    """Say why a program has failed. TorchScript repeats its text before the error of the operation."""
    last = next((line for line in reversed(str(error).strip().splitlines()) if line.strip()), type(error).__name__)
    return f"the trace failed: {last.strip().removeprefix('builtins.').removeprefix('RuntimeError: ')}"


def _first_line(error: BaseException) -> str:
    return next((line for line in map(str.strip, str(error).splitlines()) if line), type(error).__name__)


class Unoptimized:
    """Inside the context, TorchScript runs the operations as they are written.

    Its optimizer would combine some of them, which changes bits.
    """

    def __enter__(self) -> None:
        import torch

        is_optimizing = False
        self._before = torch._C._get_graph_executor_optimize()
        torch._C._set_graph_executor_optimize(is_optimizing)

    def __exit__(self, *_: object) -> None:
        import torch

        torch._C._set_graph_executor_optimize(self._before)


def best(graph: Graph) -> Program:
    """Run a graph in TorchScript's interpreter if possible, otherwise in Python."""
    try:
        return in_torchscript(graph)
    except Untraceable:
        return in_python(graph)


def best_of_several(whole: WholeStep) -> Program:
    """The same for several steps with their updates."""
    try:
        return several_in_torchscript(whole)
    except Untraceable:
        return several_in_python(whole)


def best_of_batches(graph: Graph, fixed: int, before: int) -> Program:
    """The same for several batches without updates."""
    try:
        return batches_in_torchscript(graph, fixed, before)
    except Untraceable:
        return batches_in_python(graph, fixed, before)
