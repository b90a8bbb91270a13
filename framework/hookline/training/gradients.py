"""The gradients of a batch, whole or in parts: computed before each step, and again if a closure needs it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hookline.plugins.dispatch.answers import refuse_wrong_loss
from hookline.plugins.stages import Run
from hookline.training.accumulation import parts
from hookline.training.tracing.beginning import traced_gradients

if TYPE_CHECKING:
    from torch import Tensor, nn, optim

    from hookline.data.batches import Batch


def gradients_of(
    run: Run, model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
) -> "Callable[[Batch], Tensor]":
    """Return a function that computes the gradients of a batch, stores them in `grad` and returns the detached loss.

    The function calls the stages `forward`, `loss` and `backward` once, or for each of `run.accumulate` parts. If only
    the built-in answers implement them, it may compute the same without calling them: see `tracing`.
    """
    by_layers = gradients_by_layers(run, model, criterion, optimizer)
    return traced_gradients(run, model, criterion, optimizer, by_layers)


def gradients_by_layers(
    run: Run, model: "nn.Module", criterion: "nn.Module", optimizer: "optim.Optimizer"
) -> "Callable[[Batch], Tensor]":
    """The same, always by calling the stages."""
    stages = run.stages
    forward, loss, backward = stages.forward, stages.loss, stages.backward

    def clear_gradients() -> None:
        # Like `zero_grad`, without its profiler hooks. Groups may be added during training.
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    def gradients(batch: "Batch") -> "Tensor":
        clear_gradients()
        run.is_stepping = True
        try:
            outputs = forward(run=run, model=model, batch=batch)
            value = loss(run=run, criterion=criterion, outputs=outputs, batch=batch)
            try:
                return backward(run=run, loss=value)
            except Exception:
                refuse_wrong_loss(run, value, criterion=criterion, outputs=outputs, batch=batch)
                raise
        finally:
            run.is_stepping = False

    def accumulated_gradients(batch: "Batch") -> "Tensor":
        clear_gradients()
        total: Any = 0.0
        run.is_stepping = True
        try:
            for part, share in parts(run.objective, criterion, batch, run.spec.run.accumulate):
                outputs = forward(run=run, model=model, batch=part)
                value = loss(run=run, criterion=criterion, outputs=outputs, batch=part)
                try:
                    total += backward(run=run, loss=share * value)
                except Exception:
                    refuse_wrong_loss(run, value, criterion=criterion, outputs=outputs, batch=part)
                    raise
        finally:
            run.is_stepping = False
        return total

    return accumulated_gradients if run.spec.run.accumulate > 1 else gradients


class Closure:
    """Evaluates the loss of a batch and its gradients, for optimizers that call it.

    The loop computes gradients before the stage `step`. The first call returns that loss without recomputing it, so an
    optimizer that calls its closure first, such as LBFGS, evaluates the loss as often as in plain PyTorch. If the
    optimizer has cleared the gradients or changed the parameters before the call, as SAM does, that loss is out of date
    and is recomputed with its gradients.
    """

    __slots__ = ("batch", "computed", "gradients", "optimizer", "versions")

    def __init__(
        self, gradients: "Callable[[Batch], Tensor]", batch: "Batch", computed: "Tensor", optimizer: "optim.Optimizer"
    ):
        """Keep the loss that belongs to the current gradients.

        Args:
            gradients: computes the gradients of a batch and returns its detached loss.
            batch: the batch of this step.
            computed: the loss that belongs to the current gradients.
            optimizer: the optimizer of those parameters.

        """
        self.gradients = gradients
        self.batch = batch
        self.computed: Tensor | None = computed
        self.optimizer = optimizer
        self.versions: int | None = None

    def watch(self) -> None:
        """Start to detect in-place changes of parameters and gradients, which make the computed loss out of date.

        The stage `step` calls this when it passes the closure to an optimizer: by then, wrappers have clipped or scaled
        the gradients. Optimizers that take no closure have no cost.
        """
        self.versions = _versions(self.optimizer)

    def __call__(self) -> "Tensor":
        """Return the detached loss; its gradients are stored in `grad`."""
        loss, self.computed = self.computed, None
        if loss is None or not self._is_up_to_date():
            return self.gradients(self.batch)
        return loss

    def _is_up_to_date(self) -> bool:
        """Whether parameters and gradients are unchanged since the loss was computed."""
        if self.versions is not None and self.versions != _versions(self.optimizer):
            return False
        return any(parameter.grad is not None for group in self.optimizer.param_groups for parameter in group["params"])


def _versions(optimizer: "optim.Optimizer") -> int:
    """A number that changes if a parameter or gradient is modified in place or cleared, without synchronization.

    It adds up autograd's counts of in-place changes.
    """
    return sum(
        parameter._version + (0 if parameter.grad is None else 1 + parameter.grad._version)
        for group in optimizer.param_groups
        for parameter in group["params"]
    )
