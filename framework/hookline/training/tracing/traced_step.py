"""A step that was recorded, as a program that computes the gradients of other batches of the same shape."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from hookline.spec.objective.objective import Objective, Term
from hookline.training.tracing.graphs.arranged import Arranged, arranged
from hookline.training.tracing.graphs.graph import Graph, Program, Runner
from hookline.training.tracing.graphs.recording import Recorded
from hookline.training.tracing.graphs.rewritten import rewritten
from hookline.training.tracing.snapshot import Snapshot

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from hookline.data.batches import Batch


def tensors_of(batch: "Batch") -> "list[Tensor]":
    """The tensors of a batch, in a fixed order."""
    tensors = [*batch.inputs.values(), *batch.targets.values()]
    if batch.weights is not None:
        tensors.append(batch.weights)
    return tensors


class TracedStep:
    """The program of a step, and what it takes and returns."""

    def __init__(
        self,
        whole: Arranged,
        graph: Graph,
        runner: Runner,
        *,
        with_gradient: "Sequence[nn.Parameter]",
        without_gradient: "Sequence[nn.Parameter]",
        terms: Sequence[Term],
        dtypes: "Sequence[torch.dtype | None]",
        saved: float,
    ):
        """Describe a step.

        Args:
            whole: the recorded step.
            graph: its graph, which may have faster operations.
            runner: makes the program of the graph.
            with_gradient: the parameters whose gradients the program returns, after the loss.
            without_gradient: the other parameters of the optimizer.
            terms: the terms of `[losses]`, with the index of an output in place of each tensor.
            dtypes: the data types of these outputs, which follow the gradients; `None` for one that is no scalar.
            saved: the time in seconds that faster operations save.

        """
        self.graph, self.runner = graph, runner
        self.fixed = whole.fixed
        """The parameters, buffers and constants that the program takes before the tensors of a batch."""
        self.of_batch = whole.of_batch
        """The indices of the tensors of a batch that the program takes."""
        self.with_gradient, self.without_gradient = with_gradient, without_gradient
        self.terms, self.dtypes, self.saved = terms, dtypes, saved

    @cached_property
    def program(self) -> Program:
        """The program, made when it is first needed: several steps in one call have another one."""
        return self.runner(self.graph)

    def run(self, batch: "Batch") -> "Sequence[Tensor]":
        """Compute the outputs: the loss, the gradients, and the tensors of the terms.

        If the program fails, everything is as before: the layers repeat the step.
        """
        tensors = tensors_of(batch)
        given = [*self.fixed, *(tensors[index] for index in self.of_batch)]
        return self._beginning.undone_if_it_fails(
            self.program, given, [tensors[index] for index in self.changed_of_batch]
        )

    @cached_property
    def changed(self) -> "list[Tensor]":
        """The parameters and buffers that the program changes."""
        return [one for one, value in zip(self.fixed, self.graph.inputs, strict=False) if value in self.graph.written]

    @cached_property
    def changed_of_batch(self) -> list[int]:
        """The indices of the tensors of a batch that the program changes."""
        inputs = self.graph.inputs[len(self.fixed) :]
        return [index for index, value in zip(self.of_batch, inputs, strict=True) if value in self.graph.written]

    @cached_property
    def _beginning(self) -> Snapshot:
        return Snapshot(self.changed)

    def gradients(self, batch: "Batch", objective: Objective, criterion: "nn.Module") -> "Tensor":
        """Compute the gradients of a batch, store them in `grad` and return the loss."""
        outputs = self.run(batch)
        for parameter in self.without_gradient:
            parameter.grad = None
        for index, parameter in enumerate(self.with_gradient, 1):
            parameter.grad = outputs[index]
        if self.terms:
            objective.keep_terms(criterion, self.filled(outputs[1 + len(self.with_gradient) :]))
        return outputs[0]

    def filled(self, values: Sequence[Any]) -> list[Term]:
        """The terms with these values of the outputs that follow the gradients."""
        first = 1 + len(self.with_gradient)

        def value(part: Any) -> Any:
            return values[part.index - first] if isinstance(part, Output) else part

        return [Term(*map(value, term)) for term in self.terms]


class Output:
    """A tensor among the outputs of a program."""

    def __init__(self, index: int):
        """Take its index."""
        self.index = index


def traced_step(
    operations: Iterable[Recorded],
    batch: "Batch",
    loss: "Tensor",
    terms: Sequence[Term],
    parameters: "Sequence[nn.Parameter]",
    known: "Sequence[Tensor]",
    runner: Runner,
    *,
    is_rewritten: bool,
) -> TracedStep:
    """Make the program of a recorded step.

    Args:
        operations: the operations of the step.
        batch: its batch.
        loss: the loss that it returned.
        terms: the terms of `[losses]` after it.
        parameters: the parameters of the optimizer, which have their gradients.
        known: the parameters, buffers and other tensors that layers have.
        runner: makes the program of a graph.
        is_rewritten: whether to replace slow operations.

    Raises:
        Untraceable: If the operations cannot be repeated without the layers.

    """
    with_gradient = [parameter for parameter in parameters if parameter.grad is not None]
    outputs: list[Any] = [loss, *(parameter.grad for parameter in with_gradient)]
    template = [Term(*(_output(part, outputs) for part in term)) for term in terms]
    whole = arranged(operations, known, tensors_of(batch), outputs)
    graph, saved = whole.graph, 0.0
    if is_rewritten:
        graph, saved = rewritten(graph, whole.builder.memory)
    return TracedStep(
        whole,
        graph,
        runner,
        with_gradient=with_gradient,
        without_gradient=[parameter for parameter in parameters if parameter.grad is None],
        terms=template,
        dtypes=[None if one.dim() else one.dtype for one in outputs[1 + len(with_gradient) :]],
        saved=saved,
    )


def _output(part: Any, outputs: list[Any]) -> Any:
    """Return the index of a tensor among the outputs, to which it is added; return anything else as it is."""
    import torch

    if not isinstance(part, torch.Tensor):
        return part
    outputs.append(part)
    return Output(len(outputs) - 1)
