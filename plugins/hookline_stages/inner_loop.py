"""What is done for every batch. Nothing stands here that a careful person's own loop would not have.

Each takes all arguments of its stage, used or not, so that it can be called directly.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from hookline import Batch, Run, hookimpl

if TYPE_CHECKING:
    from torch import Tensor, nn, optim


@hookimpl(trylast=True)
def forward(run: Run, model: "nn.Module", batch: Batch) -> "Tensor":
    """Apply the model to the batch's one group of inputs."""
    [inputs] = batch.inputs.values()
    return model(inputs)


@hookimpl(trylast=True)
def loss(run: Run, criterion: "nn.Module", outputs: "Tensor", batch: Batch) -> "Tensor":
    """Compare the outputs with the batch's one target."""
    [targets] = batch.targets.values()
    return criterion(outputs, targets)


@hookimpl(trylast=True)
def backward(run: Run, loss: "Tensor") -> "Tensor":
    """Compute the gradients, and let go of the graph."""
    loss.backward()
    return loss.detach()


@hookimpl(trylast=True)
def step(run: Run, optimizer: "optim.Optimizer", closure: "Callable[[], Tensor]") -> bool:
    """Update the parameters once."""
    if run.spec.optimizer.needs_closure:
        optimizer.step(closure)  # type: ignore[arg-type]  # torch says float, and means what `backward` takes.
    else:
        optimizer.step()
    return True
