"""Record the evaluation of a batch, and make a program that evaluates other batches of the same shape."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.plugins.stages import Run
from hookline.spec.objective.objective import Term
from hookline.spec.objective.prediction import Prediction
from hookline.training.metrics import evaluated_parts
from hookline.training.tracing.graphs.graph import Graph, GraphBuilder, Program, Runner, Untraceable
from hookline.training.tracing.graphs.recording import Recorded, with_recording
from hookline.training.tracing.graphs.rewritten import rewritten
from hookline.training.tracing.graphs.simplified import simplified
from hookline.training.tracing.passes.evaluated_batch import EvaluatedBatch, evaluated_by_layers
from hookline.training.tracing.recorded_step import LARGEST
from hookline.training.tracing.snapshot import Snapshot, state_of_python
from hookline.training.tracing.traced_step import tensors_of
from hookline.training.tracing.watched import Watched
from hookline.training.tracing.watching.reads import noting_reads

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.data.batches import Batch

Part = tuple[str, str]
"""The key of a prediction, and the attribute that a metric evaluates."""


@frozen
class _Output:
    """A tensor among the outputs of a program."""

    index: int


class _Outputs:
    """The tensors that a program returns."""

    def __init__(self) -> None:
        self.tensors: list[Tensor] = []

    def replaced(self, part: Any) -> Any:
        """Return the place of a tensor among the outputs, to which it is added; return anything else as it is."""
        import torch

        if isinstance(part, Mapping):
            return {name: self.replaced(one) for name, one in part.items()}
        if not isinstance(part, torch.Tensor):
            return part
        self.tensors.append(part)
        return _Output(len(self.tensors) - 1)


def _filled(part: Any, outputs: "Sequence[Tensor]") -> Any:
    if isinstance(part, _Output):
        return outputs[part.index]
    return {name: _filled(one, outputs) for name, one in part.items()} if isinstance(part, dict) else part


@frozen(eq=False)
class TracedBatch:
    """The program that evaluates a batch, and what it takes and returns."""

    graph: Graph
    fixed: "Sequence[Tensor]"
    """The parameters, buffers and constants that the program takes before the tensors of a batch."""
    of_batch: Sequence[int]
    """The indices of the tensors of a batch that the program takes."""
    outputs: Any
    """The outputs of the model, with an `_Output` in place of each tensor."""
    divisor: Any
    """The divisor of the loss, if it is a tensor."""
    terms: Sequence[Term]
    """The terms of `[losses]`, with an `_Output` in place of each tensor."""
    parts: Sequence[tuple[str, str, int]]
    """The parts of predictions that the program returns: the key, the attribute, and the index of the output."""
    changes_state: bool
    """Whether it changes buffers or the batch, or draws random numbers."""
    program: Program

    def evaluated(self, run: Run, criterion: "nn.Module", batch: "Batch") -> EvaluatedBatch:
        """Evaluate a batch."""
        tensors, objective = tensors_of(batch), run.objective
        found = self.program(*self.fixed, *[tensors[index] for index in self.of_batch])
        outputs = _filled(self.outputs, found)
        terms = [Term(*[_filled(part, found) for part in term]) for term in self.terms]
        if terms:
            objective.keep_terms(criterion, terms)
        predicted = objective.predict(criterion, outputs, batch, run.undo)
        for key, attribute, index in self.parts:
            predicted[key].__dict__[attribute] = found[index]
        divisor = objective.divisor(criterion, batch) if self.divisor is None else found[self.divisor.index]
        return EvaluatedBatch(found[0], divisor, terms, predicted, outputs)

    def values_of(self, evaluated: EvaluatedBatch) -> "list[Tensor]":
        """The tensors of an evaluated batch that the program returns, in a fixed order."""
        outputs = _Outputs()
        outputs.replaced(evaluated.loss)
        outputs.replaced(evaluated.divisor)
        outputs.replaced(evaluated.outputs)
        for term in evaluated.terms:
            for part in term:
                outputs.replaced(part)
        return outputs.tensors

    def parts_of(self, evaluated: EvaluatedBatch) -> "list[Tensor]":
        """The parts of its predictions that the program returns."""
        return [getattr(evaluated.predicted[key], attribute) for key, attribute, _ in self.parts]


class RecordedBatch:
    """The evaluation of a batch by the layers, which is recorded."""

    def __init__(self, run: Run, model: "nn.Module", criterion: "nn.Module", batch: "Batch", watched: Watched):
        """Copy the state before the evaluation.

        Raises:
            Untraceable: If there are too many parameters.

        """
        if sum(tensor.nbytes for tensor in watched.tensors) > LARGEST:
            raise Untraceable("the parameters are so large that they are not copied")
        self._run, self._model, self._criterion, self._batch, self._watched = run, model, criterion, batch, watched
        self._before = Snapshot([*watched.tensors, *tensors_of(batch)])
        self._of_python = state_of_python()
        self._operations: list[Recorded] = []
        self._of_parts: list[Recorded] = []
        self._parts: dict[Part, Tensor] = {}
        self._reads: list[str] = []
        self._reads_of_parts: list[str] = []
        self._evaluated: Any = None

    def record(self) -> EvaluatedBatch:
        """Evaluate the batch, and record the operations."""
        evaluated: EvaluatedBatch
        with noting_reads() as self._reads:
            evaluated, self._operations = with_recording(
                lambda: evaluated_by_layers(self._run, self._model, self._criterion, self._batch)
            )
        self._evaluated = evaluated
        with noting_reads() as self._reads_of_parts:
            self._parts, self._of_parts = with_recording(lambda: _parts(self._run, evaluated.predicted))
        return evaluated

    def undo(self) -> None:
        """Restore the state before the evaluation."""
        self._before.restore()

    def traced(self, runner: Runner) -> TracedBatch:
        """Return the trace.

        Raises:
            Untraceable: If the operations cannot be repeated without the layers.

        """
        import torch

        if (change := self._watched.change()) is not None:
            raise Untraceable(f"an evaluation changes {change}")
        if state_of_python() != self._of_python:
            raise Untraceable("a layer draws random numbers from Python or NumPy")
        if self._reads:
            raise Untraceable(f"`{self._reads[0]}` looks at the values of a tensor")
        draws = not torch.equal(torch.get_rng_state(), self._before.generator)
        if not self._reads_of_parts:
            try:
                return self._traced(runner, [*self._operations, *self._of_parts], self._parts, draws=draws)
            except Untraceable:
                pass
        # What metrics evaluate looks at values, such as for the original unit of a target.
        return self._traced(runner, self._operations, {}, draws=draws)

    def _traced(
        self, runner: Runner, operations: Iterable[Recorded], parts: "Mapping[Part, Tensor]", *, draws: bool
    ) -> TracedBatch:
        evaluated: EvaluatedBatch = self._evaluated
        known, of_batch = self._watched.tensors, tensors_of(self._batch)
        builder, outputs = GraphBuilder([*known, *of_batch]), _Outputs()
        for operation in operations:
            builder.add(operation)
        outputs.replaced(evaluated.loss)
        of_model, divisor = outputs.replaced(evaluated.outputs), outputs.replaced(evaluated.divisor)
        terms = [Term(*map(outputs.replaced, term)) for term in evaluated.terms]
        places = [(*part, outputs.replaced(tensor).index) for part, tensor in parts.items()]
        graph, constants = simplified(builder.graph(outputs.tensors), builder.tensors, builder.reshaped)
        first = len(known)
        fixed = [value for value in graph.inputs if builder.indices.get(value, 0) < first]
        others = [value for value in graph.inputs if builder.indices.get(value, 0) >= first]
        graph = Graph([*fixed, *others], graph.calls, graph.outputs, graph.written)
        graph, _ = rewritten(graph, builder.tensors, builder.reshaped)
        return TracedBatch(
            graph=graph,
            program=runner(graph),
            fixed=[constants[value] if value in constants else known[builder.indices[value]] for value in fixed],
            of_batch=[builder.indices[value] - first for value in others],
            outputs=of_model,
            divisor=divisor if isinstance(divisor, _Output) else None,
            terms=terms,
            parts=places,
            changes_state=draws or bool(graph.written),
        )


def _parts(run: Run, predicted: Mapping[str, Prediction]) -> "dict[Part, Tensor]":
    """Compute what the metrics evaluate."""
    needed = [evaluated_parts(metric, run) for metric in run.spec.metrics]
    return {
        (key, attribute): getattr(predicted[key], attribute) for key, *attributes in needed for attribute in attributes
    }
