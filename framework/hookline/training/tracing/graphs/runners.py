"""Run a graph. There are two ways, behind one interface: TorchScript's interpreter, and Python."""

import sys
import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from hookline.training.tracing.graphs.graph import Graph, Program, Untraceable
from hookline.training.tracing.graphs.sources import INDENT, name_of, python_lines, script_lines
from hookline.training.tracing.graphs.whole_step import WholeStep

if TYPE_CHECKING:
    from torch import Tensor


def in_python(graph: Graph) -> Program:
    """Run the operations from Python, without layers and without autograd."""
    lines, names = python_lines(graph)
    given = ", ".join(map(name_of, graph.inputs))
    return _of_python([f"def step({given}):", *_indented(lines), f"{INDENT}return [{_outputs(graph)}]"], names)


def in_torchscript(graph: Graph) -> Program:
    """Run the operations in TorchScript's interpreter, without Python between them."""
    given = ", ".join(f"{name_of(value)}: Tensor" for value in graph.inputs)
    lines = script_lines(graph)
    return _of_script([f"def step({given}) -> List[Tensor]:", *_indented(lines), f"{INDENT}return [{_outputs(graph)}]"])


def several_in_python(whole: WholeStep) -> Program:
    """Like `in_python`, for several steps with their updates.

    The program takes the inputs of the graph, with a list of tensors in place of each tensor of a batch, then the lists
    of `whole`, the learning rate of each group, and the tensors to write the losses to. It returns the gradients of the
    last step.
    """
    lines, names = python_lines(whole.graph)
    given = [name_of(value) for value in whole.graph.inputs[: len(whole.fixed)]]
    return _of_python(_several(whole, lines, given, "", ""), names)


def several_in_torchscript(whole: WholeStep) -> Program:
    """Like `several_in_python`, in TorchScript's interpreter."""
    given = [f"{name_of(value)}: Tensor" for value in whole.graph.inputs[: len(whole.fixed)]]
    return _of_script(_several(whole, script_lines(whole.graph), given, ": List[Tensor]", ": List[float]"))


def _several(whole: WholeStep, lines: list[str], given: list[str], tensors: str, numbers: str) -> list[str]:
    """The function of several steps."""
    of_batch = whole.graph.inputs[len(whole.fixed) :]
    given += [f"of_{name_of(value)}{tensors}" for value in of_batch]
    given += [f"list{index}{tensors}" for index in range(len(whole.lists))]
    given += [f"rates{numbers}", f"losses{tensors}", f"last{tensors}"]
    loss, *gradients = map(name_of, whole.graph.outputs)
    return [
        f"def step({', '.join(given)}){' -> List[Tensor]' if tensors else ''}:",
        *_indented(f"r{index} = rates[{index}]" for index in range(whole.groups)),
        f"{INDENT}for step in range(len(losses)):",
        *(f"{INDENT * 2}{name_of(value)} = of_{name_of(value)}[step]" for value in of_batch),
        *(f"{INDENT * 2}{line}" for line in lines),
        f"{INDENT * 2}last = [{', '.join(gradients)}]",
        # Last, so that the losses say how many steps are complete.
        f"{INDENT * 2}losses[step].copy_({loss})",
        f"{INDENT}return last",
    ]


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"{INDENT}{line}" for line in lines]


def _outputs(graph: Graph) -> str:
    return ", ".join(map(name_of, graph.outputs))


def _of_python(lines: list[str], names: dict[str, Any]) -> Program:
    import torch

    source = "\n".join(lines)
    exec(compile(source, "<traced step>", "exec"), names)  # noqa: S102 - It is written from torch's operations.
    step = names["step"]
    below_autograd: Any = torch._C._AutoDispatchBelowAutograd

    def program(*inputs: Any) -> "Sequence[Tensor]":
        with below_autograd():
            outputs: Sequence[Tensor] = step(*inputs)
        return outputs

    return program


def _of_script(lines: list[str]) -> Program:
    import torch

    if sys.version_info >= (3, 14):
        raise Untraceable("torch has no TorchScript for this version of Python")
    step = compiled("\n".join([*lines, ""])).step
    below_autograd: Any = torch._C._AutoDispatchBelowAutograd

    def program(*inputs: Any) -> "Sequence[Tensor]":
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


def best_of_several(whole: WholeStep) -> Program:
    """The same for several steps with their updates."""
    try:
        return several_in_torchscript(whole)
    except Untraceable:
        return several_in_python(whole)
