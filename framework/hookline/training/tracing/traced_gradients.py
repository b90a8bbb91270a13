"""The gradients of a batch, by the layers first and then by a trace of them, with the same bits."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from hookline.plugins.stages import Run
from hookline.spec.objective.objective import Term
from hookline.training.tracing import worth
from hookline.training.tracing.comparison import Results
from hookline.training.tracing.graphs import runners
from hookline.training.tracing.graphs.graph import Untraceable, reason_of
from hookline.training.tracing.recorded_step import RecordedStep, parameters_of, refuse_gradients, results_of_step
from hookline.training.tracing.shapes import OfShape
from hookline.training.tracing.step_traces import StepTraces
from hookline.training.tracing.traced_step import TracedStep, tensors_of
from hookline.training.tracing.updates.divisors import divisor_of_shape
from hookline.training.tracing.updates.update import TracedUpdates
from hookline.training.tracing.watched import Watched

if TYPE_CHECKING:
    from torch import Tensor, nn, optim

    from hookline.data.batches import Batch

    Gradients = Callable[[Batch], Tensor]


class TracedGradients:
    """Computes the gradients of batches. Each shape of batches has its own trace.

    The layers compute the first batches. One of each shape is recorded while they do so. The next ones are computed
    both ways from the same state; if loss, gradients, buffers and random numbers have the same bits each time, the
    trace computes the others. If a layer changes, everything begins anew.
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
        self.traces = StepTraces(run)
        self._is_first_training = worth.is_first_training()
        self._count, self._first_step = 0, run.step
        self._recorded_shape: OfShape | None = None

    def add_traced(self, shape: OfShape | None, count: int) -> None:
        """Count steps with batches of a shape that were made in one call."""
        assert shape is not None
        shape.count += count
        self._count += count
        self._report.traced += count

    def recorded(self) -> OfShape | None:
        """Return the shape whose batch has just been recorded, once."""
        shape, self._recorded_shape = self._recorded_shape, None
        return shape

    def __call__(self, batch: "Batch") -> "Tensor":
        """Compute the gradients of a batch, store them in `grad` and return the detached loss."""
        if self.traces.are_left:
            self._report.by_layers += 1
            return self._by_layers(batch)
        self._count += 1
        is_as_recorded = self._count <= worth.WARM_UP or self.traces.are_as_recorded()
        shape = self.traces.of(batch)
        shape.count += 1
        if shape.step is not None and shape.updates is None and shape.gradients.is_passed and is_as_recorded:
            return self._traced(shape, shape.step, batch)
        self._report.by_layers += 1
        if shape.is_left or shape.updates is not None or not is_as_recorded:
            return self._by_layers(batch)
        if shape.step is not None:
            return self._checked(shape, shape.step, batch)
        # The first steps of a training take longer, and the optimizer creates its states.
        if shape.count > worth.WARM_UP or self.traces.layers.watched is not None:
            if self._is_worthwhile(shape):
                return self._recorded(shape, batch)
            return self._by_layers(batch)
        return shape.gradients.measured(lambda: self._by_layers(batch))

    def results(self, loss: "Tensor") -> Results:
        """Return what is compared of the latest step, whose loss this is."""
        return results_of_step(loss, self._run.objective.terms(self._criterion), self._optimizer)

    def keep_terms(self, terms: list[Term]) -> None:
        """Keep the terms of a step that was made with its update."""
        if terms:
            self._run.objective.keep_terms(self._criterion, terms)

    def divisors(self, updates: TracedUpdates, batches: "Sequence[Batch]") -> list[float]:
        """What the losses of the batches of a shape are divided by; empty for sums."""
        objective, criterion = self._run.objective, self._criterion
        if updates.divisor is None:
            updates.divisor = divisor_of_shape(objective, criterion, batches[0])
        return updates.divisor.of(batches, objective, criterion)

    def _traced(self, shape: OfShape, step: TracedStep, batch: "Batch") -> "Tensor":
        try:
            loss = step.gradients(batch, self._run.objective, self._criterion)
        except Exception as error:  # noqa: BLE001 - The layers raise it again, or it does not count.
            reason = runners.failure(error)
        else:
            self._report.traced += 1
            return loss
        self._report.by_layers += 1
        loss = self._by_layers(batch)
        self.traces.leave(shape, reason)
        return loss

    def _is_worthwhile(self, shape: OfShape) -> bool:
        if worth.is_mostly_computation(self.traces.seconds()):
            self.traces.leave(shape, worth.TOO_SLOW)
        elif self._earns_its_cost(shape.count / self._steps):
            return True
        elif self._run.last_step is None or (self.traces.exist and worth.epochs_before_end(self._run) is not None):
            # It may last longer than expected.
            self._report.add_reason(worth.TOO_SHORT)
        else:
            self.traces.leave(shape, worth.TOO_SHORT)
            # Without a trace so far, batches of other shapes would not earn it either.
            is_earned = self.traces.exist or self._earns_its_cost(self._count / self._steps)
            self.traces.are_left = self.traces.are_left or not is_earned
        return False

    @property
    def _steps(self) -> int:
        """The number of steps with the present one."""
        return self._run.step - self._first_step + 1

    def _earns_its_cost(self, share: float, step: TracedStep | None = None) -> bool:
        return worth.earns_its_cost(
            self._run,
            self.traces.seconds(),
            share,
            with_updates=self.traces.have_updates,
            is_first=self._is_first_training,
            is_other_shape=self.traces.exist,
            operations=None if step is None else len(step.graph.calls),
            saved=None if step is None else step.saved,
        )

    def _recorded(self, shape: OfShape, batch: "Batch") -> "Tensor":
        """Compute a batch by the layers, and record it. The step is made as if nothing were recorded."""
        parameters = parameters_of(self._optimizer)
        try:
            refuse_gradients(parameters)
            watched = self.traces.layers.watched or Watched(self._modules, self._optimizer, self._run.objective)
            recording = RecordedStep(watched, parameters, batch)
        except Untraceable as error:
            self.traces.leave(shape, str(error))
            return self._by_layers(batch)
        loss: Tensor | None = None
        with suppress(Exception):  # The layers raise it again, unless only the recording fails.
            loss = recording.record(lambda: self._by_layers(batch))
        reason = "the operations cannot be recorded" if loss is None else recording.reason_to_repeat()
        if loss is None or reason is not None:
            recording.undo()
            self.traces.leave(shape, str(reason))
            return self._by_layers(batch)
        try:
            terms = self._run.objective.terms(self._criterion)
            step = recording.traced(terms, runners.best, is_rewritten=self.traces.are_rewritten)
        except Exception as error:  # noqa: BLE001 - The layers have made the step.
            self.traces.leave(shape, reason_of(error))
            return loss
        is_known = self.traces.exist or self._run.last_step is None  # Batches of another shape had as many operations.
        if not is_known and not self._earns_its_cost(shape.count / self._steps, step):
            self.traces.leave(shape, worth.TOO_LITTLE)
            return loss
        shape.step, self._recorded_shape = step, shape
        self.traces.layers.keep(watched)
        return loss

    def _checked(self, shape: OfShape, step: TracedStep, batch: "Batch") -> "Tensor":
        """Compute a batch both ways from the same state; the result of the layers counts."""
        assert self.traces.layers.watched is not None
        objective, criterion = self._run.objective, self._criterion
        loss, reason = shape.gradients.both_ways(
            lambda: step.gradients(batch, objective, criterion),
            lambda: self._by_layers(batch),
            [*self.traces.layers.watched.tensors, *tensors_of(batch)],
            self.results,
            self.results,
        )
        if reason is not None and (shape.gradients.has_same_bits or not self.traces.are_recorded_plainly(step, reason)):
            self.traces.leave(shape, reason)
        return loss
