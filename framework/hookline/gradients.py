"""The gradients of a batch, whole or in parts: what the loop computes before each step."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hookline.accumulation import shares
from hookline.run import Run

if TYPE_CHECKING:
    from torch import Tensor, nn, optim

    from hookline.data import Batch


def gradients_of(
    run: Run,
    model: "nn.Module",
    criterion: "nn.Module",
    optimizer: "optim.Optimizer",
    loss: "Callable[..., Tensor] | None" = None,
) -> "Callable[[Batch], Tensor]":
    """A function that puts the gradients of a batch on the parameters, and gives its loss, detached.

    It asks the stages `forward`, `loss` and `backward`, once or for each of the parts that `run.accumulate` says. Asked
    instead of the stage `loss` is that which is given, if one is.
    """
    stages = run.stages
    forward, compared, backward = stages.forward, loss or stages.loss, stages.backward

    def clear_gradients() -> None:
        # What `zero_grad` does, without what torch does around it. Groups may come during training.
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                parameter.grad = None

    def gradients(batch: "Batch") -> "Tensor":
        clear_gradients()
        run.is_stepping = True
        try:
            outputs = forward(run=run, model=model, batch=batch)
            return backward(run=run, loss=compared(run=run, criterion=criterion, outputs=outputs, batch=batch))
        finally:
            run.is_stepping = False

    def accumulated_gradients(batch: "Batch") -> "Tensor":
        clear_gradients()
        total: Any = 0.0
        run.is_stepping = True
        try:
            for part, share in shares(run.spec.loss, criterion, batch, run.spec.run.accumulate):
                outputs = forward(run=run, model=model, batch=part)
                value = share * compared(run=run, criterion=criterion, outputs=outputs, batch=part)
                total += backward(run=run, loss=value)
        finally:
            run.is_stepping = False
        return total

    return accumulated_gradients if run.spec.run.accumulate > 1 else gradients
