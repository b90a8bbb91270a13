"""Several steps in one call, with their updates, where nothing happens between them."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from hookline.data.batches import TensorBatches
from hookline.plugins.stages import Run
from hookline.training.tracing import worth
from hookline.training.tracing.graphs import runners
from hookline.training.tracing.graphs.graph import Program, Untraceable
from hookline.training.tracing.graphs.recording import Recorded, with_recording
from hookline.training.tracing.recorded_step import parameters_of
from hookline.training.tracing.shapes import shape_of
from hookline.training.tracing.snapshot import Snapshot, difference
from hookline.training.tracing.traced_gradients import TracedGradients
from hookline.training.tracing.traced_step import tensors_of
from hookline.training.tracing.unwritten import count_of_written, unwritten
from hookline.training.tracing.update import OfTrace, UpdateState, whole_step

if TYPE_CHECKING:
    from torch import Tensor, optim

    from hookline.data.batches import Batch, Batches

    Step = Callable[..., bool]

CHECKS = 3
"""The number of steps of each trace that are made both ways before several are made at once."""

LONGEST = 0.05
"""The longest time in seconds without a look at signals and other requests to stop."""

MOST = 512
"""The largest number of steps in one call."""

LARGEST = 16 * 2**20
"""The largest size in bytes of the batches of one call."""


def steps_at_once(
    run: Run, batches: "Batches", gradients: Any, optimizer: "optim.Optimizer", *, is_undisturbed: bool
) -> "StepsAtOnce | None":
    """Return what makes several steps in one call; `None` if something may happen between any two.

    Args:
        run: the run.
        batches: the training split.
        gradients: what `gradients_of` returned.
        optimizer: the optimizer.
        is_undisturbed: whether the loop itself does nothing between two steps.

    """
    if not isinstance(gradients, TracedGradients) or not is_undisturbed or run.objective.names:
        return None
    # Other batches may depend on the steps before them, so they must not be requested earlier.
    if type(batches) is not TensorBatches or run.stages.seen_by("step") is not None:
        return None
    return StepsAtOnce(run, gradients, optimizer)


class StepsAtOnce:
    """Makes several steps in one call, once their gradients are traced.

    The update is recorded while a step is made. The next steps are made both ways from the same state and compared, as
    the gradients are before.
    """

    def __init__(self, run: Run, gradients: TracedGradients, optimizer: "optim.Optimizer"):
        """Begin without a trace of the update."""
        self._run, self._gradients, self._optimizer = run, gradients, optimizer
        self._traces: dict[int, OfTrace] = {}
        self._state: UpdateState | None = None
        self._is_left = False
        self._trace: OfTrace | None = None
        """The trace of the group that was yielded last."""

    def groups(self, batches: "Iterator[Batch]") -> "Iterator[list[Batch]]":
        """Yield the batches in groups: those of a group can be made at once."""
        batch = next(batches, None)
        while batch is not None:
            group, shape, most = [batch], None, self._most(batch)
            batch = None
            while len(group) < most:
                batch = next(batches, None)
                shape = shape_of(group[0]) if shape is None else shape
                if batch is None or shape_of(batch) != shape:
                    break
                group.append(batch)
                batch = None
            yield group
            batch = next(batches, None) if batch is None else batch

    def _most(self, batch: "Batch") -> int:
        """The number of steps to make at once, of which the batch is the first."""
        trace = self._trace = self._trace_of(batch)
        if trace is None or trace.program is None or trace.checks < CHECKS:
            return 1
        size = sum(tensor.nbytes for tensor in tensors_of(batch))
        return int(max(1, min(MOST, LARGEST / max(1, size), LONGEST / trace.seconds)))

    def _trace_of(self, batch: "Batch") -> OfTrace | None:
        """The trace of the steps of batches like this one; `None` if they are made one by one."""
        if self._is_left:
            return None
        step = self._gradients.traced_step(batch)
        if step is None:
            return None
        if self._state is not None and not self._state.is_unchanged():
            self._traces.clear()
            self._state = None
        trace = self._traces.get(id(step))
        if trace is None or trace.step is not step:
            trace = self._traces[id(step)] = OfTrace(step)
        return None if trace.is_left else trace

    def made(self, batch: "Batch", one: "Callable[[Step], None]", step: "Step") -> None:
        """Make the only step of a group, and approach its trace: record its update, or make it both ways.

        Args:
            batch: the batch.
            one: makes the step, with the stage `step` that it is given.
            step: the stage `step`.

        """
        trace = self._trace
        if trace is None or (trace.program is not None and trace.checks >= CHECKS):
            one(step)
        elif trace.program is None:
            self._recorded(trace, batch, one, step)
        else:
            self._checked(trace, trace.program, batch, one, step)

    def _recorded(self, trace: OfTrace, batch: "Batch", one: "Callable[[Step], None]", step: "Step") -> None:
        if trace.count < worth.WARM_UP:
            trace.count += 1
            started = time.thread_time()
            one(step)
            trace.single_seconds = min(trace.single_seconds, time.thread_time() - started)
            return
        if not worth.earns_its_cost(self._run, trace.single_seconds, self._gradients.share_of(batch)):
            trace.is_left = True
            one(step)
            return
        operations: list[Recorded] = []

        def recorded(**values: Any) -> bool:
            answer, recorded_operations = with_recording(lambda: step(**values))
            operations.extend(recorded_operations)
            return bool(answer)

        state = UpdateState(self._optimizer)
        one(recorded)
        if not state.is_unchanged():  # Its first step creates the states.
            return
        try:
            trace.whole = whole_step(trace.step, operations, self._optimizer, state)
            trace.program = runners.best_of_several(trace.whole)
            self._state = state
        except Untraceable as error:
            self._is_left = True
            self._run.traced_steps.add_reason(f"updates are made one by one: {error}")

    def _checked(
        self, trace: OfTrace, program: Program, batch: "Batch", one: "Callable[[Step], None]", step: "Step"
    ) -> None:
        """Make a step both ways from the same state; the result of the usual way counts."""
        import torch

        assert self._state is not None
        assert trace.whole is not None
        before = Snapshot(
            [*trace.step.fixed, *parameters_of(self._optimizer), *self._state.tensors, *tensors_of(batch)]
        )

        def results(loss: "Tensor") -> dict[str, Any]:
            return {
                "the loss": [loss],
                "a gradient": [parameter.grad for parameter in trace.step.with_gradient],
                "a parameter, a buffer or a state": [tensor.detach().clone() for tensor in before.tensors],
                "the random numbers": [torch.get_rng_state()],
            }

        gradients = [parameter.grad for parameter in trace.step.with_gradient]
        started = time.thread_time()
        try:
            losses = self._run_program(trace, program, [batch])
            trace.seconds = max(1e-6, time.thread_time() - started)
            traced = results(losses[0])
        except Exception as error:  # noqa: BLE001 - The step is made in the usual way.
            traced = {}
            self._leave(trace, f"they failed: {error}")
        before.restore()
        for parameter, gradient in zip(trace.step.with_gradient, gradients, strict=True):
            parameter.grad = gradient
        one(step)
        loss = self._run.loss
        if trace.is_left or loss is None:
            return
        if different := difference(results(loss), traced):
            self._leave(trace, f"they have other bits of {different}")
        trace.checks += 1

    def _leave(self, trace: OfTrace, reason: str) -> None:
        trace.is_left = True
        self._run.traced_steps.add_reason(f"updates are made one by one: {reason}")

    def losses(self, group: "Sequence[Batch]") -> "tuple[Tensor, BaseException | None]":
        """Make the steps of a group, and return their losses, and the error that ended it after fewer of them."""
        trace = self._trace
        assert trace is not None
        assert trace.program is not None
        error = None
        started = time.perf_counter()
        try:
            losses = self._run_program(trace, trace.program, group)
        except Exception as raised:  # noqa: BLE001 - The caller raises it.
            losses, error = self._losses, raised
            losses = losses[: count_of_written(losses)]
        trace.seconds = max(1e-6, (time.perf_counter() - started) / len(group))
        self._run.traced_steps.traced += len(losses)
        return losses, error

    def _run_program(self, trace: OfTrace, program: Program, group: "Sequence[Batch]") -> "Tensor":
        """Make steps, store the gradients of the last one, and return the losses."""
        assert trace.whole is not None
        assert self._state is not None
        whole = trace.whole
        self._losses = losses = unwritten(len(group), self._run.dtype)
        tensors = [tensors_of(batch) for batch in group]
        columns = [[one[index] for one in tensors] for index in whole.of_batch]
        empty: list[Tensor] = []
        last = program(*whole.fixed, *columns, *whole.lists, self._state.rates(), list(losses.unbind()), empty)
        for parameter in trace.step.without_gradient:
            parameter.grad = None
        for parameter, gradient in zip(trace.step.with_gradient, last, strict=True):
            parameter.grad = gradient
        return losses
