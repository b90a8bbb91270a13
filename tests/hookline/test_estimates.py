import pytest
import torch
from torch import nn

import hookline_optimizers
from hookline import OptimizerSpec
from hookline.estimates import state_per_parameter

OPTIMIZERS = {name: kind for name, kind in hookline_optimizers.register_specs().items() if name != "Partition"}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_estimate_is_what_the_optimizer_remembers_after_a_step(name):
    kind = OPTIMIZERS[name]
    assert issubclass(kind, OptimizerSpec)
    parameter = nn.Parameter(torch.ones(16, 16))
    optimizer = kind().build([parameter])
    estimate = state_per_parameter(optimizer)
    parameter.grad = torch.ones(16, 16)
    if name == "SparseAdam":
        parameter.grad = parameter.grad.to_sparse()
    optimizer.step(lambda: torch.ones(()))
    remembered = [value for value in optimizer.state[parameter].values() if isinstance(value, torch.Tensor)]
    assert estimate == sum(value.numel() for value in remembered if value.dim()) / parameter.numel()
    assert (estimate > 0) == (name != "SGD")
