"""The batches of evaluations, by the layers first and then by traces of them, with the same bits."""

import time
from collections.abc import Hashable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from attrs import define

from hookline.plugins.stages import Run
from hookline.training.tracing import worth
from hookline.training.tracing.conditions import EVALUATED, settings, why_not
from hookline.training.tracing.graphs import runners
from hookline.training.tracing.graphs.graph import Untraceable
from hookline.training.tracing.passes import to_come
from hookline.training.tracing.passes.evaluated_batch import EvaluatedBatch, evaluated_by_layers
from hookline.training.tracing.passes.kept_batches import KeptBatches, can_be_kept
from hookline.training.tracing.passes.modes import Modes
from hookline.training.tracing.passes.recorded_batch import RecordedBatch, TracedBatch
from hookline.training.tracing.shapes import shape_of
from hookline.training.tracing.snapshot import Snapshot, difference
from hookline.training.tracing.traced_gradients import MOST_CHANGES, MOST_SHAPES, OF_LENGTHS
from hookline.training.tracing.traced_step import tensors_of
from hookline.training.tracing.watched import Watched

if TYPE_CHECKING:
    from torch import nn

    from hookline.data.batches import Batch, Batches

KEPT = "traced evaluation"
"""The name under which a run keeps its traces."""

WARM_UP = 2
"""The number of batches of a shape that the layers compute first. Their shortest time counts."""

CHECKS = 3
"""The number of batches of each shape that are evaluated both ways before the trace alone evaluates them."""

MOST_MEASURED = 3
"""How many times as many batches to evaluate both ways if the trace has not been faster so far."""


def evaluated_batches(
    run: Run, model: "nn.Module", criterion: "nn.Module", batches: "Batches", split: str
) -> Iterator[EvaluatedBatch]:
    """Yield the loss and the predictions of each batch of a split, in evaluation mode and without gradients.

    The stages `forward`, `loss` and `predict` compute them. If only the built-in answers implement these, a trace may
    compute the same without calling them. Call this inside `torch.no_grad()`. In the end, all layers are in training
    mode.

    Raises:
        KeyboardInterrupt: After Ctrl-C or another signal, before the next batch.

    """
    reason = why_not(run, EVALUATED)
    if reason is not None:
        run.traced_evaluation.add_reason(reason)
        yield from _by_layers(run, model, criterion, batches)
        return
    evaluation = run.kept.get(KEPT)
    if evaluation is None or not evaluation.is_of(model, criterion):
        evaluation = run.kept[KEPT] = TracedEvaluation(run, model, criterion)
    yield from evaluation.batches(batches, split)


def _by_layers(run: Run, model: "nn.Module", criterion: "nn.Module", batches: "Batches") -> Iterator[EvaluatedBatch]:
    model.eval()
    criterion.eval()
    for batch in batches.epoch(run.epoch):
        if run.interruption.number is not None:
            run.raise_if_interrupted()
        yield evaluated_by_layers(run, model, criterion, batch)
    model.train()
    criterion.train()


@define
class _OfShape:
    """What is known about the batches of one shape."""

    count: int = 0
    """The number of its batches."""
    seconds: float = float("inf")
    """The shortest time in which the layers evaluated one."""
    trace: TracedBatch | None = None
    traced_seconds: float = float("inf")
    """The shortest time in which the trace evaluated one."""
    checks: int = 0
    """The number of batches that both evaluated, with the same bits."""
    is_left: bool = False
    """Whether the layers evaluate all further batches."""

    @property
    def is_ready(self) -> bool:
        """Whether the trace alone evaluates further batches."""
        is_compared = self.trace is not None and self.checks >= CHECKS
        return is_compared and (CHECKS == 0 or worth.is_faster(self.traced_seconds, self.seconds))


class TracedEvaluation:
    """Evaluates the batches of splits. Each shape of batches has its own trace.

    The layers evaluate the first batches of a shape. One of them is recorded while they do so. The next ones are
    evaluated both ways from the same state; if loss, predictions, buffers and random numbers have the same bits each
    time, the trace evaluates the others. If a layer has changed before a pass, everything begins anew.
    """

    def __init__(self, run: Run, model: "nn.Module", criterion: "nn.Module"):
        """Begin without traces."""
        self._run, self._model, self._criterion = run, model, criterion
        self._report = run.traced_evaluation
        self._shapes: dict[Hashable, _OfShape] = {}
        self._others = _OfShape(is_left=True)
        self._watched: Watched | None = None
        self._modes: Modes | None = None
        self._settings: Any = None
        self._is_observed = False
        self._changes = 0
        self._count = 0
        self._kept: KeptBatches | None = None
        self._to_come = 0.0

    def is_of(self, model: "nn.Module", criterion: "nn.Module") -> bool:
        """Whether it evaluates this model with this criterion."""
        return self._model is model and self._criterion is criterion

    def batches(self, batches: "Batches", split: str) -> Iterator[EvaluatedBatch]:
        """Evaluate the batches of a split: see `evaluated_batches`."""
        run, interruption = self._run, self._run.interruption
        self._begin()
        by_layers = self._report.by_layers
        for position, batch in enumerate(self._batches_of(batches)):
            if interruption.number is not None:
                run.raise_if_interrupted()
            shape = self._shape_of(batch)
            shape.count += 1
            self._count += 1
            if shape.is_ready and not self._is_observed:
                yield self._traced(shape, batch)
                continue
            self._report.by_layers += 1
            if shape.is_left or self._is_observed:
                yield evaluated_by_layers(run, self._model, self._criterion, batch)
            else:
                to_come_of_all = to_come.batches_to_come(run, split, batches, position)
                self._to_come = to_come_of_all * shape.count / self._count
                yield self._first(shape, batch)
        is_traced = self._report.by_layers == by_layers
        self._end(is_traced=is_traced)
        if not is_traced:
            self._kept = None
        elif self._kept is None or self._kept.source is not batches:
            self._kept = self._kept_of(batches)

    def _batches_of(self, batches: "Batches") -> "Iterable[Batch]":
        if self._kept is not None and self._kept.source is batches and not self._is_observed:
            return self._kept.refreshed()
        return batches.epoch(self._run.epoch)

    def _kept_of(self, batches: "Batches") -> KeptBatches | None:
        traces = [shape.trace for shape in self._shapes.values()]
        # Traces that change a batch need a copy of their own.
        if not can_be_kept(batches) or any(trace is None or trace.changes_state for trace in traces):
            return None
        return KeptBatches(batches)  # type: ignore[arg-type]

    def _begin(self) -> None:
        """Switch to evaluation mode; forget the traces if what they depend on has changed."""
        present = settings(with_gradients=False)
        self._is_observed = present is None
        if self._modes is not None and self._watched is not None and not self._is_observed:
            before = self._modes.evaluate()
            if present == self._settings and self._watched.is_unchanged_inside():
                return
            self._modes.restore(before)
        self._model.eval()
        self._criterion.eval()
        if self._watched is None or self._is_observed:
            return
        if present != self._settings or not self._watched.is_unchanged_inside():
            self._changes += 1
            what = self._watched.change() or "settings of torch"
            self._report.add_reason(f"a change of {what} required a new trace")
            self._forget(is_left=self._changes >= MOST_CHANGES)

    def _end(self, *, is_traced: bool) -> None:
        """Switch to training mode."""
        if is_traced and self._modes is not None:
            self._modes.train()
        else:
            self._model.train()
            self._criterion.train()

    def _forget(self, *, is_left: bool) -> None:
        self._watched = self._modes = self._kept = None
        for key, shape in self._shapes.items():
            self._shapes[key] = _OfShape(shape.count, shape.seconds, is_left=key is None or is_left)

    def _shape_of(self, batch: "Batch") -> _OfShape:
        key = shape_of(batch)
        shape = self._shapes.get(key)
        if shape is None and len(self._shapes) >= MOST_SHAPES:
            self._report.add_reason("there are too many shapes of batches")
            return self._others
        if shape is None:
            shape = self._shapes[key] = _OfShape(is_left=key is None)
            if key is None:
                self._report.add_reason(OF_LENGTHS if batch.lengths else "two groups of a batch are the same tensor")
        return shape

    def _leave(self, shape: _OfShape, reason: str) -> None:
        shape.is_left, shape.trace = True, None
        self._report.add_reason(reason)

    def _traced(self, shape: _OfShape, batch: "Batch") -> EvaluatedBatch:
        trace = shape.trace
        assert trace is not None
        before = Snapshot(self._tensors(batch)) if trace.changes_state else None
        try:
            evaluated = trace.evaluated(self._run, self._criterion, batch)
        except Exception as error:  # noqa: BLE001 - The layers raise it again, or it does not count.
            if before is not None:
                before.restore()
            self._report.by_layers += 1
            evaluated = evaluated_by_layers(self._run, self._model, self._criterion, batch)
            self._leave(shape, runners.failure(error))
            return evaluated
        self._report.traced += 1
        return evaluated

    def _first(self, shape: _OfShape, batch: "Batch") -> EvaluatedBatch:
        """Evaluate one of the first batches of a shape by the layers, and approach its trace."""
        if shape.trace is not None:
            return self._checked(shape, shape.trace, batch)
        if shape.count > WARM_UP and self._is_worthwhile(shape):
            return self._recorded(shape, batch)
        started = time.thread_time()
        evaluated = evaluated_by_layers(self._run, self._model, self._criterion, batch)
        shape.seconds = min(shape.seconds, time.thread_time() - started)
        return evaluated

    def _is_worthwhile(self, shape: _OfShape) -> bool:
        if worth.is_mostly_computation(shape.seconds):
            self._leave(shape, "a batch takes so long that tracing saves little")
            return False
        # The number of batches to come is an estimate, which may grow: a later batch decides again.
        return to_come.earns_its_cost(shape.seconds, self._to_come)

    def _recorded(self, shape: _OfShape, batch: "Batch") -> EvaluatedBatch:
        """Evaluate a batch by the layers, and record it."""
        run, model, criterion = self._run, self._model, self._criterion
        try:
            watched = self._watched or Watched((model, criterion), None, run.objective)
            recording = RecordedBatch(run, model, criterion, batch, watched)
        except Untraceable as error:
            self._leave(shape, str(error))
            return evaluated_by_layers(run, model, criterion, batch)
        try:
            evaluated = recording.record()
        except Exception:  # noqa: BLE001 - The layers or the metrics raise it again, unless only the recording fails.
            recording.undo()
            self._leave(shape, "the operations cannot be recorded")
            return evaluated_by_layers(run, model, criterion, batch)
        compiles = to_come.is_worth_compiling(self._to_come)
        try:
            shape.trace = recording.traced(runners.best if compiles else runners.in_python)
        except Untraceable as error:
            self._leave(shape, str(error))
            return evaluated
        if self._watched is None:
            modes = Modes((model, criterion))
            self._watched, self._modes = watched, modes if modes.are_plain else None
            self._settings = settings(with_gradients=False)
        return evaluated

    def _checked(self, shape: _OfShape, trace: TracedBatch, batch: "Batch") -> EvaluatedBatch:
        """Evaluate a batch both ways from the same state; the result of the layers counts."""
        import torch

        before = Snapshot(self._tensors(batch))

        def results(evaluated: EvaluatedBatch) -> dict[str, Any]:
            return {
                "the loss or an output": trace.values_of(evaluated),
                "a prediction": trace.parts_of(evaluated),
                "a parameter or a buffer": [tensor.detach().clone() for tensor in before.tensors],
                "the random numbers": [torch.get_rng_state()],
            }

        of_trace: dict[str, Any] = {}
        try:
            started = time.thread_time()
            evaluated = trace.evaluated(self._run, self._criterion, batch)
            shape.traced_seconds = min(shape.traced_seconds, time.thread_time() - started)
            of_trace = results(evaluated)
        except Exception as error:  # noqa: BLE001 - The layers evaluate the batch.
            self._leave(shape, runners.failure(error))
        before.restore()
        started = time.thread_time()
        evaluated = evaluated_by_layers(self._run, self._model, self._criterion, batch)
        shape.seconds = min(shape.seconds, time.thread_time() - started)
        if shape.is_left:
            return evaluated
        try:
            different = difference(of_trace, results(evaluated))
        except Exception as error:  # noqa: BLE001 - The metrics raise it again, at their place.
            self._leave(shape, f"the predictions cannot be compared: {error}")
            return evaluated
        if different:
            self._leave(shape, f"the trace computes other bits of {different}")
            return evaluated
        shape.checks += 1
        if shape.checks == CHECKS * MOST_MEASURED and not shape.is_ready:
            self._leave(shape, "a batch takes as long when it is traced")
        return evaluated

    def _tensors(self, batch: "Batch") -> list[Any]:
        assert self._watched is not None
        return [*self._watched.tensors, *tensors_of(batch)]
