"""Run a graph. There are two ways, behind one interface: TorchScript's interpreter, and Python."""

import sys
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from hookline.training.tracing.graph import Graph, Untraceable
from hookline.training.tracing.sources import INDENT, name_of, python_lines, script_lines

if TYPE_CHECKING:
    from torch import Tensor

Program: TypeAlias = "Callable[..., Sequence[Tensor]]"
"""Takes the inputs of a graph as positional arguments, and returns its outputs."""

Runner: TypeAlias = Callable[[Graph], Program]
"""Makes the program of a graph. Raises `Untraceable` if it cannot."""


def in_python(graph: Graph) -> Program:
    """Run the operations from Python, without layers and without autograd."""
    import torch

    lines, names = python_lines(graph)
    given = ", ".join(map(name_of, graph.inputs))
    outputs = ", ".join(map(name_of, graph.outputs))
    source = "\n".join([f"def step({given}):", *(f"{INDENT}{line}" for line in lines), f"{INDENT}return [{outputs}]"])
    exec(compile(source, "<traced step>", "exec"), names)  # noqa: S102 - It is written from torch's operations.
    step = names["step"]
    below_autograd: Any = torch._C._AutoDispatchBelowAutograd

    def program(*inputs: "Tensor") -> "Sequence[Tensor]":
        with below_autograd():
            outputs: Sequence[Tensor] = step(*inputs)
        return outputs

    return program


def in_torchscript(graph: Graph) -> Program:
    """Run the operations in TorchScript's interpreter, without Python between them."""
    import torch

    if sys.version_info >= (3, 14):
        raise Untraceable("torch has no TorchScript for this version of Python")
    given = ", ".join(f"{name_of(value)}: Tensor" for value in graph.inputs)
    outputs = ", ".join(map(name_of, graph.outputs))
    lines = script_lines(graph)
    source = "\n".join(
        [
            f"def step({given}) -> List[Tensor]:",
            *(f"{INDENT}{line}" for line in lines),
            f"{INDENT}return [{outputs}]",
            "",
        ]
    )
    step = compiled(source).step
    below_autograd: Any = torch._C._AutoDispatchBelowAutograd

    def program(*inputs: "Tensor") -> "Sequence[Tensor]":
        with below_autograd(), Unoptimized():
            outputs: Sequence[Tensor] = step(*inputs)
        return outputs

    return program


def compiled(source: str) -> Any:
    """Compile TorchScript.

    Raises:
        Untraceable: If TorchScript does not accept it.

    """
    import torch

    with warnings.catch_warnings(action="ignore"), Unoptimized():  # TorchScript is deprecated.
        try:
            return torch.jit.CompilationUnit(source)
        except RuntimeError as error:
            raise Untraceable(f"TorchScript refuses the operations: {_first_line(error)}") from error


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
