"""What is made before training: data, model, criterion and optimizer, each by its component in the spec."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hookline import Data, ModelError, Run, build_and_apply, hookimpl

if TYPE_CHECKING:
    from torch import nn, optim


@hookimpl(trylast=True)
def prepare_data(run: Run) -> Data:
    """Have the data source of the spec read and split its data."""
    return run.spec.data.prepare(run)


@hookimpl(trylast=True)
def build_model(run: Run, data: Data) -> "nn.Module":
    """Build the model of the spec for one row of the data.

    It is built on the CPU and then moved, so that a seed gives the same parameters on every device.
    """
    try:
        model, _ = build_and_apply(run.spec.model, data.example.input[:1].cpu())
    except ModelError as error:
        raise error.within("model") from error.__cause__
    return model.to(run.device)


@hookimpl(trylast=True)
def select_loss(run: Run, data: Data) -> "nn.Module":
    """Build the criterion of the spec."""
    return run.spec.loss.build(data).to(run.device)


@hookimpl(trylast=True)
def select_optimizer(run: Run, model: "nn.Module", criterion: "nn.Module") -> "optim.Optimizer":
    """Build the optimizer of the spec over all parameters of model and criterion."""
    parameters = [*model.parameters(), *criterion.parameters()]
    if not parameters:
        raise ModelError("There is nothing to train: neither the model nor the loss has parameters.", ("model",))
    with _without_compiler():
        return run.spec.optimizer.build(parameters)


@contextmanager
def _without_compiler() -> Iterator[None]:
    """Make an optimizer without importing torch's compiler, which takes about as long as the import of torch.

    `Optimizer.add_param_group` is marked as not to be compiled, and the first call of a function that is so marked
    imports the compiler to have it step aside. torch keeps the function it then calls in an attribute of the marked
    one; here that is the function itself, for as long as the compiler is not there.
    """
    from torch.optim import Optimizer

    marked = getattr(Optimizer.add_param_group, "__wrapped__", None)
    attribute = "__dynamo_disable"
    if marked is None or hasattr(marked, attribute) or "torch._dynamo" in sys.modules:
        yield
        return
    setattr(marked, attribute, marked)
    try:
        yield
    finally:
        delattr(marked, attribute)
