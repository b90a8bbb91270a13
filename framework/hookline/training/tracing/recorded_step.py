"""Record a step while the layers compute it, and make its trace."""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from hookline.spec.objective.objective import Term
from hookline.training.tracing.comparison import Results
from hookline.training.tracing.graphs.graph import Runner, Untraceable
from hookline.training.tracing.graphs.recording import Recorded, with_recording
from hookline.training.tracing.side_effects import SideEffects
from hookline.training.tracing.snapshot import Snapshot
from hookline.training.tracing.traced_step import TracedStep, tensors_of, traced_step
from hookline.training.tracing.watched import Watched
from hookline.training.tracing.watching.reads import noting_reads

if TYPE_CHECKING:
    from torch import Tensor, nn, optim

    from hookline.data.batches import Batch


LARGEST = 256 * 2**20
"""The largest size in bytes of the parameters and buffers, which are copied to compare the first steps."""


class RecordedStep:
    """A step that is recorded while the layers compute it."""

    def __init__(self, watched: Watched, parameters: "Sequence[nn.Parameter]", batch: "Batch"):
        """Copy the state before the step.

        Args:
            watched: the attributes of the layers.
            parameters: the parameters of the optimizer.
            batch: the batch of the step.

        Raises:
            Untraceable: If the gradients of a parameter add up over the steps, or if there are too many parameters.

        """
        of_optimizer = {id(parameter) for parameter in parameters}
        if any(tensor.requires_grad and id(tensor) not in of_optimizer for tensor in watched.tensors):
            raise Untraceable("the optimizer does not have all parameters")
        if sum(tensor.nbytes for tensor in watched.tensors) > LARGEST:
            raise Untraceable("the parameters are so large that they are not copied")
        self._watched, self._parameters, self._batch = watched, parameters, batch
        self._before = Snapshot([*watched.tensors, *tensors_of(batch)])
        self._effects = SideEffects(watched, "a step")
        self._operations: list[Recorded] = []
        self._reads: list[str] = []
        self._loss: Any = None

    def record(self, gradients: "Callable[[], Tensor]") -> "Tensor":
        """Compute the gradients, and record the operations."""
        with noting_reads() as self._reads:
            self._loss, self._operations = with_recording(gradients)
        return self._loss

    def undo(self) -> None:
        """Restore the state before the step."""
        self._before.restore()

    def reason_to_repeat(self) -> str | None:
        """Say why the layers must compute the step again; `None` if its bits are right, or if it cannot be undone."""
        return self._effects.reason_to_repeat(self._operations)

    def traced(self, terms: Sequence[Term], runner: Runner, *, is_rewritten: bool) -> TracedStep:
        """Return the trace.

        Args:
            terms: the terms of `[losses]` after the step.
            runner: makes the program of a graph.
            is_rewritten: whether to replace slow operations.

        Raises:
            Untraceable: If the operations cannot be repeated without the layers.

        """
        if not self._operations:
            raise Untraceable("the results of all operations are too large to be kept")
        self._effects.refuse()
        if self._reads:
            raise Untraceable(f"`{self._reads[0]}` looks at the values of a tensor")
        return traced_step(
            self._operations,
            self._batch,
            self._loss,
            terms,
            self._parameters,
            self._watched.tensors,
            runner,
            is_rewritten=is_rewritten,
        )


def refuse_gradients(parameters: "Sequence[nn.Parameter]") -> None:
    """Refuse gradients of the step before that cannot be traced, at less cost than that of recording another step.

    Raises:
        Untraceable: If one is sparse.

    """
    if any(parameter.grad is not None and parameter.grad.is_sparse for parameter in parameters):
        raise Untraceable("the gradient of a parameter is sparse")


def results_of_step(loss: "Tensor", terms: Sequence[Term], optimizer: "optim.Optimizer") -> Results:
    """Return what is compared of a step: its loss, the tensors in the terms of `[losses]`, and the gradients."""
    import torch

    parts = [part for term in terms for part in term if isinstance(part, torch.Tensor)]
    return {"the loss": [loss, *parts], "a gradient": [one.grad for one in parameters_of(optimizer)]}


def parameters_of(optimizer: "optim.Optimizer") -> "list[nn.Parameter]":
    """The parameters of an optimizer, in the order of its groups."""
    groups: list[dict[str, Any]] = optimizer.param_groups
    return list(chain.from_iterable(group["params"] for group in groups))
