"""Gradient norms and clipping equal torch's functions bit for bit."""

import math

import pytest
import torch
from torch import nn

from hookline_callbacks.gradients.norms import are_finite, clip_norm, clip_value, gradients_of, total_norm

SINGLE, DOUBLE, HALF = torch.float32, torch.float64, torch.bfloat16
KINDS = {"alike": [SINGLE] * 5, "double": [DOUBLE] * 5, "half": [HALF] * 5, "mixed": [SINGLE, HALF, DOUBLE] * 2}


def parameters(kinds, scale=1.0):
    draw = torch.Generator().manual_seed(0)
    made = []
    for index, kind in enumerate(kinds):
        parameter = nn.Parameter(torch.zeros(3 + index, 7, dtype=kind))
        parameter.grad = (scale * torch.randn(3 + index, 7, generator=draw)).to(kind)
        made.append(parameter)
    return [*made, nn.Parameter(torch.zeros(2))]  # A parameter without a gradient.


def gradients(parameters):
    return gradients_of(torch.optim.SGD(parameters, lr=0.1))


@pytest.mark.parametrize("norm_type", [1.0, 2.0, 3.0, math.inf])
@pytest.mark.parametrize("kinds", KINDS)
def test_the_norm_equals_torchs(kinds, norm_type):
    made = gradients(parameters(KINDS[kinds]))
    assert len(made) == len(KINDS[kinds])
    assert torch.equal(total_norm(made, norm_type), nn.utils.get_total_norm(made, norm_type))


@pytest.mark.parametrize("scale", [1e-4, 0.01, 0.1, 1.0, 1e4, math.nan, math.inf])
@pytest.mark.parametrize("norm_type", [1.0, 2.0, math.inf])
@pytest.mark.parametrize("kinds", KINDS)
def test_gradients_are_clipped_by_norm_as_in_torch(kinds, norm_type, scale):
    ours, theirs = (parameters(KINDS[kinds], scale) for _ in range(2))
    clip_norm(gradients(ours), 0.7, norm_type)
    nn.utils.clip_grad_norm_(theirs, 0.7, norm_type)
    assert all(map(torch.equal, *([one.grad.nan_to_num(nan=0.5) for one in made[:-1]] for made in (ours, theirs))))


@pytest.mark.parametrize("share", [1 - 1e-3, 1 - 1e-6, 1.0, 1 + 1e-6])
def test_norms_just_below_the_limit_are_clipped_as_in_torch(share):
    ours, theirs = (parameters([SINGLE] * 5) for _ in range(2))
    greatest = share * nn.utils.get_total_norm(gradients(ours)).item()
    clip_norm(gradients(ours), greatest, 2.0)
    nn.utils.clip_grad_norm_(theirs, greatest, 2.0)
    assert all(map(torch.equal, gradients(ours), gradients(theirs)))


@pytest.mark.parametrize("kinds", KINDS)
def test_gradients_are_clipped_by_value_as_in_torch(kinds):
    ours, theirs = (parameters(KINDS[kinds]) for _ in range(2))
    clip_value(gradients(ours), 0.25)
    nn.utils.clip_grad_value_(theirs, 0.25)
    assert all(map(torch.equal, gradients(ours), gradients(theirs)))


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("kinds", KINDS)
def test_a_non_finite_number_is_found_in_the_loss_and_in_every_gradient(kinds, number):
    made = gradients(parameters(KINDS[kinds]))
    loss = torch.tensor(-2.0)
    assert are_finite(loss, made)
    assert are_finite(loss, [])
    assert not are_finite(torch.tensor(number), made)
    assert not are_finite(torch.tensor(number), [])
    for gradient in made:
        before = gradient[1, 2].item()
        gradient[1, 2] = number
        assert not are_finite(loss, made)
        gradient[1, 2] = before


def test_the_largest_representable_numbers_are_finite():
    made = gradients(parameters([SINGLE] * 5))
    for gradient in made:
        gradient.fill_(torch.finfo(SINGLE).max)
    assert are_finite(torch.tensor(1.0), made)
