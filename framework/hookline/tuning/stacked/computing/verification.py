"""Compare the first gradients of a stack with those that some members compute alone."""

import operator
from typing import TYPE_CHECKING, Any

from attrs import frozen

from hookline.runs import devices
from hookline.training.checkpoints.generators import state_of_generators
from hookline.training.gradients import gradients_of
from hookline.tuning.stacked.computing.batches import Together
from hookline.tuning.stacked.computing.computation import Computation
from hookline.tuning.stacked.computing.criterion import Losses
from hookline.tuning.stacked.computing.trained import both_parts
from hookline.tuning.stacked.refusals import NotStackable

if TYPE_CHECKING:
    import torch
    from torch import Tensor

LARGEST_DIFFERENCE = 1e-4
"""The largest difference of a gradient, relative to the largest element of the gradients of the model."""


@frozen
class _Alone:
    """What a member computes alone."""

    loss: "Tensor"
    gradients: "Tensor"
    buffers: "dict[str, Tensor]"


def verified(computation: Computation, together: Together, count: int) -> Losses:
    """Compute the gradients for the first batch, and compare those of some members.

    Raises:
        NotStackable: If the losses, gradients or buffers differ by more than rounding, or cannot be computed.

    """
    import torch

    last = len(computation.members) - 1
    checked = sorted({0, last} if count > 1 else {0})
    with devices.forked_generators(computation.members[0].run.device):
        alone = {index: _alone(computation, index, together) for index in checked}
    device = computation.members[0].run.device
    before = _states(device)
    try:
        losses = computation.gradients(together)
    except (RuntimeError, ValueError, TypeError, NotImplementedError, AttributeError, KeyError) as error:
        loss = computation.criterion.objective.name_for(None)
        message = f"{loss} cannot be computed for several models at once: {' '.join(str(error).split())}"
        raise NotStackable(message) from error
    if any(map(operator.not_, map(torch.equal, before, _states(device)))):
        raise NotStackable("A layer or the loss draws random numbers, which would be the same for all trials.")
    for index, expected in alone.items():
        gradients = computation.rows.gradients(index)
        buffers = {name: computation.rows.tensors[name][index] for name in expected.buffers}
        pairs = [(losses.values[index].detach(), expected.loss), (gradients, expected.gradients)]
        pairs += [(buffers[name], expected.buffers[name]) for name in buffers]
        if not all(_are_close(*pair) for pair in pairs):
            raise NotStackable("The gradients differ from those of a model that is trained alone.")
    return losses


def _alone(computation: Computation, index: int, together: Together) -> _Alone:
    """What a member computes for its batch; its buffers are restored."""
    import torch

    member, rows = computation.members[index], computation.rows
    model, optimizer = member.parts.model, member.parts.optimizer
    module = both_parts(member.parts)
    buffers = [(name, buffer, buffer.clone()) for name, buffer in module.named_buffers()]
    torch.set_rng_state(computation.noise.states()[index])
    model.train()
    member.parts.criterion.train()
    batch = together.own[index].changed(lambda tensor: tensor.clone())
    loss = gradients_of(member.run, model, member.parts.criterion, optimizer)(batch)
    named = dict(module.named_parameters())
    parameters: list[Any] = [named[name] for name in rows.names]
    if any(one.grad is None for one in parameters):
        raise NotStackable("Some parameters have no gradient.")
    if any(one.grad.is_sparse for one in parameters):
        raise NotStackable("Some gradients are sparse.")
    gradients = torch.cat([one.grad.flatten() for one in parameters])
    after = {name: buffer.clone() for name, buffer, _ in buffers}
    with torch.no_grad():
        for _, buffer, value in buffers:
            buffer.copy_(value)
    rows.set_gradients(index)
    return _Alone(loss, gradients, after)


def _states(device: "torch.device") -> "list[Tensor]":
    """The states of torch's generators."""
    return [one for name, one in state_of_generators(device).items() if name in ("torch", "device")]


def _are_close(found: "Tensor", expected: "Tensor") -> bool:
    """Whether a tensor differs from another by rounding only. What is not finite need not be equal."""
    import torch

    if not expected.is_floating_point():
        return torch.equal(found, expected)
    largest = float(expected.abs().max()) if expected.numel() else 0.0
    difference = (found - expected).abs().nan_to_num(0.0, 0.0)
    return not difference.numel() or float(difference.max()) <= LARGEST_DIFFERENCE * max(largest, 1e-3)
