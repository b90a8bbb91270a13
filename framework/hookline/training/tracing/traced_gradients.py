"""The gradients of a batch, by the layers first and then by a trace of them, with the same bits."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from hookline.plugins.stages import Run
from hookline.spec.objective.objective import Term
from hookline.training.tracing import worth
from hookline.training.tracing.comparison import Results
from hookline.training.tracing.conditions import settings_of
from hookline.training.tracing.graphs import runners
from hookline.training.tracing.graphs.graph import Untraceable, reason_of
from hookline.training.tracing.recorded_step import RecordedStep, parameters_of, refuse_gradients, results_of_step
from hookline.training.tracing.shapes import OfShape, Shapes
from hookline.training.tracing.traced_step import TracedStep, tensors_of
from hookline.training.tracing.update import TracedUpdates
from hookline.training.tracing.watched import KEPT, Watched

if TYPE_CHECKING:
    from torch import Tensor, nn, optim

    from hookline.data.batches import Batch

    Gradients = Callable[[Batch], Tensor]

MOST_CHANGES = 8
"""After so many changes of layers, which each need a new trace, the layers compute all further batches."""


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
        self._shapes = Shapes(OfShape, self._report)
        self._watched: Watched | None = None
        self._settings: Any = None
        self._record_of_epoch = (-1, -1)
        self._is_first_training = worth.is_first_training()
        self._is_wrapped = run.stages.seen_by("step") is not None
        self._changes = 0
        self._count, self._first_step = 0, run.step
        self._recorded_shape: OfShape | None = None
        self._are_rewritten = True
        self.is_left = False
        """Whether the layers compute all further batches."""
        self.traces_updates = False
        """Whether the updates are traced with the gradients where possible, so that a trace saves more."""

    def of(self, batch: "Batch") -> OfShape:
        """Return what is known about the shape of a batch."""
        count = len(self._shapes)
        shape = self._shapes.of(batch)
        if len(self._shapes) > count:
            self._leave_if_none_is_traced()
        return shape

    def recorded(self) -> OfShape | None:
        """Return the shape whose batch has just been recorded, once."""
        shape, self._recorded_shape = self._recorded_shape, None
        return shape

    def __call__(self, batch: "Batch") -> "Tensor":
        """Compute the gradients of a batch, store them in `grad` and return the detached loss."""
        if self.is_left:
            self._report.by_layers += 1
            return self._by_layers(batch)
        self._count += 1
        is_as_recorded = self._count <= worth.WARM_UP or self.is_as_recorded()
        shape = self.of(batch)
        shape.count += 1
        if shape.step is not None and shape.updates is None and shape.gradients.is_passed and is_as_recorded:
            return self._traced(shape, shape.step, batch)
        self._report.by_layers += 1
        if shape.is_left or shape.updates is not None or not is_as_recorded:
            return self._by_layers(batch)
        if shape.step is not None:
            return self._checked(shape, shape.step, batch)
        # The first steps of a training take longer, and the optimizer creates its states.
        if shape.count > worth.WARM_UP or self._watched is not None:
            if self._is_worthwhile(shape):
                return self._recorded(shape, batch)
            return self._by_layers(batch)
        return shape.gradients.measured(lambda: self._by_layers(batch))

    @property
    def has_traces(self) -> bool:
        """Whether a step has been recorded since layers have last changed."""
        return self._watched is not None

    def is_as_recorded(self) -> bool:
        """Whether what the traces depend on is unchanged; if layers have changed, all traces are forgotten."""
        present = settings_of(self._run)
        if present is None or self.is_left:
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
        what = self._watched.change() or "the objective or of settings of torch"
        self._report.add_reason(f"a change of {what} required a new trace")
        self.forget()
        self.is_left = self._changes >= MOST_CHANGES
        return not self.is_left

    def forget(self) -> None:
        """Forget all traces, since something that they depend on has changed."""
        self._watched = None
        for key, shape in self._shapes.items():
            self._shapes[key] = OfShape(shape.count, is_left=key is None)
            self._shapes[key].gradients.by_layers = shape.gradients.by_layers

    def is_recorded_plainly(self, step: TracedStep, reason: str) -> bool:
        """Record all traces anew without faster operations, if that of a step has some, since a reason forbids it."""
        if not step.saved or not self._are_rewritten:
            return False
        self._are_rewritten = False
        self._report.add_reason(f"faster operations are not used: {reason}")
        self.forget()
        return True

    def results(self, loss: "Tensor") -> Results:
        """Return what is compared of the latest step, whose loss this is."""
        return results_of_step(loss, self._run.objective.terms(self._criterion), self._optimizer)

    def keep_terms(self, terms: list[Term]) -> None:
        """Keep the terms of a step that was made with its update."""
        if terms:
            self._run.objective.keep_terms(self._criterion, terms)

    def traced_updates(self) -> TracedUpdates | None:
        """Return the trace of the updates of any shape; `None` if there is none."""
        return next((shape.updates for shape in self._shapes.values() if shape.updates is not None), None)

    def forget_updates(self) -> None:
        """Forget the traces of updates, so that those of gradients are used alone."""
        for shape in self._shapes.values():
            shape.updates = None

    def leave(self, shape: OfShape | None, reason: str) -> None:
        """Let the layers compute all further batches of a shape, if there is one."""
        if shape is not None:
            shape.is_left, shape.step, shape.updates = True, None, None
        self._report.add_reason(reason)
        self._leave_if_none_is_traced()

    def _leave_if_none_is_traced(self) -> None:
        """Do not look at further batches if those of all shapes so far are left to the layers."""
        self.is_left = self.is_left or all(shape.is_left for shape in self._shapes.values())

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
        self.leave(shape, reason)
        return loss

    def _is_worthwhile(self, shape: OfShape) -> bool:
        if worth.is_mostly_computation(self._seconds()):
            self.leave(shape, worth.TOO_SLOW)
        elif self._earns_its_cost(shape.count / self._steps):
            return True
        elif self._run.last_step is None:  # It may become longer.
            self._report.add_reason(worth.TOO_SHORT)
        else:
            self.leave(shape, worth.TOO_SHORT)
            # Batches of other shapes would not earn it either.
            self.is_left = self.is_left or not self._earns_its_cost(self._count / self._steps)
        return False

    def _seconds(self) -> float:
        return min(shape.gradients.by_layers for shape in self._shapes.values())

    @property
    def _steps(self) -> int:
        """The number of steps with the present one."""
        return self._run.step - self._first_step + 1

    def _earns_its_cost(self, share: float, step: TracedStep | None = None) -> bool:
        return worth.earns_its_cost(
            self._run,
            self._seconds(),
            share,
            with_updates=self.traces_updates,
            is_first=self._watched is None and self._is_first_training,
            operations=None if step is None else len(step.graph.calls),
            saved=None if step is None else step.saved,
        )

    def _recorded(self, shape: OfShape, batch: "Batch") -> "Tensor":
        """Compute a batch by the layers, and record it. The step is made as if nothing were recorded."""
        parameters = parameters_of(self._optimizer)
        try:
            refuse_gradients(parameters)
            watched = self._watched or Watched(self._modules, self._optimizer, self._run.objective)
            recording = RecordedStep(watched, parameters, batch)
        except Untraceable as error:
            self.leave(shape, str(error))
            return self._by_layers(batch)
        loss: Tensor | None = None
        with suppress(Exception):  # The layers raise it again, unless only the recording fails.
            loss = recording.record(lambda: self._by_layers(batch))
        reason = "the operations cannot be recorded" if loss is None else recording.reason_to_repeat()
        if loss is None or reason is not None:
            recording.undo()
            self.leave(shape, str(reason))
            return self._by_layers(batch)
        try:
            terms = self._run.objective.terms(self._criterion)
            step = recording.traced(terms, runners.best, is_rewritten=self._are_rewritten)
        except Exception as error:  # noqa: BLE001 - The layers have made the step.
            self.leave(shape, reason_of(error))
            return loss
        if self._run.last_step is not None and not self._earns_its_cost(shape.count / self._steps, step):
            self.leave(shape, worth.TOO_LITTLE)
            return loss
        shape.step, self._recorded_shape = step, shape
        self._run.kept[KEPT] = watched
        self._watched, self._settings = watched, settings_of(self._run)
        return loss

    def _checked(self, shape: OfShape, step: TracedStep, batch: "Batch") -> "Tensor":
        """Compute a batch both ways from the same state; the result of the layers counts."""
        assert self._watched is not None
        objective, criterion = self._run.objective, self._criterion
        loss, reason = shape.gradients.both_ways(
            lambda: step.gradients(batch, objective, criterion),
            lambda: self._by_layers(batch),
            [*self._watched.tensors, *tensors_of(batch)],
            self.results,
            self.results,
        )
        if reason is not None and (shape.gradients.has_same_bits or not self.is_recorded_plainly(step, reason)):
            self.leave(shape, reason)
        return loss
