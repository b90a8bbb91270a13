"""Run a graph. There are two ways, behind one interface: TorchScript's interpreter, and Python."""

from hookline.training.tracing.graphs.graph import Graph, Program, Untraceable
from hookline.training.tracing.graphs.running.in_python import batches_in_python, in_python, several_in_python
from hookline.training.tracing.graphs.running.in_torchscript import (
    batches_in_torchscript,
    in_torchscript,
    several_in_torchscript,
)
from hookline.training.tracing.graphs.whole_step import WholeStep


def best(graph: Graph) -> Program:
    """Run a graph in TorchScript's interpreter if possible, otherwise in Python."""
    try:
        return in_torchscript(graph)
    except Untraceable:
        return in_python(graph)


def best_of_several(whole: WholeStep) -> Program:
    """The same for several steps with their updates.

    The program takes the inputs of the graph, with a list of tensors in place of each tensor of a batch, then the lists
    of `whole`, the values of each option in each step, the tensors to write the losses and each tensor of the terms to,
    and an empty list. It returns the gradients of the last step.
    """
    try:
        return several_in_torchscript(whole)
    except Untraceable:
        return several_in_python(whole)


def best_of_batches(graph: Graph, fixed: int, before: int) -> Program:
    """The same for several batches without updates.

    The program takes the fixed inputs of the graph, a list of tensors in place of each tensor of a batch, the number of
    batches, and an empty list. It adds the outputs of each batch to the list, and returns it.

    Args:
        graph: the graph of one batch.
        fixed: the number of inputs before those of a batch.
        before: the number of calls at the beginning of the graph that are made once.

    """
    try:
        return batches_in_torchscript(graph, fixed, before)
    except Untraceable:
        return batches_in_python(graph, fixed, before)


def failure(error: BaseException) -> str:
    """Say why a program has failed. TorchScript repeats its text before the error of the operation."""
    last = next((line for line in reversed(str(error).strip().splitlines()) if line.strip()), type(error).__name__)
    return f"the trace failed: {last.strip().removeprefix('builtins.').removeprefix('RuntimeError: ')}"
