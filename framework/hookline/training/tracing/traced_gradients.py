"""The gradients of a batch, by the layers first and then by a trace of them, with the same bits."""

import time
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Any

from hookline.plugins.stages import Run
from hookline.training.tracing import worth
from hookline.training.tracing.conditions import settings, why_not
from hookline.training.tracing.graphs import runners
from hookline.training.tracing.graphs.graph import Untraceable
from hookline.training.tracing.recorded_step import RecordedStep, parameters_of
from hookline.training.tracing.shapes import OfShape, shape_of
from hookline.training.tracing.snapshot import Snapshot, difference
from hookline.training.tracing.traced_step import TracedStep, tensors_of
from hookline.training.tracing.watched import Watched

if TYPE_CHECKING:
    from torch import Tensor, nn, optim

    from hookline.data.batches import Batch

    Gradients = Callable[[Batch], Tensor]

CHECKS = 3
"""The number of batches of each shape that are computed both ways before the trace alone computes them."""

OF_LENGTHS = "the inputs are sequences with lengths"

MOST_SHAPES = 32
"""The largest number of shapes: memory must not grow with the steps. The layers compute batches of further shapes."""

MOST_MEASURED = 3
"""How many times as many batches to compute both ways if the trace has not been faster so far."""

MOST_CHANGES = 8
"""After so many changes of layers, which each need a new trace, the layers compute all further batches."""


def traced_gradients(
    run: Run, model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer", by_layers: "Gradients"
) -> "Gradients":
    """Return a function that computes the same as `by_layers`, by a trace where that is faster."""
    reason = why_not(run)
    if reason is not None:
        run.traced_steps.add_reason(reason)
        return by_layers
    return TracedGradients(run, model, criterion, optimizer, by_layers)


class TracedGradients:
    """Computes the gradients of batches. Each shape of batches has its own trace.

    The layers compute the first batches of a shape. One of them is recorded while they do so. The next ones are
    computed both ways from the same state; if loss, gradients, buffers and random numbers have the same bits each time,
    the trace computes the others. If a layer changes, everything begins anew.
    """

    def __init__(
        self, run: Run, model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer", by_layers: "Gradients"
    ):
        """Begin without traces."""
        self._run = run
        self._modules = (model, criterion)
        self._criterion = criterion
        self._optimizer = optimizer
        self._by_layers = by_layers
        self._report = run.traced_steps
        self._shapes: dict[Hashable, OfShape] = {}
        self._others = OfShape(is_left=True)
        self._watched: Watched | None = None
        self._settings: Any = None
        self._record_of_epoch = (-1, -1)
        self._is_wrapped = run.stages.seen_by("step") is not None
        self._changes = 0
        self._count = 0

    def traced_step(self, batch: "Batch") -> TracedStep | None:
        """Return the trace for a batch; `None` if the layers compute it or it is still compared with them."""
        if not self._is_as_recorded():
            return None
        shape = self._shape_of(batch)
        return shape.step if shape.is_ready and not shape.is_left else None

    def share_of(self, batch: "Batch") -> float:
        """Return the part of the batches so far that had the shape of this one."""
        return self._shape_of(batch).count / self._count

    def __call__(self, batch: "Batch") -> "Tensor":
        """Compute the gradients of a batch, store them in `grad` and return the detached loss."""
        self._count += 1
        is_as_recorded = self._is_as_recorded()
        shape = self._shape_of(batch)
        shape.count += 1
        if shape.is_left or not is_as_recorded:
            self._report.by_layers += 1
            return self._by_layers(batch)
        if shape.step is None or not shape.is_ready:
            self._report.by_layers += 1
            return self._first(shape, batch)
        self._report.traced += 1
        try:
            return shape.step.gradients(batch, self._run.objective, self._criterion)
        except Exception as error:  # noqa: BLE001 - The layers raise it again, or it does not count.
            loss = self._by_layers(batch)
            self._leave(shape, f"the trace failed: {error}")
            return loss

    def _shape_of(self, batch: "Batch") -> OfShape:
        key = shape_of(batch)
        shape = self._shapes.get(key)
        if shape is None and len(self._shapes) >= MOST_SHAPES:
            self._report.add_reason("there are too many shapes of batches")
            return self._others
        if shape is None:
            shape = self._shapes[key] = OfShape(is_left=key is None)
            if key is None:
                self._report.add_reason(OF_LENGTHS if batch.lengths else "two groups of a batch are the same tensor")
        return shape

    def _is_as_recorded(self) -> bool:
        """Whether what the traces depend on is unchanged; if layers have changed, all traces are forgotten."""
        present = settings()
        if present is None:
            return False  # Something wants to see each operation.
        if self._watched is None:
            return True
        run = self._run
        place = (run.epoch, len(run.history))
        if present == self._settings and (
            self._watched.is_unchanged()
            if place == self._record_of_epoch and not self._is_wrapped
            else self._watched.is_unchanged_inside()
        ):
            self._record_of_epoch = place
            return True
        self._changes += 1
        self._report.add_reason(f"a change of {self._watched.change() or 'settings of torch'} required a new trace")
        self._forget()
        if self._changes >= MOST_CHANGES:
            for shape in self._shapes.values():
                shape.is_left = True
            return False
        return True

    def _forget(self) -> None:
        self._watched = None
        for key, shape in self._shapes.items():
            self._shapes[key] = OfShape(shape.count, shape.seconds, is_left=key is None)

    def _first(self, shape: OfShape, batch: "Batch") -> "Tensor":
        """Compute one of the first batches of a shape by the layers, and approach its trace."""
        if shape.step is not None:
            return self._checked(shape, shape.step, batch)
        if shape.count > worth.WARM_UP and self._is_worthwhile(shape):
            return self._recorded(shape, batch)
        started = time.thread_time()
        loss = self._by_layers(batch)
        shape.seconds = min(shape.seconds, time.thread_time() - started)
        return loss

    def _is_worthwhile(self, shape: OfShape) -> bool:
        if worth.is_mostly_computation(shape.seconds):
            self._leave(shape, "a step takes so long that tracing saves little")
            return False
        if not worth.earns_its_cost(self._run, shape.seconds, shape.count / self._count):
            self._leave(shape, "the run is too short to earn back the cost of tracing")
            return False
        return True

    def _leave(self, shape: OfShape, reason: str) -> None:
        shape.is_left, shape.step = True, None
        self._report.add_reason(reason)

    def _recorded(self, shape: OfShape, batch: "Batch") -> "Tensor":
        """Compute a batch by the layers, and record it. The step is made as if nothing were recorded."""
        try:
            watched = self._watched or Watched(self._modules, self._optimizer, self._run.objective)
            recording = RecordedStep(watched, parameters_of(self._optimizer), batch)
        except Untraceable as error:
            self._leave(shape, str(error))
            return self._by_layers(batch)
        try:
            loss = recording.record(lambda: self._by_layers(batch))
        except Exception:  # noqa: BLE001 - The layers raise it again, unless only the recording fails.
            recording.undo()
            self._leave(shape, "the operations cannot be recorded")
            return self._by_layers(batch)
        try:
            shape.step = recording.traced(self._run.objective.terms(self._criterion), runners.best)
            shape.is_ready = CHECKS == 0
            self._watched, self._settings = watched, settings()
        except Untraceable as error:
            self._leave(shape, str(error))
        return loss

    def _checked(self, shape: OfShape, step: TracedStep, batch: "Batch") -> "Tensor":
        """Compute a batch both ways from the same state; the result of the layers counts."""
        import torch

        assert self._watched is not None
        objective, criterion, parameters = self._run.objective, self._criterion, parameters_of(self._optimizer)
        before = Snapshot([*self._watched.tensors, *tensors_of(batch)])
        gradients = [parameter.grad for parameter in parameters]

        def results(loss: "Tensor") -> dict[str, Any]:
            parts = [part for term in objective.terms(criterion) for part in term if isinstance(part, torch.Tensor)]
            return {
                "the loss": [loss, *parts],
                "a gradient": [parameter.grad for parameter in parameters],
                "a parameter or a buffer": [tensor.detach().clone() for tensor in before.tensors],
                "the random numbers": [torch.get_rng_state()],
            }

        try:
            started = time.thread_time()
            loss = step.gradients(batch, objective, criterion)
            shape.traced_seconds = min(shape.traced_seconds, time.thread_time() - started)
            traced = results(loss)
        except Exception as error:  # noqa: BLE001 - The layers compute the step.
            traced = {}
            self._leave(shape, f"the trace failed: {error}")
        before.restore()
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        started = time.thread_time()
        loss = self._by_layers(batch)
        shape.seconds = min(shape.seconds, time.thread_time() - started)
        if shape.is_left:
            return loss
        if different := difference(results(loss), traced):
            self._leave(shape, f"the trace computes other bits of {different}")
            return loss
        shape.checks += 1
        if shape.checks >= CHECKS:
            shape.is_ready = worth.is_faster(shape.traced_seconds, shape.seconds)
            if not shape.is_ready and shape.checks == CHECKS * MOST_MEASURED:
                self._leave(shape, "a step takes as long when it is traced")
        return loss
