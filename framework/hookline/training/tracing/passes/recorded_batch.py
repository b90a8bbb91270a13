"""Record the evaluation of a batch, and make a program that evaluates other batches of the same shape."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from hookline.plugins.stages import Run
from hookline.spec.objective.prediction import Prediction
from hookline.training.metrics import Part, evaluated_parts
from hookline.training.tracing.graphs.arranged import arranged
from hookline.training.tracing.graphs.graph import Graph, Program, Untraceable
from hookline.training.tracing.graphs.recording import Recorded, with_recording
from hookline.training.tracing.graphs.rewritten import rewritten
from hookline.training.tracing.graphs.whole_step import with_views_first
from hookline.training.tracing.passes.evaluated_batch import EvaluatedBatch, evaluated_by_layers
from hookline.training.tracing.passes.traced_batch import Ends, TracedBatch, returned
from hookline.training.tracing.recorded_step import LARGEST
from hookline.training.tracing.side_effects import SideEffects
from hookline.training.tracing.snapshot import Snapshot
from hookline.training.tracing.traced_step import tensors_of
from hookline.training.tracing.watched import Watched
from hookline.training.tracing.watching.reads import noting_reads

if TYPE_CHECKING:
    from torch import Tensor, nn

    from hookline.data.batches import Batch

RunnerOfBatches: TypeAlias = Callable[[Graph, int, int], Program]
"""Makes the program of several batches: see `batches_in_python`."""


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
        self._effects = SideEffects(watched, "an evaluation")
        self._operations: list[Recorded] = []
        self._of_parts: list[Recorded] = []
        self._parts: dict[Part, Tensor] = {}
        self._reads: list[str] = []
        self._reads_of_parts: list[str] = []
        self._evaluated: Any = None

    def record(self) -> EvaluatedBatch:
        """Evaluate the batch, and record the operations."""
        evaluated: EvaluatedBatch
        with noting_reads() as reads:
            evaluated, self._operations = with_recording(
                lambda: evaluated_by_layers(self._run, self._model, self._criterion, self._batch)
            )
            self._evaluated, self._reads = evaluated, list(reads)
            self._parts, self._of_parts = with_recording(lambda: _parts(self._run, evaluated.predicted))
        self._reads_of_parts = reads[len(self._reads) :]
        return evaluated

    def undo(self) -> None:
        """Restore the state before the evaluation."""
        self._before.restore()

    def reason_to_repeat(self) -> str | None:
        """Say why the layers must evaluate the batch again; `None` if its bits are right, or if it cannot be undone."""
        return self._effects.reason_to_repeat([*self._operations, *self._of_parts])

    def traced(self, runner: RunnerOfBatches, *, is_rewritten: bool) -> TracedBatch:
        """Return the trace.

        Args:
            runner: makes the program of several batches.
            is_rewritten: whether to replace slow operations.

        Raises:
            Untraceable: If the operations cannot be repeated without the layers.

        """
        import torch

        if not self._operations:
            raise Untraceable("the results of all operations are too large to be kept")
        self._effects.refuse()
        if self._reads:
            raise Untraceable(f"`{self._reads[0]}` looks at the values of a tensor")
        draws = not torch.equal(torch.get_rng_state(), self._before.generator)
        options = {"draws": draws, "is_rewritten": is_rewritten}
        if not self._reads_of_parts:
            try:
                return self._traced(runner, [*self._operations, *self._of_parts], self._parts, **options)
            except Untraceable:
                pass
        # What metrics evaluate looks at values, such as for the original unit of a target.
        return self._traced(runner, self._operations, None, **options)

    def _traced(
        self,
        runner: RunnerOfBatches,
        operations: Iterable[Recorded],
        parts: "Mapping[Part, Tensor] | None",
        *,
        draws: bool,
        is_rewritten: bool,
    ) -> TracedBatch:
        ends = Ends()
        found = returned(self._evaluated, parts, ends)
        whole = arranged(operations, self._watched.tensors, tensors_of(self._batch), ends.tensors)
        graph, saved = whole.graph, 0.0
        if is_rewritten:
            graph, saved = rewritten(graph, whole.builder.memory)
        calls, before = with_views_first(graph.calls, whole.fixed_inputs)
        graph = graph.with_calls(calls)
        return TracedBatch(
            graph=graph,
            program=runner(graph, len(whole.fixed), before),
            fixed=whole.fixed,
            of_batch=whole.of_batch,
            returned=found,
            changes_state=draws or bool(graph.written),
            size=sum(tensor.nbytes for tensor in ends.tensors),
            is_rewritten=saved > 0,
        )


def _parts(run: Run, predicted: Mapping[str, Prediction]) -> "dict[Part, Tensor]":
    """Compute what the metrics evaluate."""
    needed = [evaluated_parts(metric, run) for metric in run.spec.metrics]
    return {
        (key, attribute): getattr(predicted[key], attribute) for key, *attributes in needed for attribute in attributes
    }
