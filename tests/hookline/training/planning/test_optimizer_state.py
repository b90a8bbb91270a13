import math

import pytest
import torch
from torch import nn

import hookline_optimizers
from hookline.spec import OptimizerSpec
from hookline.training.planning.optimizer_state import optimizer_state

OPTIMIZERS = {name: kind for name, kind in hookline_optimizers.register_specs().items() if name != "Partition"}


def remembered(state):
    """The bytes of the tensors in a state, without scalars."""
    if isinstance(state, torch.Tensor):
        return state.nbytes if state.dim() else 0
    parts = state.values() if isinstance(state, dict) else state if isinstance(state, list) else ()
    return sum(map(remembered, parts))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_estimate_equals_the_state_after_a_step(name):
    kind = OPTIMIZERS[name]
    assert issubclass(kind, OptimizerSpec)
    parameter = nn.Parameter(torch.ones(16, 16))
    optimizer = kind().build([parameter])
    # LBFGS extends its history in further iterations of a step, which this gradient does not cause.
    estimate = optimizer_state(optimizer, steps=0)
    assert not any(value.any() for value in optimizer.state[parameter].values() if isinstance(value, torch.Tensor))
    assert parameter.grad is None
    assert torch.equal(parameter, torch.ones(16, 16))
    parameter.grad = torch.ones(16, 16)
    if name == "SparseAdam":
        parameter.grad = parameter.grad.to_sparse()
    optimizer.step(lambda: torch.ones(()))
    assert estimate == remembered(dict(optimizer.state))
    assert (estimate > 0) == (name != "SGD")


def test_the_state_of_lbfgs_grows_to_its_history_size():
    parameter = nn.Parameter(torch.linspace(1, 2, 64))
    optimizer = torch.optim.LBFGS([parameter], lr=0.1, history_size=3)
    estimate = optimizer_state(optimizer, steps=4)

    def closure():
        optimizer.zero_grad()
        loss = (torch.linspace(1, 9, 64) * parameter**2).sum()
        loss.backward()
        return loss.detach()

    for _ in range(4):
        optimizer.step(closure)
    assert estimate == remembered(dict(optimizer.state))


class Wrapping(torch.optim.Optimizer):
    """Like optimizers of many plugins: it has no defaults, contains another optimizer, and has its own list."""

    def __init__(self, base, *, rho):
        self.base, self.rho = base, rho
        super().__init__(base.param_groups, {})
        self.old = []

    def step(self, closure=None):
        self.old = [parameter.detach().clone() for group in self.param_groups for parameter in group["params"]]
        return self.base.step(closure)


def test_the_state_of_a_nested_optimizer_is_included():
    model = nn.Sequential(nn.Linear(100, 7), nn.Linear(7, 3, dtype=torch.float64))
    optimizer = Wrapping(torch.optim.Adam(model.parameters()), rho=0.05)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer.base, 0.5)
    before = [parameter.clone() for parameter in model.parameters()]
    size = sum(parameter.nbytes for parameter in model.parameters())
    assert math.isclose(optimizer_state(optimizer), 3 * size, rel_tol=0.05)  # The third list is scaled by the mean.
    assert not optimizer.base.state
    assert optimizer.old == []
    assert scheduler.last_epoch == 0
    assert all(torch.equal(now, then) for now, then in zip(model.parameters(), before, strict=True))


def test_the_state_of_an_optimizer_that_fails_is_unknown():
    class Failing(torch.optim.SGD):
        def step(self, closure=None):
            raise ZeroDivisionError

    assert optimizer_state(Failing([nn.Parameter(torch.zeros(3))])) is None
