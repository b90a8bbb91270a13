"""The stages that are called for every batch. Add nothing that a careful hand-written loop would not have.

Each function takes all arguments of its stage, so that it can be called directly.
"""

from __future__ import annotations

from functools import cache
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any

from hookline import hookimpl
from hookline.errors import MismatchError
from hookline.training import applied

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn, optim

    from hookline import Run
    from hookline.data import Batch, Outputs


@hookimpl(trylast=True)
def forward(run: Run, model: nn.Module, batch: Batch) -> Outputs:
    """Apply the model to the inputs of the batch."""
    if len(batch.inputs) == 1 and not batch.lengths:
        return model(*batch.inputs.values())
    return applied(model, batch, run.objective.inputs)


@hookimpl(trylast=True)
def loss(run: Run, criterion: nn.Module, outputs: Outputs, batch: Batch) -> Tensor:
    """Compare the outputs with the targets of the batch, with the objective of the spec."""
    return run.objective.compute(criterion, outputs, batch)


@hookimpl(trylast=True)
def backward(run: Run, loss: Tensor) -> Tensor:
    """Compute the gradients, and release the graph."""
    try:
        loss.backward()
    except RuntimeError as error:
        if "inplace operation" not in str(error):
            raise
        message = "A layer with `inplace` overwrites what the previous layer needs for its gradient: remove `inplace`."
        raise MismatchError(message, ("model",)) from error
    return loss.detach()


@hookimpl(trylast=True)
def step(run: Run, optimizer: optim.Optimizer, closure: Callable[[], Tensor]) -> bool:
    """Update the parameters once, unless a wrapper has removed their gradients."""
    kind: Any = type(optimizer)
    takes, requires = _of_closure(kind)
    if requires or (takes and run.spec.optimizer.needs_closure):
        if (watch := getattr(closure, "watch", None)) is not None:  # A wrapper may have replaced it.
            watch()
        optimizer.step(closure)  # type: ignore[arg-type]  # torch declares a float, but expects a tensor.
        return True
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            if parameter.grad is not None:  # Usually the first one has a gradient.
                optimizer.step()
                return True
    return False


@cache
def _of_closure(optimizer: Any) -> tuple[bool, bool]:
    """Return whether `step` of an optimizer class takes a closure, and whether it requires one; once per class."""
    closure = signature(optimizer.step).parameters.get("closure")
    return closure is not None, closure is not None and closure.default is Parameter.empty
